# SPDX-License-Identifier: Apache-2.0
import asyncio
import http.server
import os
import re
import threading

import django
import pytest

django.setup()

import project  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402

from skywatch_profiler.django import ProfilerMiddleware  # noqa: E402

EXTENDED = re.compile(r"\[profiler size=(\d+) queries=(\d+) query_ms=(\d+\.\d\d) external_ms=(\d+\.\d\d)(?: repeated=\d+)?\]"
                      r" (\S+) (\S+) (\d+\.\d\d) (\d{3})")


def fields(lines):
    assert len(lines) == 1, lines
    match = EXTENDED.fullmatch(lines[0])
    assert match, lines[0]
    size, queries, query_ms, external_ms, method, view, duration, status = match.groups()
    return {"size": int(size), "queries": int(queries), "query_ms": float(query_ms), "external_ms": float(external_ms),
            "method": method, "view": view, "duration": float(duration), "status": int(status)}


def get(path, method="GET"):
    """One request, its body read to the end, as a server does."""
    client = Client(raise_request_exception=False)
    response = client.generic(method, path)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return response, body


@pytest.mark.parametrize("path, method, view, status", [
    ("/users/7/", "GET", "user-detail", 200),
    ("/users/8/", "POST", "user-detail", 200),
    ("/unnamed/7/abc/", "GET", "unnamed/<int:pk>/<slug:word>/", 200),
    ("/old%202024/", "GET", "^old_(?P<year>[0-9]{4})/$", 200),
    ("/blank/", "GET", "with_blank", 200),
    ("/api/users/", "GET", "api:user-list", 200),
    ("/", "GET", "/", 200),
    ("/no/such/path", "GET", "-", 404),
    ("/failing/", "GET", "failing", 500),
    ("/users/7/", "BREW", "user-detail", 200),
])
def test_method_view_status(lines, path, method, view, status):
    get(path, method)
    seen = fields(lines)
    assert (seen["view"], seen["status"]) == (view, status)
    assert seen["method"] == ("_OTHER" if method == "BREW" else method)


@pytest.mark.parametrize("path, queries, size, status", [
    ("/users/7/", 0, 5, 200),
    ("/queries/3/", 3, 2, 200),
    ("/queries/0/", 0, 2, 200),
    ("/failing-query/", 2, 0, 503),  # BEGIN goes through the wrapper too.
    ("/streaming/", 2, 7, 200),
    ("/file/", 0, os.path.getsize(project.__file__), 200),
])
def test_measures(lines, path, queries, size, status):
    _, body = get(path)
    seen = fields(lines)
    assert (seen["queries"], seen["size"], seen["status"]) == (queries, size, status)
    assert len(body) == size
    assert seen["query_ms"] <= seen["duration"]


def test_a_stream_is_measured_to_its_end(lines):
    response = Client().get("/streaming/")
    chunks = iter(response.streaming_content)
    assert next(chunks) == b"abc"
    assert lines == []
    assert list(chunks) == [b"defg"]
    assert fields(lines)["size"] == 7


def test_a_stream_left_early_is_measured_when_closed(lines):
    response = Client().get("/streaming/")
    next(iter(response.streaming_content))
    assert lines == []
    response.close()
    assert fields(lines)["size"] == 3


def test_a_broken_stream_counts_as_500(lines):
    response = Client().get("/breaking/")
    with pytest.raises(RuntimeError):
        list(response.streaming_content)
    response.close()
    assert fields(lines)["status"] == 500


def test_an_exception_that_leaves_the_application_counts_as_500(lines):
    def lost(request):
        raise KeyError("expected by the test")

    request = type("Request", (), {"method": "GET", "resolver_match": None, "path": "/", "headers": {}})()
    with pytest.raises(KeyError):
        ProfilerMiddleware(lost)(request)
    seen = fields(lines)
    assert (seen["status"], seen["view"]) == (500, "-")


