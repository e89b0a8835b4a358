# SPDX-License-Identifier: Apache-2.0
"""Every panel of grafana/: its query as Grafana sends it, on lines whose table is computed here."""
import json
import math
import pathlib
import random
import re
import subprocess
import sys

import pytest

import server_process

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
FOLDER = ROOT / "grafana" / "provisioning" / "dashboards"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
STEP_MS = 60_000
DAMAGED = ["GET /health", "[other] GET user-list 900.00 500", "[profiler] broken", "ERROR it went wrong", "WARN nearly"]


# The traffic -----------------------------------------------------------------------------------------------------------

class Request:
    def __init__(self, chance, number, start):
        self.at = start + number * 1_700
        self.method = chance.choice(["GET", "GET", "POST", "PUT", "OPTIONS", "HEAD"])
        self.view = chance.choice(["user-list", "user-detail", "order"])
        self.duration = chance.randrange(100, 60_000) / 100
        self.status = chance.choice(["200", "200", "201", "302", "404", "500", "503"])
        self.extended = number % 3 != 0
        self.size, self.queries = chance.randrange(0, 5_000), chance.randrange(0, 9)
        self.query_ms, self.external_ms = chance.randrange(0, 9_000) / 100, chance.choice([0, chance.randrange(1, 9_000) / 100])

    @property
    def line(self):
        head = f"profiler size={self.size} queries={self.queries} query_ms={self.query_ms:.2f} external_ms={self.external_ms:.2f}" if self.extended else "profiler"
        return f"[{head}] {self.method} {self.view} {self.duration:.2f} {self.status}"

    @property
    def bin(self):
        return self.at // STEP_MS * STEP_MS


def percentile(values, q):
    values = sorted(values)
    place = (len(values) - 1) * q / 100
    low = math.floor(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def mean(values):
    return sum(values) / len(values)


def grouped(requests, key):
    found = {}
    for request in requests:
        found.setdefault(key(request), []).append(request)
    return found


def durations(requests):
    return [request.duration for request in requests]


def failed(requests):
    return [request for request in requests if int(request.status) >= 500]


# What each panel must show: requests that the filters let through -> rows, in the panel's order if `ordered` ----------

def percentiles(requests):
    return {"average": mean(durations(requests)), **{f"p{q}": percentile(durations(requests), q) for q in (50, 95, 99)}}


def one_row(function):
    return lambda requests: [function(requests)] if requests else []


def over_time(function, chosen=lambda requests: requests):
    return lambda requests: [{"bin(1m)": at, **function(some)} for at, some in sorted(grouped(chosen(requests), lambda r: r.bin).items())]


def series(name, key, column, chosen=lambda requests: requests):
    def rows(requests):
        return [{name: value, "bin(1m)": at, column: len(some)}
                for (value, at), some in grouped(chosen(requests), lambda r: (key(r), r.bin)).items()]
    return rows


def by_view(function, order, chosen=lambda requests: requests):
    def rows(requests):
        table = [{"view": view, **function(some)} for view, some in grouped(chosen(requests), lambda r: r.view).items()]
        return sorted(table, key=lambda row: -row[order])
    return rows


def extended(requests):
    return [request for request in requests if request.extended]


def endpoints(requests):
    rows = [{"method": method, "view": view, "calls": len(some), "errors": len(failed(some)), **percentiles(some), "slowest": max(durations(some))}
            for (method, view), some in grouped(requests, lambda r: (r.method, r.view)).items()]
    return sorted(rows, key=lambda row: (-row["calls"], row["method"], row["view"]))


EXPECTED = {
    "Calls": one_row(lambda some: {"calls": len(some)}),
    "Average": one_row(lambda some: {"average": mean(durations(some))}),
    "Median": one_row(lambda some: {"p50": percentile(durations(some), 50)}),
    "95 % are faster than": one_row(lambda some: {"p95": percentile(durations(some), 95)}),
    "99 % are faster than": one_row(lambda some: {"p99": percentile(durations(some), 99)}),
    "Errors": one_row(lambda some: {"errors": 100 * len(failed(some)) / len(some)}),
    "Duration": over_time(percentiles),
    "Calls by status": series("class", lambda r: r.status[0] + "xx", "calls"),
    "Endpoints": endpoints,
    "Slowest views": by_view(lambda some: {"p95": percentile(durations(some), 95), "average": mean(durations(some)), "calls": len(some)}, "p95"),
    "Errors by view": series("view", lambda r: r.view, "errors", failed),
    "Requests above 200 ms": lambda requests: [
        {"@timestamp": r.at, "method": r.method, "view": r.view, "duration": r.duration, "status_code": float(r.status)}
        for r in sorted(requests, key=lambda r: -r.duration) if r.duration > 200][:50],
    "Response size by view": by_view(lambda some: {"average": mean([r.size for r in some]), "largest": max(r.size for r in some)}, "average", extended),
    "Where the time goes": over_time(lambda some: {"total": mean(durations(some)), "database": mean([r.query_ms for r in some]),
                                                   "external": mean([r.external_ms for r in some])}, extended),
    "Database by view": by_view(lambda some: {"queries": mean([r.queries for r in some]), "most_queries": max(r.queries for r in some),
                                              "database_time": mean([r.query_ms for r in some]), "longest": max(r.query_ms for r in some)},
                                "database_time", extended),
    "External calls by view": by_view(lambda some: {"calls": len(some), "external_time": mean([r.external_ms for r in some]),
                                                    "longest": max(r.external_ms for r in some)}, "external_time",
                                      lambda requests: [r for r in extended(requests) if r.external_ms > 0]),
}
ORDERED = {"Endpoints", "Slowest views", "Response size by view", "Database by view", "External calls by view"}


# Grafana's variables ---------------------------------------------------------------------------------------------------

VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::([^}]+))?\}")


