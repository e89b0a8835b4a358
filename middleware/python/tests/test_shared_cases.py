# SPDX-License-Identifier: Apache-2.0
"""What all packages write and read alike: middleware/testing/line_cases.json, which each language's tests replay."""
import json
import pathlib

import pytest

from skywatch_profiler import format_line
from skywatch_profiler.line import milliseconds
from skywatch_profiler.statements import shape
from skywatch_profiler.trace import trace_id

CASES = json.loads((pathlib.Path(__file__).resolve().parents[2] / "testing" / "line_cases.json").read_text())


@pytest.mark.parametrize("form, name, expected", CASES["forms"])
def test_forms(form, name, expected):
    given = CASES["fields"][name]
    assert format_line(form, given["method"], given["view"], given["duration_ns"], given["status"], given["size"], given["queries"], given["query_ns"], 0,
                       repeated=given["repeated"], sample=given["sample"], trace=given["trace"] or None) == expected


@pytest.mark.parametrize("text, expected", CASES["words"])
def test_words(text, expected):
    assert format_line("plain", "GET", text, 0, 200) == f"[profiler] GET {expected} 0.00 200"


@pytest.mark.parametrize("ns, expected", CASES["milliseconds"])
def test_milliseconds(ns, expected):
    assert milliseconds(ns) == expected


@pytest.mark.parametrize("sql, expected", CASES["statements"])
def test_statements(sql, expected):
    assert shape(sql) == expected


@pytest.mark.parametrize("xray, w3c, expected", CASES["traces"])
def test_traces(xray, w3c, expected):
    assert trace_id(xray or None, w3c or None) == (expected or None)
