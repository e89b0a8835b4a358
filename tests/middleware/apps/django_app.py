# SPDX-License-Identifier: Apache-2.0
"""Django, as WSGI and as ASGI."""
import asyncio
import time

import django
from django.conf import settings

import shipping

settings.configure(
    SECRET_KEY="only for these tests", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
    MIDDLEWARE=["skywatch_profiler.django.ProfilerMiddleware"], SKYWATCH_PROFILER=shipping.OPTIONS,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    LOGGING=shipping.logging_settings())
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from skywatch_profiler.asgi import FlushOnShutdown, ProfilerMiddleware  # noqa: E402


def rates(request, n):
    time.sleep(shipping.WORK_S)
    return HttpResponse("worked")


async def rates_async(request, n):
    await asyncio.sleep(shipping.WORK_S)
    return HttpResponse("worked")


def items(request, n):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    return HttpResponse(f"item {n}", status=201 if request.method == "POST" else 200)


def export(request):
    return StreamingHttpResponse(b"x" * 1000 for _ in range(3))


async def export_async(request):
    async def chunks():
        for _ in range(3):
            yield b"x" * 1000

    return StreamingHttpResponse(chunks())


def latest(request):
    return HttpResponseRedirect("/items/1")


def failing(request):
    raise RuntimeError("expected by the test")


def routes(rates_view, export_view):
    return [path("rates/<int:n>", rates_view, name="rates"), path("items/<int:n>", items, name="items"), path("export", export_view, name="export"),
            path("latest", latest, name="latest"), path("failing", failing, name="failing")]


urlpatterns = routes(rates, export)
application = get_wsgi_application()


def __getattr__(name):
    # Only the ASGI server asks for this name: its routes have async views.
    if name != "asgi_application":
        raise AttributeError(name)
    urlpatterns[:] = routes(rates_async, export_async)
    return FlushOnShutdown(ProfilerMiddleware(get_asgi_application(), **shipping.OPTIONS))