class All(str):
    """The value "All" of a variable that has a text of its own for it: that goes into the query as it is."""


def interpolated(text, values):
    def replace(found):
        name, form = found.group(1) or found.group(2), found.group(3)
        if name not in values:
            return found.group(0)
        value = values[name]
        if isinstance(value, All):
            return str(value)
        several = value if isinstance(value, list) else [value]
        if form == "regex":
            escaped = [re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", one) for one in several]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        if form == "doublequote":
            return ",".join('"' + one.replace('"', '\\"') + '"' for one in several)
        assert form is None and len(several) == 1, f"{found.group(0)}: without a form several values have no sure spelling"
        return several[0]

    return VARIABLE.sub(replace, text)


def defaults(dashboard):
    """The values as the dashboard opens."""
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["name"] == "group":
            continue
        value = variable["current"]["value"]
        found[variable["name"]] = All(variable["allValue"]) if value == ["$__all"] else value
    return found


def asks(dashboard, group, values, start, end):
    arn = f"arn:aws:logs:{server_process.REGION}:{server_process.ACCOUNT}:log-group:{group}:*"
    for panel in dashboard["panels"]:
        [target] = panel["targets"]
        arns = [interpolated(one["arn"], {"group": arn}) for one in target["logGroups"]]
        yield panel["title"], {
            "do": "query", "query": interpolated(target["expression"], values), "statsGroups": target["statsGroups"], "crossAccount": True,
            "groups": [{"arn": one, "name": one} for one in arns], "groupNames": [interpolated(name, {"group": group}) for name in target["logGroupNames"]],
            "fromMs": start, "toMs": end}


@pytest.fixture
def shown(grafana_now, rows_of_frame, logs, group, now):
    """shown(dashboard, values, lines) -> {title: rows}."""

    def run(name, values, lines):
        for first in range(0, len(lines), 1000):
            logs.put_log_events(logGroupName=group, logStreamName="s",
                                logEvents=[{"timestamp": t, "message": m} for t, m in lines[first:first + 1000]])
        dashboard = DASHBOARDS[name]
        unknown = set(values) - set(defaults(dashboard))
        assert not unknown
        named = dict(asks(dashboard, group, {**defaults(dashboard), **values}, lines[0][0], lines[-1][0] + 1000))
        told = dict(zip(named, grafana_now.tell_all(list(named.values())), strict=True))
        for title, answer in told.items():
            assert answer.get("status") == "Complete", (title, named[title]["query"], answer)
        return {title: [row for frame in answer["frames"] for row in rows_of_frame(frame)] for title, answer in told.items()}

    return run


def close(rows):
    """Numbers to what four decimals leave."""
    return [{name: pytest.approx(value, abs=0.001) if isinstance(value, float) else value for name, value in row.items()} for row in rows]


def in_any_order(rows):
    """By texts and times, which name a row."""
    return sorted(rows, key=lambda row: sorted((name, str(value)) for name, value in row.items() if isinstance(value, str) or name.startswith(("bin(", "@timestamp"))))


@pytest.fixture
def traffic(now):
    chance = random.Random(7)
    start = (now - 3_600_000) // STEP_MS * STEP_MS
    requests = [Request(chance, number, start) for number in range(400)]
    lines = [(r.at, r.line) for r in requests]
    lines += [(start + 50 + 100 * n, text) for n, text in enumerate(DAMAGED)]
    return requests, sorted(lines)


def test_the_dashboards_are_current():
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "gen_grafana.py"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


CHOICES = {
    "as it opens": ({}, lambda r: True),
    "one method, slow ones": ({"method": ["GET"], "above": "200"}, lambda r: r.method == "GET" and r.duration >= 200),
    "methods, failures, a view": ({"method": ["GET", "PUT"], "status": ["4", "5"], "view": "user"},
                                  lambda r: r.method in ("GET", "PUT") and r.status[0] in "45" and "user" in r.view),
    "a view that is none": ({"view": 'a "quoted" one'}, lambda r: False),
}


@pytest.mark.parametrize("choice", CHOICES)
def test_endpoint_performance(shown, traffic, choice):
    requests, lines = traffic
    values, chosen = CHOICES[choice]
    through = [r for r in requests if r.method not in ("OPTIONS", "HEAD") and chosen(r)]
    assert choice == "a view that is none" or len(through) > 20
    found = shown("endpoint-performance", values, lines)
    article = found.pop("Average duration, 30 s each: the article's query")
    assert set(found) == set(EXPECTED)
    for title, rows in found.items():
        expected = EXPECTED[title](through)
        if title not in ORDERED:
            rows, expected = in_any_order(rows), in_any_order(expected)
        assert rows == close(expected), title
    # The article's query is the article's: it knows no variables, and takes whatever has its form.
    half_minutes = grouped(requests, lambda r: (r.method, r.view, r.status, r.at // 30_000 * 30_000))
    expected = [{"method": m, "view": v, "status_code": s, "bin(30s)": at, "avg_duration": mean(durations(some))}
                for (m, v, s, at), some in half_minutes.items()]
    other = [row for row in article if row["avg_duration"] == 900 and row["status_code"] == "500"]
    assert in_any_order([row for row in article if row not in other]) == close(in_any_order(expected))


def test_logs_overview(shown, traffic, group):
    requests, lines = traffic
    found = shown("logs-overview", {}, lines)
    per_minute = grouped(requests, lambda r: r.bin)
    first = min(per_minute)
    assert found["Events"] == [{"bin(1m)": at, "events": len(some) + (len(DAMAGED) if at == first else 0)} for at, some in sorted(per_minute.items())]
    assert in_any_order(found["Levels"]) == [{"level": "ERROR", "bin(1m)": first, "events": 1}, {"level": "WARN", "bin(1m)": first, "events": 1}]
    assert found["Streams"] == [{"@logStream": "s", "events": len(lines), "characters": sum(len(m) for _, m in lines)}]
    assert sum(row["@sampleCount"] for row in found["Patterns"]) == len(lines)
    assert all(row["@pattern"] for row in found["Patterns"])
    newest = found["Newest lines"]
    assert [(row["@timestamp"], row["@message"]) for row in newest] == [(t, m) for t, m in lines]
    # As it searches.
    found = shown("logs-overview", {"search": "went wrong"}, [(lines[-1][0] + 1, "nothing")])
    assert found["Newest lines"] == [], "the range holds the one new line alone"


def test_the_search_of_the_overview(shown, traffic):
    _, lines = traffic
    found = shown("logs-overview", {"search": "went wrong"}, lines)
    assert [row["@message"] for row in found["Newest lines"]] == ["ERROR it went wrong"]
    assert [row["events"] for row in found["Events"]] == [1]
