# SPDX-License-Identifier: Apache-2.0
"""Flask:

    from skywatch_profiler.flask import profile
    profile(app, format="extended")

The view is the endpoint's name with its blueprints ('users.detail'); '-' when no rule matched.
"""
from flask import request, request_started

from .wsgi import VIEW_KEY, ProfilerMiddleware


def _name_view(sender, **_):
    # The outermost Flask of a request runs first; a Flask mounted inside another one names the view more exactly, so the last wins.
    if request.endpoint is not None and request.url_rule is not None:
        request.environ[VIEW_KEY] = request.endpoint


def profile(app, **options):
    """Measures every request of a Flask application; keyword arguments are those of skywatch_profiler.Options."""
    app.wsgi_app = ProfilerMiddleware(app.wsgi_app, **options)
    request_started.connect(_name_view, app)
    return app
