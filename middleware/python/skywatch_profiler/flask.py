# SPDX-License-Identifier: Apache-2.0
"""Flask:

    from skywatch_profiler.flask import profile
    profile(app, format="extended")

The view is the endpoint's name with its blueprints ('users.detail'); '-' when no rule matched.
"""
from __future__ import annotations

from typing import Any

from flask import Flask

from .measure import current
from .wsgi import ProfilerMiddleware


def _name_view(endpoint, values):
    # Of a Flask mounted in another one the inner, which names the view more exactly, runs last.
    measured = current()
    if measured is not None and endpoint is not None:
        measured.view = endpoint


def profile(app: Flask, **options: Any) -> Flask:
    """Measures every request of a Flask application; keyword arguments are those of skywatch_profiler.Options."""
    app.wsgi_app = ProfilerMiddleware(app.wsgi_app, **options)
    app.url_value_preprocessor(_name_view)  # Flask calls it first, before anything that may answer.
    return app
