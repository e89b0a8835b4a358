# SPDX-License-Identifier: Apache-2.0
import json
import re

import pytest

from skywatch_profiler import begin, current, external, format_line, using
from skywatch_profiler.line import milliseconds

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


def test_unknown_form():
    with pytest.raises(ValueError, match="plain, extended, json"):
        format_line("xml", "GET", "v", 1, 200)
    with pytest.raises(ValueError, match="plain, extended, json"):
        begin("xml")


class Ticks:
    """A clock that the test moves."""

    def __init__(self):
        self.ns = 0

    def __call__(self):
        return self.ns


def test_one_line_a_request_with_the_time_of_the_first_finish(lines):
    clock = Ticks()
    measured = begin("extended", clock=clock)
    measured.add_query(1_500_000)
    measured.add_query(500_000)
    measured.add_size(10)
    clock.ns = 7_000_000
    measured.finish("POST", "v", 201)
    clock.ns = 9_000_000
    measured.finish("POST", "v", 500)
    assert lines == ["[profiler size=10 queries=2 query_ms=2.00 external_ms=0.00] POST v 7.00 201"]


def test_external_counts_nested_blocks_once_and_only_inside_a_request():
    clock = Ticks()
    with external(clock):
        clock.ns += 1_000_000
    measured = begin(clock=clock)
    with using(measured):
        with external(clock):
            clock.ns += 2_000_000
            with external(clock):
                clock.ns += 3_000_000
        with pytest.raises(KeyError), external(clock):
            clock.ns += 4_000_000
            raise KeyError
        with external(clock):
            clock.ns += 1_000_000
    assert measured.external_ns == 10_000_000
    assert current() is None
