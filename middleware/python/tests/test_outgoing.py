# SPDX-License-Identifier: Apache-2.0
import asyncio
import http.server
import threading
import urllib.request

import pytest

from skywatch_profiler import Profiler, using

DELAY_S = 0.03


@pytest.fixture(scope="module")
def slow_url():
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            threading.Event().wait(DELAY_S)  # This service is slow: that is what must be seen.
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def by_urllib(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.read() == b"ok"


def by_requests(url):
    requests = pytest.importorskip("requests")
    assert requests.get(url, timeout=20).text == "ok"


def by_urllib3(url):
    urllib3 = pytest.importorskip("urllib3")
    with urllib3.PoolManager() as pool:
        assert pool.request("GET", url, timeout=20).data == b"ok"


def by_httpx(url):
    httpx = pytest.importorskip("httpx")
    with httpx.Client(trust_env=False) as client:
        assert client.get(url, timeout=20).text == "ok"


@pytest.mark.parametrize("call", [by_urllib, by_requests, by_urllib3, by_httpx])
def test_a_call_is_timed_once(lines, slow_url, call):
    measured = Profiler(format="extended").begin("GET", "/")
    with using(measured):
        call(slow_url)
    measured.finish("GET", "v", 200)
    duration_ns = measured._profiler.clock() - measured._start_ns
    assert DELAY_S * 0.9e9 <= measured.external_ns <= duration_ns


def test_parallel_async_calls_count_once(lines, slow_url):
    httpx = pytest.importorskip("httpx")

    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            await asyncio.gather(*(client.get(slow_url, timeout=20) for _ in range(4)))

    measured = Profiler(format="extended").begin("GET", "/")
    with using(measured):
        asyncio.run(run())
    measured.finish("GET", "v", 200)
    duration_ns = measured._profiler.clock() - measured._start_ns
    assert DELAY_S * 0.9e9 <= measured.external_ns <= duration_ns


def test_calls_outside_a_request_are_left_alone(slow_url):
    Profiler(format="extended")
    by_urllib(slow_url)
