# SPDX-License-Identifier: Apache-2.0
"""Counts outgoing HTTP calls: those of the standard library, which urllib, urllib3, requests and boto3 sit on, and httpx."""
from __future__ import annotations

import functools
import http.client
import threading

from .measure import current

# Where a call waits for the other side: sending the head (which connects), sending the body, the answer's head, its body.
_CONNECTION_STEPS = ("connect", "endheaders", "send", "getresponse")
_RESPONSE_STEPS = ("read", "read1", "readinto", "readline")
_MARK = "_skywatch_profiler_timed"
_install = threading.Lock()


def _timed(original):
    @functools.wraps(original)
    def step(*args, **kwargs):
        measured = current()
        if measured is None:
            return original(*args, **kwargs)
        measured.call_starts()
        try:
            return original(*args, **kwargs)
        finally:
            measured.call_ends()

    setattr(step, _MARK, True)
    return step


def _timed_async(original):
    @functools.wraps(original)
    async def step(*args, **kwargs):
        measured = current()
        if measured is None:
            return await original(*args, **kwargs)
        measured.call_starts()
        try:
            return await original(*args, **kwargs)
        finally:
            measured.call_ends()

    setattr(step, _MARK, True)
    return step


def _wrap(owner, name, wrapper):
    original = getattr(owner, name)
    if not getattr(original, _MARK, False):
        setattr(owner, name, wrapper(original))


def watch_http_client() -> None:
    """Times every http.client call made on behalf of a request. Calls outside requests, such as those of a thread that
    ships logs, are left alone. May be called again without effect."""
    with _install:
        for owner, steps in ((http.client.HTTPConnection, _CONNECTION_STEPS), (http.client.HTTPResponse, _RESPONSE_STEPS)):
            for name in steps:
                _wrap(owner, name, _timed)


def watch_httpx() -> None:
    """The same for httpx, when it is installed: `send` covers redirects and, unless the answer is streamed, its body."""
    try:
        import httpx
    except ImportError:
        return
    with _install:
        _wrap(httpx.Client, "send", _timed)
        _wrap(httpx.AsyncClient, "send", _timed_async)
