# SPDX-License-Identifier: Apache-2.0
import re
import threading
import urllib.error
import urllib.request
import wsgiref.simple_server
import wsgiref.util

import pytest

from skywatch_profiler import query
from skywatch_profiler.wsgi import ProfilerMiddleware

LINE = re.compile(r"\[profiler size=(\d+) queries=(\d+) query_ms=\S+ external_ms=\S+\] (\S+) (\S+) (\d+\.\d\d) (\d{3})")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise RuntimeError("expected by the test")
    if path == "/unknown":
        start_response("404 Not Found", [])
        return [b"no"]
    environ["skywatch.view"] = "view" + path.replace("/", "-")
    if path == "/moved":
        start_response("302 Found", [("Location", "/list")])
        return [b""]
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/write":
        write(b"abc")
        return [b"de"]
    if path == "/list":
        return [b"12345"]
    if path == "/file":
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))

    def chunks():
        yield b"abc"
        with query("SELECT 1"):
            pass
        if path == "/breaks":
            raise RuntimeError("expected by the test")
        yield b"defg"

    return chunks()


@pytest.fixture
def served():
    """A real server with the middleware around the application; serves until the test ends."""
    servers = []

    def start(app):
        class Quiet(wsgiref.simple_server.WSGIRequestHandler):
            def log_message(self, *args):
                pass

            def get_stderr(self):
                import io

                return io.StringIO()

        server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def fetch(url, method="GET"):
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize("path, method, status, view, size, queries", [
    ("/list", "GET", 200, "view-list", 5, 0),
    ("/list", "POST", 200, "view-list", 5, 0),
    ("/list", "HEAD", 200, "view-list", 0, 0),
    ("/write", "GET", 200, "view-write", 5, 0),
    ("/stream", "GET", 200, "view-stream", 7, 1),
    ("/file", "GET", 200, "view-file", len(open(__file__, "rb").read()), 0),
    ("/moved", "GET", 302, "view-moved", 0, 0),
    ("/unknown", "GET", 404, "-", 2, 0),
    ("/fails", "GET", 500, "-", 0, 0),
    ("/breaks", "GET", 500, "view-breaks", 3, 1),
])
def test_line_of_a_request(lines, served, path, method, status, view, size, queries):
    base = served(ProfilerMiddleware(application, format="extended"))
    try:
        seen, _ = fetch(base + path, method)
        assert seen == (200 if path == "/breaks" else status)
    except Exception:
        assert path == "/breaks"
    wait_for(lines, 1)
    match = LINE.fullmatch(lines[0])
    assert match, lines[0]
    assert (int(match[1]), int(match[2]), match[3], match[4], int(match[6])) == (size, queries, method, view, status)


def wait_for(lines, count):
    """The client may have its answer before the server has closed the body."""
    done = threading.Event()
    for _ in range(2000):
        if len(lines) >= count:
            return
        done.wait(0.005)
    raise AssertionError(f"{len(lines)} lines, expected {count}")


def test_content_length_of_a_list_is_still_set_by_the_server(lines, served):
    base = served(ProfilerMiddleware(application))
    with urllib.request.urlopen(base + "/list", timeout=20) as answer:
        assert answer.headers["Content-Length"] == "5"


def test_nested_middleware_measures_once(lines):
    app = ProfilerMiddleware(ProfilerMiddleware(application))
    environ = {"PATH_INFO": "/list"}
    wsgiref.util.setup_testing_defaults(environ)
    body = app(environ, lambda *_: None)
    assert b"".join(body) == b"12345"
    assert lines == []
    body.close()
    assert len(lines) == 1 and " GET view-list " in lines[0]


def test_a_client_that_leaves_early_is_measured_when_the_body_is_closed(lines):
    environ = {"PATH_INFO": "/stream"}
    wsgiref.util.setup_testing_defaults(environ)
    body = ProfilerMiddleware(application, format="extended")(environ, lambda *_: None)
    assert next(iter(body)) == b"abc"
    body.close()
    body.close()
    assert len(lines) == 1 and lines[0].startswith("[profiler size=3 ") and lines[0].endswith(" 200")


def test_view_from_a_function(lines):
    environ = {"PATH_INFO": "/list"}
    wsgiref.util.setup_testing_defaults(environ)
    ProfilerMiddleware(application, view=lambda e: "named here")(environ, lambda *_: None).close()
    assert " GET named_here " in lines[0]


def test_trace_and_path_filter_read_the_environment(lines):
    environ = {"PATH_INFO": "/list", "SCRIPT_NAME": "/mounted", "HTTP_TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01"}
    wsgiref.util.setup_testing_defaults(environ)
    ProfilerMiddleware(application, format="extended", skip_paths=["^/mounted/list"])(dict(environ), lambda *_: None)
    assert lines == []
    ProfilerMiddleware(application, format="extended")(environ, lambda *_: None).close()
    assert f" trace={'a' * 32}] " in lines[0]


class Ticks:
    """A clock that the test moves."""

    ns = 0

    def __call__(self):
        return self.ns


@pytest.mark.parametrize("chunks", [[], [b""], [b"abc"], iter([b"abc"])])
def test_what_the_server_does_after_the_last_byte_is_not_counted(lines, chunks):
    clock = Ticks()

    def answering(environ, start_response):
        clock.ns = 3_000_000
        start_response("200 OK", [])
        return chunks

    environ = {}
    wsgiref.util.setup_testing_defaults(environ)
    body = ProfilerMiddleware(answering, clock=clock)(environ, lambda *_: None)
    list(body)
    clock.ns = 90_000_000  # The client has its answer; only now the server comes to close the body.
    body.close()
    assert lines == ["[profiler] GET - 3.00 200"]
