# SPDX-License-Identifier: Apache-2.0
"""Measures one request and writes one line about it. The modules django, flask, asgi and wsgi are the adapters of the
frameworks; sqlalchemy counts the queries of an engine, sender ships lines to CloudWatch Logs or skywatch.

Another adapter does four things:

    profiler = Profiler(format="extended")                    # once
    measured = profiler.begin(method, path, header)           # when the request arrives; None: no line is wanted
    with using(measured): ...                                 # what runs inside finds it with current()
    measured.finish(method, view, status)                     # once, when the last byte is sent
"""
from .line import FORMATS, UNRESOLVED, format_line, word
from .measure import Measured, current, external, query, using
from .outgoing import watch_http_client, watch_httpx
from .profiler import LOGGER_NAME, Options, OptionsError, Profiler

__version__ = "0.2.0"
__all__ = ["FORMATS", "LOGGER_NAME", "UNRESOLVED", "Measured", "Options", "OptionsError", "Profiler", "current", "external",
           "format_line", "query", "using", "watch_http_client", "watch_httpx", "word"]
