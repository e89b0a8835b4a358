# SPDX-License-Identifier: Apache-2.0
"""The sample application's settings; what changes between runs comes from the environment.

SKYWATCH_ENDPOINT     http://127.0.0.1:4580; without it the lines are not shipped
SKYWATCH_LOG_GROUP    the log group (default shop); SKYWATCH_LOG_STREAM the stream (default web)
SKYWATCH_LINE_FORMAT  plain, extended or json (default extended)
SHOP_DATABASE         the SQLite file (default shop.sqlite beside this folder)
SHOP_LINES_FILE       when set, a copy of every line with its time, one JSON array a line
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION as every AWS client reads them
"""
import os
import pathlib
import secrets

BASE = pathlib.Path(__file__).resolve().parent.parent

SECRET_KEY = secrets.token_hex(32)  # No sessions and no signed values: a new key at each start costs nothing.
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
INSTALLED_APPS = ["rest_framework", "shop"]
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", str(BASE / "shop.sqlite")),
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}

# The profiler first, so that the duration covers everything below it.
MIDDLEWARE = [
    "skywatch_profiler.django.ProfilerMiddleware",
    "django.middleware.common.CommonMiddleware",
]
SKYWATCH_PROFILER = {"format": os.environ.get("SKYWATCH_LINE_FORMAT", "extended")}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(message)s"}, "console": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "console"}},
    "loggers": {
        "skywatch.profiler": {"handlers": [], "level": "INFO", "propagate": False},
        "django.request": {"handlers": ["console"], "level": "CRITICAL", "propagate": False},
    },
}
_profiler_handlers = LOGGING["loggers"]["skywatch.profiler"]["handlers"]

if os.environ.get("SKYWATCH_ENDPOINT"):
    import boto3

    _logs = boto3.client("logs", endpoint_url=os.environ["SKYWATCH_ENDPOINT"], region_name=os.environ.get("AWS_REGION", "us-east-1"))
    _group, _stream = os.environ.get("SKYWATCH_LOG_GROUP", "shop"), os.environ.get("SKYWATCH_LOG_STREAM", "web")
    # watchtower would make both by itself, but it drops what other threads log while it makes the stream.
    for _create, _names in ((_logs.create_log_group, {"logGroupName": _group}),
                            (_logs.create_log_stream, {"logGroupName": _group, "logStreamName": _stream})):
        try:
            _create(**_names)
        except _logs.exceptions.ResourceAlreadyExistsException:
            pass
    LOGGING["handlers"]["cloudwatch"] = {
        "class": "watchtower.CloudWatchLogHandler",
        "formatter": "line",
        "boto3_client": _logs,
        "log_group_name": _group,
        "log_stream_name": _stream,
        "send_interval": 2,
    }
    _profiler_handlers.append("cloudwatch")

if os.environ.get("SHOP_LINES_FILE"):
    LOGGING["handlers"]["copy"] = {"class": "shop.lines.LineFile", "path": os.environ["SHOP_LINES_FILE"], "formatter": "line"}
    _profiler_handlers.append("copy")
