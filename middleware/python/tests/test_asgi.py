# SPDX-License-Identifier: Apache-2.0
import asyncio
import re

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

import httpx  # noqa: E402
from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.middleware.base import BaseHTTPMiddleware  # noqa: E402
from starlette.responses import PlainTextResponse, RedirectResponse, StreamingResponse  # noqa: E402
from starlette.routing import Host, Mount, Route, Router  # noqa: E402
from starlette.staticfiles import StaticFiles  # noqa: E402

from skywatch_profiler import query  # noqa: E402
from skywatch_profiler.asgi import FlushOnShutdown, ProfilerMiddleware  # noqa: E402

LINE = re.compile(r"\[profiler size=(\d+) queries=(\d+) .*\] (\S+) (\S+) (\d+\.\d\d) (\d{3})")


async def hello(request):
    return PlainTextResponse("hello")


async def fails(request):
    raise RuntimeError("expected by the test")


async def moved(request):
    return RedirectResponse("/hello")


async def streamed(request):
    async def chunks():
        yield b"abc"
        with query("SELECT 1"):
            await asyncio.sleep(0)
        yield b"defg"

    return StreamingResponse(chunks())


def starlette_app(folder):
    return Starlette(routes=[
        Route("/hello", hello), Route("/users/{id:int}", hello, methods=["GET"]), Route("/fails", fails), Route("/moved", moved),
        Route("/streamed", streamed), Route("/slash/", hello),
        Mount("/static", StaticFiles(directory=folder)),
        Mount("/orgs/{org}", routes=[Route("/", hello), Route("/users/{id}", hello), Mount("/deep/{more}", routes=[Route("/end", hello)])]),
        Mount("/router", Router([Route("/x/{y:path}", hello)])),
        Host("other.example", Router([Route("/only/{here}", hello)])),
    ], middleware=[Middleware(ProfilerMiddleware, format="extended")])


def fastapi_app():
    app, sub = FastAPI(), FastAPI()
    items, outer = APIRouter(prefix="/items"), APIRouter(prefix="/{tenant}")

    @items.get("/{id}")
    def item(id: int):
        return id

    @app.get("/background")
    def background(tasks: BackgroundTasks):
        def work():
            with query("SELECT 1"):
                pass

        tasks.add_task(work)
        return 1

    @app.get("/threaded/{n}")
    def threaded(n: int):
        for _ in range(n):
            with query("SELECT 1"):
                pass
        return n

    @app.get("/boom")
    def boom():
        raise RuntimeError("expected by the test")

    @app.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    outer.include_router(items)
    app.include_router(outer, prefix="/v1")
    sub.include_router(items, prefix="/sub")
    app.mount("/orgs/{org}", sub)
    app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    app.add_middleware(ProfilerMiddleware, format="extended")
    return app


def get(app, path, method="GET", host="test"):
    async def run():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.request(method, path)

    return asyncio.run(run())


def fields(lines):
    assert len(lines) == 1, lines
    match = LINE.fullmatch(lines[0])
    assert match, lines[0]
    return {"size": int(match[1]), "queries": int(match[2]), "method": match[3], "view": match[4], "status": int(match[6])}


@pytest.mark.parametrize("method, path, view, status, size", [
    ("GET", "/hello", "/hello", 200, 5),
    ("HEAD", "/hello", "/hello", 200, 0),
    ("GET", "/users/7", "/users/{id}", 200, 5),
    ("POST", "/users/7", "/users/{id}", 405, None),
    ("GET", "/users/x", "-", 404, None),
    ("GET", "/fails", "/fails", 500, None),
    ("GET", "/moved", "/moved", 307, 0),
    ("GET", "/slash", "-", 307, 0),
    ("GET", "/streamed", "/streamed", 200, 7),
    ("GET", "/static/a.txt", "/static/*", 200, 3),
    ("GET", "/static/none.txt", "-", 404, None),
    ("GET", "/orgs/7/", "/orgs/{org}/", 200, 5),
    ("GET", "/orgs/orgs/users/users", "/orgs/{org}/users/{id}", 200, 5),
    ("GET", "/orgs/7/deep/8/end", "/orgs/{org}/deep/{more}/end", 200, 5),
    ("GET", "/orgs/7/none", "-", 404, None),
    ("GET", "/router/x/a/b", "/router/x/{y}", 200, 5),
    ("GET", "/no/such/1", "-", 404, None),
    ("BREW", "/hello", "/hello", 405, None),
])
def test_starlette(lines, tmp_path, method, path, view, status, size):
    (tmp_path / "a.txt").write_text("abc")
    get(starlette_app(tmp_path), path, method)
    seen = fields(lines)
    assert (seen["view"], seen["status"]) == (view, status)
    assert seen["method"] == ("_OTHER" if method == "BREW" else method)
    if size is not None:
        assert seen["size"] == size


def test_routes_of_a_host(lines, tmp_path):
    get(starlette_app(tmp_path), "/only/7", host="other.example")
    assert fields(lines)["view"] == "/only/{here}"


