# SPDX-License-Identifier: Apache-2.0
import json
import re

import pytest

from skywatch_profiler import OptionsError, Profiler, current, external, format_line, query, using
from skywatch_profiler.line import milliseconds
from skywatch_profiler.statements import most_repeated, shape
from skywatch_profiler.trace import trace_id

# `parse @message "[*] * * * *"` as a regular expression.
GLOB = re.compile(r"\[(.*?)\] (.*?) (.*?) (.*?) (.*)", re.DOTALL)


@pytest.mark.parametrize("ns, text", [
    (0, "0.00"), (4_999, "0.00"), (5_000, "0.01"), (12_340_000, "12.34"), (999_995_000, "1000.00"), (-5, "0.00"),
    (3_600_000_000_000, "3600000.00"),
])
def test_milliseconds(ns, text):
    assert milliseconds(ns) == text


@pytest.mark.parametrize("form, expected", [
    ("plain", "[profiler] GET user-list 12.34 200"),
    ("extended", "[profiler size=512 queries=3 query_ms=1.20 external_ms=0.00] GET user-list 12.34 200"),
    ("json", '{"logger":"profiler","method":"GET","view":"user-list","duration":12.34,"status_code":200,"size":512,'
             '"queries":3,"query_ms":1.20,"external_ms":0.00}'),
])
def test_forms(form, expected):
    line = format_line(form, "GET", "user-list", 12_340_000, 200, 512, 3, 1_200_000, 0)
    assert line == expected
    if form == "json":
        assert json.loads(line)["duration"] == 12.34
    else:
        assert GLOB.search(line).groups()[1:] == ("GET", "user-list", "12.34", "200")


@pytest.mark.parametrize("form", ["plain", "extended"])
@pytest.mark.parametrize("method, view, seen_method, seen_view", [
    ("GET", "a b", "GET", "a_b"),
    ("GET", "a\nb\tc", "GET", "a_b_c"),
    ("GET", "", "GET", "-"),
    ("GET", "users/<int:pk>/", "GET", "users/<int:pk>/"),
    ("GET", "a] [b", "GET", "a]_[b"),
    ("GET", "día", "GET", "día"),
    ("GET", "x" * 1000, "GET", "x" * 200),
    ("BREW", "pot", "_OTHER", "pot"),
    ("A B", "pot", "_OTHER", "pot"),
    ("get", "pot", "_OTHER", "pot"),
])
def test_hostile_words_never_shift_the_fields(form, method, view, seen_method, seen_view):
    line = format_line(form, method, view, 1, 200)
    assert GLOB.search(line).groups()[1:] == (seen_method, seen_view, "0.00", "200")
    assert "\n" not in line


@pytest.mark.parametrize("form, more, start", [
    ("plain", {"repeated": 7, "trace": "t"}, "[profiler] GET"),
    ("plain", {"sample": 10}, "[profiler sample=10] GET"),
    ("extended", {"repeated": 7}, "[profiler size=0 queries=0 query_ms=0.00 external_ms=0.00 repeated=7] GET"),
    ("extended", {"repeated": 7, "sample": 10, "trace": "1-2-3"},
     "[profiler size=0 queries=0 query_ms=0.00 external_ms=0.00 repeated=7 sample=10 trace=1-2-3] GET"),
])
def test_what_else_stands_in_the_bracket(form, more, start):
    line = format_line(form, "GET", "v", 10_000_000, 200, **more)
    assert line == start + " v 10.00 200"
    assert GLOB.search(line).groups()[1:] == ("GET", "v", "10.00", "200")


def test_json_carries_the_same_names():
    line = json.loads(format_line("json", "GET", 'a"b', 12_300_000, 503, 1, 2, 3_000_000, 4_000_000, 5, 6, "t"))
    assert line == {"logger": "profiler", "method": "GET", "view": 'a"b', "duration": 12.3, "status_code": 503, "size": 1, "queries": 2,
                    "query_ms": 3, "external_ms": 4, "repeated": 5, "sample": 6, "trace": "t"}


def test_embedded_metrics_name_members_that_exist():
    line = json.loads(format_line("emf", "GET", "v", 12_300_000, 503, timestamp_ms=1700000000123, namespace="shop"))
    block = line["_aws"]
    assert block["Timestamp"] == 1700000000123
    (directive,) = block["CloudWatchMetrics"]
    assert directive["Namespace"] == "shop"
    for dimension in directive["Dimensions"][0]:
        assert isinstance(line[dimension], str)
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], (int, float)) and metric["Unit"] in ("Milliseconds", "Bytes", "Count")
    assert line["faults"] == 1


