# SPDX-License-Identifier: Apache-2.0
"""Sends the profiler's lines of an application under test; options of the middleware come from the environment as JSON."""
import json
import logging
import os
import sqlite3

from skywatch_profiler import query
from skywatch_profiler.sender import CloudWatchHandler

WORK_S = 0.4  # What /rates takes: long beside anything that a busy machine adds.
OPTIONS = json.loads(os.environ.get("PROFILER_OPTIONS", '{"format": "extended"}'))


def ship():
    logger = logging.getLogger("skywatch.profiler")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(CloudWatchHandler(os.environ["SKYWATCH_LOG_GROUP"], endpoint_url=os.environ["SKYWATCH_ENDPOINT"]))


def logging_settings():
    """The same for Django, whose own set-up of logging closes the handlers that were there before."""
    handler = {"class": "skywatch_profiler.sender.CloudWatchHandler", "group": os.environ["SKYWATCH_LOG_GROUP"],
               "endpoint_url": os.environ["SKYWATCH_ENDPOINT"]}
    return {"version": 1, "disable_existing_loggers": False, "handlers": {"skywatch": handler},
            "loggers": {"skywatch.profiler": {"handlers": ["skywatch"], "level": "INFO", "propagate": False},
                        "django.request": {"level": "CRITICAL", "propagate": False}}}


def two_queries():
    connection = sqlite3.connect(":memory:")
    try:
        for text in ("SELECT 1", "SELECT 2"):
            with query(text):
                connection.execute(text).fetchall()
    finally:
        connection.close()
