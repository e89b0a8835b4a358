# SPDX-License-Identifier: Apache-2.0
"""The applications under test: a framework with a real server, how to start it, and how it names its views."""
import dataclasses
import importlib.util
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
APPS = HERE / "apps"
BIN = pathlib.Path(sys.executable).parent


@dataclasses.dataclass
class Stack:
    name: str
    command: list
    views: dict
    environment: dict = dataclasses.field(default_factory=dict)
    cwd: pathlib.Path = APPS
    missing: str = ""  # Why it cannot run here.


def _python(name, modules, command, views):
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    environment = {"PYTHONPATH": f"{ROOT / 'middleware' / 'python'}:{APPS}", "PYTHONUNBUFFERED": "1"}
    return Stack(name, [str(BIN / "python"), "-m", *command], views, environment,
                 missing=f"the Python packages {', '.join(absent)} are not installed" if absent else "")


_NAMES = {name: name for name in ("work", "items", "stream", "moved", "fails")}
_TEMPLATES = {"work": "/work/{n}", "items": "/items/{n}", "stream": "/stream", "moved": "/moved", "fails": "/fails"}


def stacks():
    gunicorn = ["gunicorn", "-b", "127.0.0.1:0", "--workers", "2", "--threads", "4", "--worker-class", "gthread"]
    uvicorn = ["uvicorn", "--port", "0", "--no-access-log"]
    return [
        _python("django-gunicorn", ["django", "gunicorn"], [*gunicorn, "django_app:application"], _NAMES),
        _python("django-uvicorn", ["django", "uvicorn"], [*uvicorn, "django_app:asgi_application"], _NAMES),
        _python("flask-gunicorn", ["flask", "gunicorn"], [*gunicorn, "flask_app:app"], _NAMES),
        _python("fastapi-uvicorn", ["fastapi", "uvicorn"], [*uvicorn, "fastapi_app:app"], _TEMPLATES),
    ]
