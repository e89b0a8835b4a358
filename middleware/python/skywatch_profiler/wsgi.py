# SPDX-License-Identifier: Apache-2.0
"""Any WSGI application:

    application = ProfilerMiddleware(application, format="extended")

The line is written when the server closes the body; the duration ends when the server took the last chunk. The view is what the
application puts into environ["skywatch.view"], or what `view(environ)` returns afterwards: a route's name or template, never a
path. Without either it is '-'.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .line import UNRESOLVED
from .measure import enter, leave
from .profiler import Profiler

MEASURED_KEY = "skywatch.measured"
VIEW_KEY = "skywatch.view"
_END = object()


def _header_of(environ):
    return lambda name: environ.get("HTTP_" + name.upper().replace("-", "_"))


class _Body:
    """The response's body: counts what passes, ends the measurement when closed."""

    def __init__(self, chunks, measured, finish):
        self._chunks = chunks
        self._measured = measured
        self._finish = finish

    def __iter__(self):
        measured = self._measured
        chunks = None
        while True:
            # The application's own generator belongs to the request, and may run queries.
            token = enter(measured)
            try:
                if chunks is None:
                    chunks = iter(self._chunks)
                chunk = next(chunks)
            except StopIteration:
                measured.ended()
                return
            except BaseException:
                self._finish(500)
                raise
            finally:
                leave(token)
            measured.handed(len(chunk))
            yield chunk

    def close(self):
        try:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                token = enter(self._measured)
                try:
                    close()
                finally:
                    leave(token)
        finally:
            self._finish()


class _SizedBody(_Body):
    """A list stays one: servers set Content-Length themselves when there is a single chunk."""

    def __len__(self):
        return len(self._chunks)


class ProfilerMiddleware:
    """Keyword arguments are those of skywatch_profiler.Options."""

    def __init__(self, application: Callable[..., Any], view: Callable[[dict[str, Any]], str | None] | None = None, **options: Any):
        self.application = application
        self._view = view
        self._profiler = Profiler(**options)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if MEASURED_KEY in environ:  # Another one outside measures already; a mounted application is part of its request.
            return self.application(environ, start_response)
        method = environ["REQUEST_METHOD"]
        measured = self._profiler.begin(method, environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), _header_of(environ))
        if measured is None:
            return self.application(environ, start_response)
        environ[MEASURED_KEY] = measured

        def finish(status=None):
            view = self._view(environ) if self._view is not None else measured.view or environ.get(VIEW_KEY)
            measured.finish(method, view or UNRESOLVED, status or measured.status or 500)

        def starting(status, headers, exc_info=None):
            measured.status = int(status[:3])
            write = start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

            def counted(data):
                measured.handed(len(data))
                return write(data)

            return counted

        token = enter(measured)
        try:
            chunks = self.application(environ, starting)
        except BaseException:
            finish(500)
            raise
        finally:
            leave(token)
        return (_SizedBody if hasattr(chunks, "__len__") else _Body)(chunks, measured, finish)
