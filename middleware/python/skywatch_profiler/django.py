# SPDX-License-Identifier: Apache-2.0
"""Django adapter. First in MIDDLEWARE, so that the duration covers the others too:

    MIDDLEWARE = ["skywatch_profiler.django.ProfilerMiddleware", ...]
    SKYWATCH_PROFILER = {"format": "extended"}      # any of skywatch_profiler.Options

Lines go to the logger "skywatch.profiler" at level INFO.

When the whole application is wrapped too (asgi.ProfilerMiddleware or wsgi.ProfilerMiddleware around get_asgi_application() or
get_wsgi_application()), that one measures, Django's own handling included, and this one names the view and counts the queries.
"""
import asyncio

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.signals import connection_created

from .line import UNRESOLVED
from .measure import CLIENT_CLOSED, current, using
from .profiler import OptionsError, Profiler


def _profiler():
    try:
        return Profiler(**getattr(settings, "SKYWATCH_PROFILER", {}))
    except (OptionsError, TypeError) as error:
        raise ImproperlyConfigured(f"SKYWATCH_PROFILER: {error}") from error


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
    measured.query_starts()
    try:
        return execute(sql, params, many, context)
    finally:
        measured.query_ends(str(sql))  # A driver's own composed statement is text only when asked.


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
                self._measured.handed(len(chunk))
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
                self._measured.handed(len(chunk))
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
        self._profiler = _profiler()
        if self._profiler.detailed:
            connection_created.connect(_watch_connection, dispatch_uid="skywatch_profiler")
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request):
        if self._async:
            return self._call_async(request)
        outer = current()
        if outer is not None:
            self._watch_connections()
            try:
                return self.get_response(request)
            finally:
                outer.view = view_name(request)
        measured = self._begin(request)
        if measured is None:
            return self.get_response(request)
        try:
            with using(measured):
                response = self.get_response(request)
        except BaseException:
            measured.finish(request.method, view_name(request), 500)
            raise
        return self._end(request, response, measured)

    async def _call_async(self, request):
        outer = current()
        if outer is not None:
            self._watch_connections()
            try:
                return await self.get_response(request)
            finally:
                outer.view = view_name(request)
        measured = self._begin(request)
        if measured is None:
            return await self.get_response(request)
        try:
            with using(measured):
                response = await self.get_response(request)
        except asyncio.CancelledError:  # How Django tells that the client went away.
            measured.finish(request.method, view_name(request), CLIENT_CLOSED)
            raise
        except BaseException:
            measured.finish(request.method, view_name(request), 500)
            raise
        return self._end(request, response, measured)

    def _begin(self, request):
        measured = self._profiler.begin(request.method, request.path, request.headers.get)
        if measured is not None:
            self._watch_connections()
        return measured

    def _watch_connections(self):
        # Connections that were open before this middleware existed sent no signal.
        if self._profiler.detailed:
            for connection in connections.all(initialized_only=True):
                _watch_connection(connection)

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
