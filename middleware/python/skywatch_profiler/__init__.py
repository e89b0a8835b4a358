# SPDX-License-Identifier: Apache-2.0
"""Measures one request and writes one line about it. Knows no framework; skywatch_profiler.django is the thin adapter of one.

An adapter does four things:

    measured = begin()                                  # when the request arrives
    ... run the request; queries call measured.add_query(ns), outgoing calls run inside external() ...
    measured.size = 512                                 # bytes of the response body
    measured.finish(method, view, status)               # once, when the last byte is produced
"""
from .line import FORMATS, UNRESOLVED, format_line, word
from .measure import Measured, begin, current, external, using
from .outgoing import watch_http_client

__all__ = ["FORMATS", "UNRESOLVED", "Measured", "begin", "current", "external", "format_line", "using",
           "watch_http_client", "word"]