class Ticks:
    """A clock that the test moves."""

    def __init__(self):
        self.ns = 0

    def __call__(self):
        return self.ns

    def ms(self, count):
        self.ns += count * 1_000_000


def profiled(**options):
    clock = Ticks()
    return clock, Profiler(clock=clock, external=False, **options)


@pytest.mark.parametrize("options, text", [
    ({"format": "xml"}, "plain, extended, json, emf"),
    ({"formt": "plain"}, "unknown options: formt"),
    ({"sample": 0}, "sample must be at least 1"),
    ({"slower_than_ms": -1}, "slower_than_ms"),
    ({"skip_paths": "/health"}, "must be a list"),
    ({"skip_paths": ["("]}, "skip_paths"),
])
def test_wrong_options_are_refused(options, text):
    with pytest.raises(OptionsError, match=text):
        Profiler(**options)


def test_one_line_a_request_with_the_time_of_the_first_finish(lines):
    clock, profiler = profiled(format="extended")
    measured = profiler.begin("POST", "/")
    for _ in range(2):
        measured.query_starts()
        clock.ms(1)
        measured.query_ends("SELECT 1")
    clock.ms(5)
    measured.handed(10)
    clock.ms(1)  # What the server does with the last bytes is not the application's time.
    measured.finish("POST", "v", 201)
    clock.ms(2)
    measured.finish("POST", "v", 500)
    assert lines == ["[profiler size=10 queries=2 query_ms=2.00 external_ms=0.00] POST v 7.00 201"]


@pytest.mark.parametrize("starts, ends", [("query_starts", "query_ends"), ("call_starts", "call_ends")])
def test_parallel_work_is_counted_once(lines, starts, ends):
    clock, profiler = profiled(format="json")
    measured = profiler.begin("GET", "/")
    text = ("SELECT 1",) if ends == "query_ends" else ()
    getattr(measured, starts)()
    clock.ms(2)
    getattr(measured, starts)()
    clock.ms(3)
    getattr(measured, ends)(*text)
    clock.ms(4)
    getattr(measured, ends)(*text)
    clock.ms(8)
    getattr(measured, starts)()  # Still running when the last byte leaves.
    clock.ms(1)
    measured.finish("GET", "v", 200)
    clock.ms(100)
    getattr(measured, ends)(*text)
    seen = json.loads(lines[0])
    assert seen["query_ms"] + seen["external_ms"] == 10
    assert seen["duration"] == 18


def test_work_after_the_last_byte_is_not_counted(lines):
    clock, profiler = profiled(format="extended")
    measured = profiler.begin("GET", "/")
    clock.ms(3)
    measured.handed(1)
    measured.query_starts()
    clock.ms(50)
    measured.query_ends("SELECT 1")
    measured.finish("GET", "v", 200)
    assert lines == ["[profiler size=1 queries=1 query_ms=3.00 external_ms=0.00] GET v 3.00 200"]


def test_external_and_query_blocks(lines):
    clock, profiler = profiled(format="extended")
    with external(), query("SELECT 1"):
        clock.ms(1)
    measured = profiler.begin("GET", "/")
    with using(measured):
        with external():
            clock.ms(2)
            with external():
                clock.ms(3)
        with pytest.raises(KeyError), external():
            clock.ms(4)
            raise KeyError
        with query("SELECT 1"):
            clock.ms(1)
    measured.finish("GET", "v", 200)
    assert lines == ["[profiler size=0 queries=1 query_ms=1.00 external_ms=9.00] GET v 10.00 200"]
    assert current() is None


def test_head_has_no_body(lines):
    _, profiler = profiled(format="extended")
    measured = profiler.begin("HEAD", "/")
    measured.handed(100)
    measured.finish("HEAD", "v", 200)
    assert lines[0].startswith("[profiler size=0 ")


@pytest.mark.parametrize("options, method, path, ms, written", [
    ({}, "OPTIONS", "/", 0, 1),
    ({"skip_methods": ["OPTIONS", "HEAD"]}, "OPTIONS", "/", 0, 0),
    ({"skip_methods": ["OPTIONS", "HEAD"]}, "GET", "/", 0, 1),
    ({"skip_paths": ["^/health$", "^/static/"]}, "GET", "/health", 0, 0),
    ({"skip_paths": ["^/health$", "^/static/"]}, "GET", "/static/a.css", 0, 0),
    ({"skip_paths": ["^/health$", "^/static/"]}, "GET", "/healthy", 0, 1),
    ({"slower_than_ms": 200}, "GET", "/", 200, 0),
    ({"slower_than_ms": 200}, "GET", "/", 201, 1),
])
def test_filters(lines, options, method, path, ms, written):
    clock, profiler = profiled(**options)
    measured = profiler.begin(method, path)
    clock.ms(ms)
    if measured is not None:
        measured.finish(method, "v", 200)
    assert len(lines) == written