def test_outgoing_calls_are_counted(lines):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        project.OUTSIDE_URL = f"http://127.0.0.1:{server.server_port}/"
        try:
            get("/calling/")
        finally:
            server.shutdown()
            thread.join()
    seen = fields(lines)
    assert seen["status"] == 200
    assert 0 < seen["external_ms"] <= seen["duration"]


def test_async_view_counts_queries_of_its_threads(lines):
    response = asyncio.run(AsyncClient().get("/async/"))
    assert response.content == b"async"
    seen = fields(lines)
    assert (seen["view"], seen["status"], seen["queries"], seen["size"]) == ("async", 200, 3, 5)
    assert 0 < seen["external_ms"] <= seen["duration"]


def test_async_stream(lines):
    async def run():
        response = await AsyncClient().get("/async-streaming/")
        assert lines == []
        body = b"".join([chunk async for chunk in response.streaming_content])
        response.close()
        return body

    assert asyncio.run(run()) == b"abcde"
    seen = fields(lines)
    assert (seen["view"], seen["size"], seen["status"]) == ("async-streaming", 5, 200)


def test_a_cancelled_async_request_counts_as_left_by_its_client(lines):
    async def run():
        started = asyncio.Event()

        async def never(request):
            started.set()
            await asyncio.Event().wait()

        request = type("Request", (), {"method": "GET", "resolver_match": None, "path": "/", "headers": {}})()
        task = asyncio.ensure_future(ProfilerMiddleware(never)(request))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert fields(lines)["status"] == 499


def test_parallel_requests_do_not_mix(lines):
    threads = [threading.Thread(target=get, args=(f"/queries/{count}/",)) for count in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(EXTENDED.fullmatch(line)[2]) for line in lines) == list(range(1, 9))


@pytest.mark.parametrize("options, pattern", [
    ({}, r"\[profiler\] GET user-detail \d+\.\d\d 200"),
    ({"format": "json"}, r'\{"logger":"profiler","method":"GET","view":"user-detail","duration":\d+\.\d\d,"status_code":200,.*\}'),
])
def test_form_is_chosen_in_the_settings(lines, options, pattern):
    with override_settings(SKYWATCH_PROFILER=options):
        get("/users/7/")
    assert len(lines) == 1 and re.fullmatch(pattern, lines[0])


@pytest.mark.parametrize("options", [{"format": "xml"}, {"formt": "plain"}, {"clock": 1, "sample": 0}])
def test_wrong_settings_are_refused(options):
    with override_settings(SKYWATCH_PROFILER=options), pytest.raises(ImproperlyConfigured):
        ProfilerMiddleware(lambda request: None)


def test_repeated_statements_are_seen(lines):
    get("/queries/7/")
    assert " repeated=7]" in lines[0]


def test_no_line_is_written_for_what_is_skipped(lines):
    with override_settings(SKYWATCH_PROFILER={"skip_methods": ["OPTIONS"], "skip_paths": ["^/users/"]}):
        get("/users/7/")
        get("/queries/1/", "OPTIONS")
        get("/queries/1/")
    assert len(lines) == 1


def test_head_writes_no_size(lines):
    get("/users/7/", "HEAD")
    seen = fields(lines)
    assert (seen["method"], seen["size"], seen["status"]) == ("HEAD", 0, 200)


def test_the_outermost_measures_and_the_middleware_names_the_view(lines):
    import wsgiref.util

    from django.core.wsgi import get_wsgi_application

    from skywatch_profiler.wsgi import ProfilerMiddleware as Outer

    environ = {"PATH_INFO": "/queries/3/", "HTTP_HOST": "testserver"}
    wsgiref.util.setup_testing_defaults(environ)
    body = Outer(get_wsgi_application(), format="extended")(environ, lambda *_: None)
    assert b"".join(body) == b"ok"
    body.close()
    seen = fields(lines)
    assert (seen["view"], seen["queries"], seen["size"], seen["status"]) == ("queries", 3, 2, 200)
