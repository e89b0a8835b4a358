# SPDX-License-Identifier: Apache-2.0
"""The demonstration's own arithmetic, which judges the server's."""
from fractions import Fraction

import pytest

import demo_table


@pytest.mark.parametrize("value, text", [
    (Fraction("12.34"), "12.34"), (Fraction(229), "229"), (Fraction(1, 3), "0.3333"), (Fraction(2, 3), "0.6667"), (Fraction(0), "0"),
    (Fraction("0.00005"), "0"), (Fraction("0.00015"), "0.0002"), (Fraction("0.00025"), "0.0002"), (Fraction("99999.99995"), "100000"),
    (Fraction("-1.5"), "-1.5"),
])
def test_number_text(value, text):
    assert demo_table.number_text(value) == text


def test_expected_rows():
    base = 1_800_000_000_000
    lines = [(base + 1000, "[profiler] GET user-list 12.34 200"), (base + 5000, "[profiler size=1 queries=2 query_ms=0.10 external_ms=0.00] GET user-list 7.66 200"),
             (base + 31_000, "[profiler] POST user-list 100.00 500")]
    assert demo_table.expected_rows(lines) == [
        ("POST", "user-list", "500", demo_table.time_text(base + 30_000), "100"),
        ("GET", "user-list", "200", demo_table.time_text(base), "10"),
    ]
    assert demo_table.time_text(1_635_621_000_000) == "2021-10-30 19:10:00.000"


def test_render_is_aligned():
    assert demo_table.render([("GET", "v", "200", "t", "1.5")], ("method", "view", "s", "bin", "avg")) == \
        "method  view  s    bin  avg\n------  ----  ---  ---  ---\nGET     v     200  t    1.5"


@pytest.mark.parametrize("line", ["", "GET a 1 200", "[other] GET a 1 200"])
def test_other_lines_are_refused(line):
    with pytest.raises(ValueError):
        demo_table.fields(line)
