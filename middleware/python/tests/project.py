# SPDX-License-Identifier: Apache-2.0
"""A Django project in one file: settings, views and routes for the middleware's tests."""
import asyncio
import os
import tempfile
import urllib.request

from django.db import connection, transaction
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path

import skywatch_profiler

SECRET_KEY = "only for these tests"
ROOT_URLCONF = "project"
ALLOWED_HOSTS = ["testserver"]
MIDDLEWARE = ["skywatch_profiler.django.ProfilerMiddleware"]
SKYWATCH_PROFILER = {"format": "extended"}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": os.path.join(tempfile.mkdtemp(prefix="skywatch-profiler-"), "test.sqlite")}}
USE_TZ = True
OUTSIDE_URL = None  # Set by the test that runs a server.


def run_queries(count):
    with connection.cursor() as cursor:
        for _ in range(count):
            cursor.execute("SELECT 1")


def plain(request, **captured):
    return HttpResponse(b"12345")


def with_queries(request, count):
    run_queries(count)
    return HttpResponse(b"ok")


def failing(request):
    raise RuntimeError("expected by the test")


def failing_query(request):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
    except Exception:
        return HttpResponse(b"", status=503)
    return HttpResponse(b"unexpected")


def streaming(request):
    def chunks():
        yield b"abc"
        run_queries(2)
        yield b"defg"

    return StreamingHttpResponse(chunks())


def breaking_stream(request):
    def chunks():
        yield b"abc"
        raise RuntimeError("expected by the test")

    return StreamingHttpResponse(chunks())


def file(request):
    return FileResponse(open(__file__, "rb"))


def calling(request):
    with urllib.request.urlopen(OUTSIDE_URL, timeout=10) as answer:
        answer.read()
    return HttpResponse(b"ok")


async def async_view(request):
    from asgiref.sync import sync_to_async

    await asyncio.gather(sync_to_async(run_queries)(2), sync_to_async(run_queries)(1))
    with skywatch_profiler.external():
        await asyncio.sleep(0.001)
    return HttpResponse(b"async")


async def async_streaming(request):
    async def chunks():
        yield b"abc"
        await asyncio.sleep(0)
        yield b"de"

    return StreamingHttpResponse(chunks())


urlpatterns = [
    path("users/<int:pk>/", plain, name="user-detail"),
    path("unnamed/<int:pk>/<slug:word>/", plain),
    re_path(r"^old (?P<year>[0-9]{4})/$", plain),
    path("queries/<int:count>/", with_queries, name="queries"),
    path("failing/", failing, name="failing"),
    path("failing-query/", failing_query, name="failing-query"),
    path("streaming/", streaming, name="streaming"),
    path("breaking/", breaking_stream, name="breaking"),
    path("file/", file, name="file"),
    path("calling/", calling, name="calling"),
    path("async/", async_view, name="async"),
    path("async-streaming/", async_streaming, name="async-streaming"),
    path("blank/", plain, name="with blank"),
    path("api/", include(([path("users/", plain, name="user-list")], "api"))),
    path("", plain),
]
