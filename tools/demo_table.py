# SPDX-License-Identifier: Apache-2.0
"""The table that the seed's query must give, computed from the application's own lines with exact arithmetic.

Shares nothing with skywatch: lines are cut at blanks, averages are fractions, bins are integer divisions. Only the last step
follows the language: a number is a double, so the exact average is rounded once to the nearest one before it becomes text.
"""
import datetime
from fractions import Fraction

QUERY = """@message
| PARSE @message "[*] * * * *" as logger, method, view, duration, status_code
| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)"""
COLUMNS = ("method", "view", "status_code", "bin(30s)", "avg_duration")
BIN_MS = 30_000
_SCALE = 10_000  # A computed number shows at most four decimals.


def number_text(value):
    """A fraction with at most four decimals, rounded half to even, without trailing zeros."""
    scaled = value * _SCALE
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    sign, whole = ("-", -whole) if whole < 0 else ("", whole)
    decimals = f"{whole % _SCALE:04d}".rstrip("0")
    return f"{sign}{whole // _SCALE}" + (f".{decimals}" if decimals else "")


def time_text(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d}"


def fields(line):
    """(method, view, duration as a fraction, status) of a plain or extended line."""
    head, bracket, tail = line.partition("] ")
    if not (head.startswith("[profiler") and bracket):
        raise ValueError(f"not a line of the profiler: {line!r}")
    method, view, duration, status = tail.split(" ")
    return method, view, Fraction(duration), status


def expected_rows(lines):
    """Rows in the documented order from (epoch ms, line) pairs: newest bin first, then the other keys ascending."""
    groups = {}
    for ms, line in lines:
        method, view, duration, status = fields(line)
        total, count = groups.get((method, view, status, ms // BIN_MS * BIN_MS), (Fraction(0), 0))
        groups[method, view, status, ms // BIN_MS * BIN_MS] = (total + duration, count + 1)
    ordered = sorted(groups, key=lambda key: (-key[3], key[0], key[1], int(key[2])))
    rows = []
    for method, view, status, start in ordered:
        total, count = groups[method, view, status, start]
        rows.append((method, view, status, time_text(start), number_text(Fraction(float(total / count)))))
    return rows


def render(rows, columns=COLUMNS):
    """An aligned table; the last column is a number and stands to the right."""
    widths = [max(len(column), *(len(row[i]) for row in rows)) if rows else len(column) for i, column in enumerate(columns)]
    last = len(columns) - 1

    def one(cells):
        return "  ".join(c.rjust(widths[i]) if i == last else c.ljust(widths[i]) for i, c in enumerate(cells)).rstrip()

    return "\n".join([one(columns), "  ".join("-" * width for width in widths), *(one(row) for row in rows)])