@pytest.mark.parametrize("path, view, status, queries", [
    ("/v1/acme/items/3", "/v1/{tenant}/items/{id}", 200, 0),
    ("/v1/acme/items/x", "/v1/{tenant}/items/{id}", 422, 0),
    ("/orgs/7/sub/items/3", "/orgs/{org}/sub/items/{id}", 200, 0),
    ("/threaded/4", "/threaded/{n}", 200, 4),
    ("/background", "/background", 200, 0),  # After the last byte: on purpose not counted.
    ("/boom", "/boom", 500, 0),
    ("/openapi.json", "/openapi.json", 200, 0),
    ("/none/3", "-", 404, 0),
])
def test_fastapi(lines, path, view, status, queries):
    get(fastapi_app(), path)
    seen = fields(lines)
    assert (seen["view"], seen["status"], seen["queries"]) == (view, status, queries)


def test_cardinality_is_bounded(lines, tmp_path):
    app, api = starlette_app(tmp_path), fastapi_app()

    async def run():
        for one in (app, api):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(one), base_url="http://test") as client:
                for n in range(100):
                    for path in (f"/users/{n}", f"/orgs/{n}/users/{n}", f"/{n}", f"/orgs/{n}/{n}", f"/v1/{n}/items/{n}", f"/static/{n}"):
                        await client.get(path)

    asyncio.run(run())
    assert len(lines) == 1200
    assert {LINE.fullmatch(line)[4] for line in lines} == {"-", "/users/{id}", "/orgs/{org}/users/{id}", "/v1/{tenant}/items/{id}"}


def test_websockets_write_no_line(lines):
    from starlette.testclient import TestClient

    with TestClient(fastapi_app()) as client, client.websocket_connect("/socket") as socket:
        assert socket.receive_text() == "hello"
    assert lines == []


def test_parallel_requests_do_not_mix(lines):
    app = fastapi_app()

    async def run():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await asyncio.gather(*(client.get(f"/threaded/{n}") for n in range(1, 9)))

    asyncio.run(run())
    assert sorted(int(LINE.fullmatch(line)[2]) for line in lines) == list(range(1, 9))


def scope_of(path="/"):
    return {"type": "http", "method": "GET", "path": path, "headers": []}


@pytest.mark.parametrize("how, status", [("cancelled", 499), ("left", 499), ("broken", 500), ("begun", 200), ("silent", 500)])
def test_requests_without_an_end(lines, how, status):
    async def app(scope, receive, send):
        if how == "begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        if how == "broken":
            raise RuntimeError("expected by the test")
        if how == "cancelled":
            await asyncio.Event().wait()
        if how in ("left", "begun"):
            await receive()

    async def run():
        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            pass

        task = asyncio.ensure_future(ProfilerMiddleware(app)(scope_of(), receive, send))
        if how == "cancelled":
            await asyncio.sleep(0)
            task.cancel()
        try:
            await task
        except (asyncio.CancelledError, RuntimeError):
            assert how in ("cancelled", "broken")

    asyncio.run(run())
    assert len(lines) == 1 and lines[0].endswith(f" {status}")


def test_view_from_a_function_and_nested_middleware(lines):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def nothing(*_):
        pass

    asyncio.run(ProfilerMiddleware(ProfilerMiddleware(app), view=lambda scope: "mine")(scope_of(), nothing, nothing))
    assert len(lines) == 1 and " GET mine " in lines[0]


@pytest.mark.parametrize("make", [lambda: FlushOnShutdown(None), lambda: fastapi_app()], ids=["without", "with"])
def test_handlers_are_flushed_before_the_lifespan_ends(lines, make):
    import logging

    happened = []

    class Handler(logging.Handler):
        def flush(self):
            happened.append("flush")

    handler = Handler()
    logging.getLogger("skywatch.profiler").addHandler(handler)
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(messages)

    async def send(message):
        happened.append(message["type"])

    asyncio.run(make()({"type": "lifespan", "state": {}}, receive, send))
    logging.getLogger("skywatch.profiler").removeHandler(handler)
    assert happened == ["lifespan.startup.complete", "flush", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("method, status, headers, body", [
    ("HEAD", 200, [(b"content-length", b"5")], b"hello"), ("GET", 204, [], b""), ("GET", 302, [(b"content-length", b"0")], b""),
])
def test_an_answer_without_a_body_ends_with_its_head(lines, method, status, headers, body):
    now = [0]

    async def app(scope, receive, send):
        now[0] = 3_000_000
        await send({"type": "http.response.start", "status": status, "headers": headers})
        now[0] = 90_000_000  # The client has its answer already.
        await send({"type": "http.response.body", "body": body})

    async def nothing(*_):
        pass

    asyncio.run(ProfilerMiddleware(app, clock=lambda: now[0])({**scope_of(), "method": method}, nothing, nothing))
    assert lines == [f"[profiler] {method} - 3.00 {status}"]
