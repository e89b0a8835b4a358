# SPDX-License-Identifier: Apache-2.0
"""Django adapter. First in MIDDLEWARE, so that the duration covers the others too:

    MIDDLEWARE = ["skywatch_profiler.django.ProfilerMiddleware", ...]
    SKYWATCH_PROFILER = {"format": "extended"}      # plain (default), extended or json

Lines go to the logger "skywatch.profiler" at level INFO.
"""
import time

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.signals import connection_created

from .line import FORMATS, UNRESOLVED
from .measure import begin, current, using
from .outgoing import watch_http_client

_OPTIONS = {"format": "plain", "external": True}


def _options():
    given = getattr(settings, "SKYWATCH_PROFILER", {})
    unknown = set(given) - set(_OPTIONS)
    if unknown:
        raise ImproperlyConfigured(f"SKYWATCH_PROFILER has unknown keys: {', '.join(sorted(unknown))}")
    merged = {**_OPTIONS, **given}
    if merged["format"] not in FORMATS:
        raise ImproperlyConfigured(f"SKYWATCH_PROFILER['format'] must be one of {', '.join(FORMATS)}")
    return merged


def view_name(request):
    """The route's name with its namespaces, else its template; never the path, whose values nobody bounds."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return UNRESOLVED
    if match.url_name:
        return match.view_name
    return match.route or "/"


def _count_query(execute, sql, params, many, context):
    """An execute wrapper (Django's "database instrumentation"). A query outside a request is not counted."""
    measured = current()
    if measured is None:
        return execute(sql, params, many, context)
    start_ns = time.perf_counter_ns()
    try:
        return execute(sql, params, many, context)
    finally:
        measured.add_query(time.perf_counter_ns() - start_ns)


def _watch_connection(connection, **_):
    # connection.execute_wrapper(...) adds to this list for the length of a block in one thread. A request under ASGI
    # runs its queries in other threads with connections of their own, so the wrapper stays for the connection's life
    # and finds the request through the context, which Django carries from thread to thread.
    if _count_query not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count_query)


class _Stream:
    """The body of a streaming response: counts it, and ends the measurement at its end, at its failure or when closed."""

    def __init__(self, chunks, measured, finish):
        self._chunks = chunks
        self._measured = measured
        self._finish = finish

    def close(self):
        # Django calls this when the response is closed, also when the client left before the end.
        self._finish()


class _SyncStream(_Stream):
    def __iter__(self):
        chunks = iter(self._chunks)
        try:
            while True:
                # The generator's own work belongs to the request, and may run queries.
                with using(self._measured):
                    try:
                        chunk = next(chunks)
                    except StopIteration:
                        break
                self._measured.add_size(len(chunk))
                yield chunk
        except GeneratorExit:
            raise
        except BaseException:
            self._finish(500)
            raise
        self._finish()


class _AsyncStream(_Stream):
    async def __aiter__(self):
        chunks = self._chunks.__aiter__()
        try:
            while True:
                with using(self._measured):
                    try:
                        chunk = await chunks.__anext__()
                    except StopAsyncIteration:
                        break
                self._measured.add_size(len(chunk))
                yield chunk
        except GeneratorExit:
            raise
        except BaseException:
            self._finish(500)
            raise
        self._finish()


class ProfilerMiddleware:
    """Measures each request from its arrival here to the last byte of its body. Serves sync and async stacks."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        options = _options()
        self._form = options["format"]
        if options["external"]:
            watch_http_client()
        connection_created.connect(_watch_connection, dispatch_uid="skywatch_profiler")
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request):
        if self._async:
            return self._call_async(request)
        measured = self._begin()
        try:
            with using(measured):
                response = self.get_response(request)
        except BaseException:
            measured.finish(request.method, view_name(request), 500)
            raise
        return self._end(request, response, measured)

    async def _call_async(self, request):
        measured = self._begin()
        try:
            with using(measured):
                response = await self.get_response(request)
        except BaseException:  # A cancelled task too: the client got no answer.
            measured.finish(request.method, view_name(request), 500)
            raise
        return self._end(request, response, measured)

    def _begin(self):
        measured = begin(self._form)
        # Connections that were open before this middleware existed sent no signal.
        for connection in connections.all(initialized_only=True):
            _watch_connection(connection)
        return measured

    def _end(self, request, response, measured):
        def finish(status=None):
            measured.finish(request.method, view_name(request), status or response.status_code)

        if not response.streaming:
            measured.size = len(response.content)
            finish()
        elif response.is_async:
            response.streaming_content = _AsyncStream(response.streaming_content, measured, finish)
        else:
            response.streaming_content = _SyncStream(response.streaming_content, measured, finish)
        return response