def test_a_logger_that_is_off_costs_nothing(lines):
    import logging

    logging.getLogger("skywatch.profiler").setLevel(logging.WARNING)
    assert profiled()[1].begin("GET", "/") is None


def test_sampling_keeps_one_in_n_and_says_so(lines):
    numbers = iter([0.0, 0.0999, 0.1, 0.5, 0.9999])
    _, profiler = profiled(sample=10, choose=lambda: next(numbers))
    for _ in range(5):
        measured = profiler.begin("GET", "/")
        if measured is not None:
            measured.finish("GET", "v", 200)
    assert lines == ["[profiler sample=10] GET v 0.00 200"] * 2


@pytest.mark.parametrize("sql, expected", [
    ("SELECT * FROM a WHERE id = 7", "SELECT * FROM a WHERE id = ?"),
    ("SELECT  *\n FROM a WHERE name = 'it''s' AND x=0x1F", "SELECT * FROM a WHERE name = ? AND x=?"),
    ("SELECT * FROM a WHERE id IN (%s, %s, %s)", "SELECT * FROM a WHERE id IN (?)"),
    ("SELECT * FROM a WHERE id IN ($1,$2)", "SELECT * FROM a WHERE id IN (?)"),
    ("SELECT * FROM a WHERE id IN (1, 2)", "SELECT * FROM a WHERE id IN (?)"),
    ("SELECT t1.c FROM t1", "SELECT t1.c FROM t1"),
])
def test_shape_of_a_statement(sql, expected):
    assert shape(sql) == expected


@pytest.mark.parametrize("texts, over, most", [
    ({}, 5, 0),
    ({"SELECT 1": 5}, 5, 0),
    ({"SELECT 1": 6}, 5, 6),
    ({f"SELECT * FROM a WHERE id = {n}": 1 for n in range(9)}, 5, 9),
    ({'SAVEPOINT "x"': 9, 'RELEASE SAVEPOINT "x"': 9, "SELECT 1": 1}, 5, 0),
    ({"SELECT a": 4, "SELECT b": 4}, 5, 0),
])
def test_most_repeated(texts, over, most):
    assert most_repeated(texts, over) == most


def test_repeated_statements_show_in_the_line(lines):
    _, profiler = profiled(format="extended", repeated_over=3)
    measured = profiler.begin("GET", "/")
    for n in range(4):
        measured.query_starts()
        measured.query_ends(f"SELECT * FROM users WHERE id = {n}")
    measured.finish("GET", "v", 200)
    assert lines == ["[profiler size=0 queries=4 query_ms=0.00 external_ms=0.00 repeated=4] GET v 0.00 200"]


XRAY = "1-5759e988-bd862e3fe1be46a994272793"
W3C = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("xray, w3c, expected", [
    (None, None, None),
    (f"Root={XRAY}", None, XRAY),
    (f"Self=1-2-3;Root={XRAY};Parent=53995c3f42cd8ad8;Sampled=1", None, XRAY),
    (f"Root={XRAY}x", None, None),
    (f"Root={XRAY}] GET", f"00-{W3C}-b7ad6b7169203331-01", W3C),
    (None, f"00-{W3C}-b7ad6b7169203331-01", W3C),
    (f"Root={XRAY}", f"00-{W3C}-b7ad6b7169203331-01", XRAY),
    (None, f"00-{'0' * 32}-b7ad6b7169203331-01", None),
    (None, f"ff-{W3C}-b7ad6b7169203331-01", None),
    (None, f"00-{W3C}-b7ad6b7169203331", None),
    (None, f"00-{W3C}-b7ad6b7169203331-01-" + "x" * 600, None),
])
def test_trace_of_the_headers(xray, w3c, expected):
    assert trace_id(xray, w3c) == expected


def test_trace_is_in_the_line(lines):
    _, profiler = profiled(format="extended")
    profiler.begin("GET", "/", {"x-amzn-trace-id": f"Root={XRAY}"}.get).finish("GET", "v", 200)
    assert lines == [f"[profiler size=0 queries=0 query_ms=0.00 external_ms=0.00 trace={XRAY}] GET v 0.00 200"]
