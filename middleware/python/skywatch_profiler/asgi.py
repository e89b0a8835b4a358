# SPDX-License-Identifier: Apache-2.0
"""FastAPI, Starlette and any other ASGI application:

    app.add_middleware(ProfilerMiddleware, format="extended")          # FastAPI, Starlette
    app = ProfilerMiddleware(app, format="extended", view=name_of)     # any other: name_of(scope) -> str or None

The view is the route's template with the mounts above it ('/users/{id}'); '-' when no route matched. The duration ends when the
server takes the last byte of the body: background tasks come after it and are not counted. WebSockets write no line.
"""
from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

from .line import UNRESOLVED
from .measure import CLIENT_CLOSED, using
from .profiler import LOGGER_NAME, Profiler

MEASURED_KEY = "skywatch.measured"
_MOUNTS_MAX = 16  # Deeper nesting than this is a loop.
_FULL = 2  # starlette.routing.Match.FULL


def _header_of(scope):
    def header(name):
        wanted = name.encode()
        for key, value in scope["headers"]:
            if key == wanted:
                return value.decode("latin-1")
        return None

    return header


def _without_body(method, message):
    """Whether the head that starts an answer is all of it."""
    if method == "HEAD" or message["status"] in (204, 304):
        return True
    for name, value in message.get("headers", ()):
        if name == b"content-length":
            return value == b"0"
    return False


def _template(scope):
    """The template of the route that served, as far as its own router knows it; None when there is none."""
    route = scope.get("route")
    # A router that FastAPI includes into another keeps its own path; the one with the prefixes stands beside it.
    context = (scope.get("fastapi") or {}).get("effective_route_context")
    if context is not None and getattr(context, "original_route", None) is route:
        return getattr(context, "path_format", None)
    if route is None or hasattr(route, "routes"):  # A mount that nothing below it named.
        return None
    return getattr(route, "path_format", None)


def _walk(scope, root_path):
    """(prefix of templates, last template or None) by asking the routers again, in their order, where the request went.

    Only for requests that went through a mount, whose root_path holds values and not names, and for routers that do not tell."""
    router = scope.get("router")
    seen = {"type": "http", "method": scope["method"], "path": scope["path"], "root_path": root_path, "headers": scope["headers"]}
    routes, prefix = getattr(router, "routes", ()), ""
    for _ in range(_MOUNTS_MAX):
        for route in routes:
            match, child = route.matches(seen)
            if match.value == _FULL:
                break
        else:
            return prefix, None
        template = getattr(route, "path_format", None)
        if not hasattr(route, "app") or not hasattr(route, "routes"):
            return prefix, template
        if template is not None:
            prefix += template[:-len("/{path}")] if template.endswith("/{path}") else template
        seen.update(child)
        routes = route.routes or ()
        if not routes:
            return prefix, None
    return prefix, None


def route_template(scope: Any, root_path: str = "") -> str | None:
    """The view of a Starlette or FastAPI request once it was routed. `root_path` is the one that the server gave."""
    template = _template(scope)
    if scope.get("root_path", "") == root_path:
        if template is not None:
            return template or "/"
        if "route" in scope or "endpoint" not in scope:
            return None
    prefix, last = _walk(scope, root_path)
    if template is None:
        template = last
    if template is not None:
        return prefix + template
    # Served below a mount by something without routes, such as static files.
    return prefix + "/*" if prefix else None


async def flush_handlers(logger: logging.Logger | None) -> None:
    """Sends what the logger's handlers hold. uvicorn ends itself by the signal that it got, so nothing runs at the exit of the
    program; the end of ASGI's lifespan is the last moment."""
    while logger is not None:
        for handler in logger.handlers:
            await asyncio.to_thread(handler.flush)
        logger = logger.parent if logger.propagate else None


class FlushOnShutdown:
    """For an ASGI application without a lifespan of its own, such as Django:

        application = FlushOnShutdown(get_asgi_application())
    """

    def __init__(self, app: Callable[..., Any], logger: logging.Logger | None = None):
        self.app = app
        self._logger = logger or logging.getLogger(LOGGER_NAME)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await flush_handlers(self._logger)
                await send({"type": "lifespan.shutdown.complete"})
                return


class ProfilerMiddleware:
    """Keyword arguments are those of skywatch_profiler.Options."""

    def __init__(self, app: Callable[..., Any], view: Callable[[Any], str | None] | None = None, **options: Any):
        self.app = app
        self._view = view
        self._profiler = Profiler(**options)

    async def _lifespan(self, scope, receive, send):
        async def sending(message):
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await flush_handlers(self._profiler.logger)
            await send(message)

        await self.app(scope, receive, sending)

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        if scope["type"] != "http" or MEASURED_KEY in scope:
            await self.app(scope, receive, send)
            return
        method, root_path = scope["method"], scope.get("root_path", "")
        measured = self._profiler.begin(method, scope["path"], _header_of(scope))
        if measured is None:
            await self.app(scope, receive, send)
            return
        scope[MEASURED_KEY] = measured
        gone = bodiless = False

        def finish(status):
            if measured.finished:
                return
            view = self._view(scope) if self._view is not None else measured.view or route_template(scope, root_path)
            if view is not None and view.endswith("/*") and status == 404:
                view = None
            measured.finish(method, view or UNRESOLVED, status)

        async def receiving():
            nonlocal gone
            message = await receive()
            if message["type"] == "http.disconnect":
                gone = True
            return message

        async def sending(message):
            nonlocal bodiless
            kind = message["type"]
            last = False
            if kind == "http.response.start":
                measured.status = message["status"]
                bodiless = _without_body(method, message)
                if bodiless:
                    measured.ended()
            elif kind == "http.response.body":
                if not bodiless:
                    measured.handed(len(message.get("body", b"")))
                last = not message.get("more_body", False)
            elif kind == "http.response.pathsend":
                measured.handed(os.path.getsize(message["path"]))
                last = True
            await send(message)
            if last:
                finish(measured.status or 500)

        try:
            with using(measured):
                await self.app(scope, receiving, sending)
        except asyncio.CancelledError:
            finish(measured.status or CLIENT_CLOSED)
            raise
        except BaseException:
            finish(500)
            raise
        # An application that stops without an end of its body: the client left, or it broke the protocol.
        finish(measured.status or (CLIENT_CLOSED if gone else 500))
