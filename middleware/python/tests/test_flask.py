# SPDX-License-Identifier: Apache-2.0
import re

import pytest

flask = pytest.importorskip("flask")

from skywatch_profiler.flask import profile  # noqa: E402

LINE = re.compile(r"\[profiler size=(\d+) .*\] (\S+) (\S+) (\d+\.\d\d) (\d{3})")


def make():
    app = flask.Flask("app")
    users = flask.Blueprint("users", "users", url_prefix="/users")

    @users.route("/<int:number>")
    def detail(number):
        return "12345"

    @app.route("/slash/")
    def slash():
        return "x"

    @app.route("/fails")
    def fails():
        raise RuntimeError("expected by the test")

    @app.route("/stream")
    def stream():
        return flask.Response(iter(["abc", "de"]))

    @app.before_request
    def refuse():
        if flask.request.args.get("refused"):
            return "no", 403
        return None

    app.register_blueprint(users)
    return profile(app, format="extended")


@pytest.mark.parametrize("method, path, view, status, size", [
    ("GET", "/users/7", "users.detail", 200, 5),
    ("GET", "/users/8", "users.detail", 200, 5),
    ("HEAD", "/users/8", "users.detail", 200, 0),
    ("OPTIONS", "/users/8", "users.detail", 200, 0),
    ("POST", "/users/8", "-", 405, None),
    ("GET", "/users/7?refused=1", "users.detail", 403, 2),
    ("GET", "/slash", "-", 308, None),
    ("GET", "/slash/", "slash", 200, 1),
    ("GET", "/fails", "fails", 500, None),
    ("GET", "/stream", "stream", 200, 5),
    ("GET", "/no/such/1", "-", 404, None),
])
def test_line_of_a_request(lines, method, path, view, status, size):
    with make().test_client().open(path, method=method) as response:
        response.get_data()
    assert len(lines) == 1
    match = LINE.fullmatch(lines[0])
    assert (match[2], match[3], int(match[5])) == (method, view, status)
    if size is not None:
        assert int(match[1]) == size


def test_a_flask_mounted_in_a_flask_names_the_view(lines):
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.test import Client

    outer, inner = make(), make()
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/inner": inner.wsgi_app})
    with Client(outer).get("/inner/users/3") as response:
        response.get_data()
    assert len(lines) == 1 and " GET users.detail " in lines[0]
