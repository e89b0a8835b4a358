# SPDX-License-Identifier: Apache-2.0
import time

import flask

import shipping
from skywatch_profiler.flask import profile

app = flask.Flask(__name__)
app.logger.disabled = True


@app.route("/rates/<int:n>")
def rates(n):
    time.sleep(shipping.WORK_S)
    return "worked"


@app.route("/items/<int:n>", methods=["GET", "POST"])
def items(n):
    shipping.two_queries()
    return f"item {n}", 201 if flask.request.method == "POST" else 200


@app.route("/export")
def export():
    return flask.Response(b"x" * 1000 for _ in range(3))


@app.route("/latest")
def latest():
    return flask.redirect("/items/1")


@app.route("/failing")
def failing():
    raise RuntimeError("expected by the test")


profile(app, **shipping.OPTIONS)
shipping.ship()
