# SPDX-License-Identifier: Apache-2.0
"""The text of the line, in its four forms.

plain     [profiler] GET user-list 12.34 200
extended  [profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET user-list 12.34 200
json      {"logger":"profiler","method":"GET","view":"user-list","duration":12.34,"status_code":200,"size":512,...}
emf       json, with the block that makes CloudWatch derive metrics from it (embedded metric format)

The extended form keeps its measures inside the first bracket, so that `parse @message "[*] * * * *"` reads the same
method, view, duration and status from both. Inside the bracket may follow, in this order: repeated=<n> (the same statement
n times), sample=<n> (one of n requests is written; in the plain form too), trace=<id>.
"""
from __future__ import annotations

import functools
import json

FORMATS = ("plain", "extended", "json", "emf")
UNRESOLVED = "-"  # The view of a request that no route matched: its path may be anything, so it is not written.
OTHER_METHOD = "_OTHER"
NAMESPACE = "skywatch/profiler"

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"))
# A route is written by the program's author and short; the bound only keeps a mistake from filling the log.
_VIEW_CHARACTERS_MAX = 200
# Views are as many as the program has routes; more of them than this and the cache only loses its use.
_WORDS_KEPT_MAX = 2048
_NS_PER_HUNDREDTH = 10_000  # 0.01 ms
# Names and units of the metrics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
_METRICS = (("duration", "Milliseconds"), ("size", "Bytes"), ("queries", "Count"), ("query_ms", "Milliseconds"),
            ("external_ms", "Milliseconds"), ("faults", "Count"))
_METRICS_TEXT = json.dumps([{"Name": name, "Unit": unit} for name, unit in _METRICS], separators=(",", ":"))


@functools.lru_cache(maxsize=_WORDS_KEPT_MAX)
def word(text: str) -> str:
    """One field of the line: blanks and control characters would shift the fields behind them, so each becomes '_'."""
    kept = "".join("_" if c.isspace() or not c.isprintable() else c for c in text[:_VIEW_CHARACTERS_MAX])
    return kept or UNRESOLVED


def milliseconds(ns: int) -> str:
    """Nanoseconds as milliseconds with two decimals, rounded half up in integers: '12.34'."""
    hundredths = (max(ns, 0) + _NS_PER_HUNDREDTH // 2) // _NS_PER_HUNDREDTH
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def method_word(method: str) -> str:
    """Clients choose their method freely, so an unknown one is written as '_OTHER'."""
    return method if method in _METHODS else OTHER_METHOD


@functools.lru_cache(maxsize=_WORDS_KEPT_MAX)
def _plain_head(method: str, view: str, sample: int) -> str:
    return f"[profiler{f' sample={sample:d}' if sample > 1 else ''}] {method} {word(view)} "


def plain_line(method: str, view: str, duration_ns: int, status: int, sample: int = 1) -> str:
    """The form plain, which most programs choose: everything but the numbers is looked up."""
    if method not in _METHODS:
        method = OTHER_METHOD  # Before the cache sees it: clients choose methods, and would empty it.
    return f"{_plain_head(method, view, sample)}{milliseconds(duration_ns)} {status:d}"


def format_line(form: str, method: str, view: str, duration_ns: int, status: int, size: int = 0, queries: int = 0, query_ns: int = 0,
                external_ns: int = 0, repeated: int = 0, sample: int = 1, trace: str | None = None, timestamp_ms: int = 0,
                namespace: str = NAMESPACE) -> str:
    """The line of one request. `timestamp_ms` (Unix milliseconds) and `namespace` are used by the form emf alone."""
    if form == "plain":
        return plain_line(method, view, duration_ns, status, sample)
    method = method_word(method)
    view = word(view)
    duration = milliseconds(duration_ns)
    if form == "extended":
        rest = ""
        if repeated:
            rest += f" repeated={repeated:d}"
        if sample > 1:
            rest += f" sample={sample:d}"
        if trace:
            rest += f" trace={trace}"
        return (f"[profiler size={size:d} queries={queries:d} query_ms={milliseconds(query_ns)}"
                f" external_ms={milliseconds(external_ns)}{rest}] {method} {view} {duration} {status:d}")
    if form in ("json", "emf"):
        # Written by hand because json.dumps would drop the trailing zero of 12.30.
        text = (f'"logger":"profiler","method":"{method}","view":{json.dumps(view)},"duration":{duration},'
                f'"status_code":{status:d},"size":{size:d},"queries":{queries:d},"query_ms":{milliseconds(query_ns)},'
                f'"external_ms":{milliseconds(external_ns)}')
        if repeated:
            text += f',"repeated":{repeated:d}'
        if sample > 1:
            text += f',"sample":{sample:d}'
        if trace:
            text += f',"trace":"{trace}"'
        if form == "json":
            return "{" + text + "}"
        return (f'{{"_aws":{{"Timestamp":{timestamp_ms:d},"CloudWatchMetrics":[{{"Namespace":{json.dumps(namespace)},'
                f'"Dimensions":[["method","view"]],"Metrics":{_METRICS_TEXT}}}]}},{text},"faults":{int(status >= 500):d}}}')
    raise ValueError(f"the line's format must be one of {', '.join(FORMATS)}, not {form!r}")
