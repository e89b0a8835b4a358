# SPDX-License-Identifier: Apache-2.0
"""Counts outgoing HTTP calls made through the standard library, which urllib, urllib3 and requests sit on."""
import functools
import http.client
import threading

from .measure import current, external

# Where a call waits for the other side: sending the head (which connects), sending the body, the answer's head, its body.
_CONNECTION_STEPS = ("endheaders", "send", "getresponse")
_RESPONSE_STEPS = ("read", "read1", "readinto", "readline")
_MARK = "_skywatch_profiler_timed"
_install = threading.Lock()


def _timed(original):
    @functools.wraps(original)
    def step(self, *args, **kwargs):
        if current() is None:
            return original(self, *args, **kwargs)
        with external():
            return original(self, *args, **kwargs)

    setattr(step, _MARK, True)
    return step


def watch_http_client():
    """Times every http.client call made on behalf of a request. Calls outside requests, such as those of a thread that
    ships logs, are left alone. May be called again without effect."""
    with _install:
        for owner, steps in ((http.client.HTTPConnection, _CONNECTION_STEPS), (http.client.HTTPResponse, _RESPONSE_STEPS)):
            for name in steps:
                original = getattr(owner, name)
                if not getattr(original, _MARK, False):
                    setattr(owner, name, _timed(original))
