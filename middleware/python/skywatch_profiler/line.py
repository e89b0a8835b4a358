# SPDX-License-Identifier: Apache-2.0
"""The text of the line, in its three forms.

plain     [profiler] GET user-list 12.34 200
extended  [profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET user-list 12.34 200
json      {"logger":"profiler","method":"GET","view":"user-list","duration":12.34,"status_code":200,"size":512,...}

The extended form keeps its measures inside the first bracket, so that `parse @message "[*] * * * *"` reads the same
method, view, duration and status from both.
"""
import json

FORMATS = ("plain", "extended", "json")
UNRESOLVED = "-"  # The view of a request that no route matched: its path may be anything, so it is not written.
OTHER_METHOD = "_OTHER"

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"))
# A route is written by the program's author and short; the bound only keeps a mistake from filling the log.
_VIEW_CHARACTERS_MAX = 200
_NS_PER_HUNDREDTH = 10_000  # 0.01 ms


def word(text):
    """One field of the line: blanks and control characters would shift the fields behind them, so each becomes '_'."""
    kept = "".join("_" if c.isspace() or not c.isprintable() else c for c in text[:_VIEW_CHARACTERS_MAX])
    return kept or UNRESOLVED


def milliseconds(ns):
    """Nanoseconds as milliseconds with two decimals, rounded half up in integers: '12.34'."""
    hundredths = (max(ns, 0) + _NS_PER_HUNDREDTH // 2) // _NS_PER_HUNDREDTH
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def format_line(form, method, view, duration_ns, status, size=0, queries=0, query_ns=0, external_ns=0):
    """The line of one request. Clients choose their method freely, so an unknown one is written as '_OTHER'."""
    method = method if method in _METHODS else OTHER_METHOD
    view = word(view)
    duration = milliseconds(duration_ns)
    if form == "plain":
        return f"[profiler] {method} {view} {duration} {status:d}"
    if form == "extended":
        return (f"[profiler size={size:d} queries={queries:d} query_ms={milliseconds(query_ns)}"
                f" external_ms={milliseconds(external_ns)}] {method} {view} {duration} {status:d}")
    if form == "json":
        # Written by hand because json.dumps would drop the trailing zero of 12.30.
        return (f'{{"logger":"profiler","method":{json.dumps(method)},"view":{json.dumps(view)},"duration":{duration},'
                f'"status_code":{status:d},"size":{size:d},"queries":{queries:d},"query_ms":{milliseconds(query_ns)},'
                f'"external_ms":{milliseconds(external_ns)}}}')
    raise ValueError(f"the line's format must be one of {', '.join(FORMATS)}, not {form!r}")
