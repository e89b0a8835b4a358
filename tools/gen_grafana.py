#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Grafana's two dashboards from the tables below; --check only compares.

A panel is a row: where it stands, what it shows, its query. Grafana's own syntax for variables is kept: ${method:regex}
is a choice of methods as a regular expression, ${view:doublequote} what was typed, as a string of the query language.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "grafana" / "provisioning" / "dashboards"
SOURCE = {"type": "cloudwatch", "uid": "skywatch"}
# What the data source takes for a log group's variable: the ARN where it asks by ARN, the name where it asks by name.
GROUPS = {"logGroups": [{"arn": "$group", "name": "$group"}], "logGroupNames": ["$group"]}

LINES = r'''parse @message "[*] * * * *" as logger, method, view, duration, status_code
| filter logger like /^profiler/ and method not in ["OPTIONS", "HEAD"]
| filter method like /^(${method:regex})$/ and status_code like /^(${status:regex})/
| filter view like ${view:doublequote} and duration >= ${above}
'''
MEASURES = LINES + r'''| parse logger /size=(?<size>\d+) queries=(?<queries>\d+) query_ms=(?<query_ms>[\d.]+) external_ms=(?<external_ms>[\d.]+)/
| filter ispresent(size)
'''
FOUND = "filter @message like ${search:doublequote}\n"
ARTICLE = '''@message
| PARSE @message "[*] * * * *" as logger, method, view, duration, status_code
| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)'''

# (title, kind, width of 24, height, unit, the texts by which series and columns are told apart, query)
ENDPOINTS = [
    ("Calls", "stat", 4, 4, "short", [], LINES + "| stats count(*) as calls"),
    ("Average", "stat", 4, 4, "ms", [], LINES + "| stats avg(duration) as average"),
    ("Median", "stat", 4, 4, "ms", [], LINES + "| stats pct(duration, 50) as p50"),
    ("95 % are faster than", "stat", 4, 4, "ms", [], LINES + "| stats pct(duration, 95) as p95"),
    ("99 % are faster than", "stat", 4, 4, "ms", [], LINES + "| stats pct(duration, 99) as p99"),
    ("Errors", "stat", 4, 4, "percent", [], LINES + "| fields status_code >= 500 as failed\n| stats 100 * sum(failed) / count(*) as errors"),
    ("Duration", "timeseries", 12, 8, "ms", [],
     LINES + "| stats avg(duration) as average, pct(duration, 50) as p50, pct(duration, 95) as p95, pct(duration, 99) as p99 by bin(${step})"),
    ("Calls by status", "bars", 12, 8, "short", ["class"],
     LINES + "| fields concat(substr(status_code, 0, 1), 'xx') as class\n| stats count(*) as calls by class, bin(${step})"),
    ("Endpoints", "table", 24, 9, "ms", ["method", "view"],
     LINES + "| fields status_code >= 500 as failed\n"
     "| stats count(*) as calls, sum(failed) as errors, avg(duration) as average, pct(duration, 50) as p50, pct(duration, 95) as p95, "
     "pct(duration, 99) as p99, max(duration) as slowest by method, view\n| sort calls desc, method, view"),
    ("Slowest views", "table", 12, 8, "ms", ["view"],
     LINES + "| stats pct(duration, 95) as p95, avg(duration) as average, count(*) as calls by view\n| sort p95 desc\n| limit 10"),
    ("Errors by view", "bars", 12, 8, "short", ["view"],
     LINES + "| filter status_code >= 500\n| stats count(*) as errors by view, bin(${step})"),
    ("Requests above 200 ms", "slowest", 24, 8, "ms", [],
     LINES + "| filter duration > 200\n| sort duration desc\n| limit 50\n| display @timestamp, method, view, duration, status_code"),
    ("Response size by view", "table", 12, 8, "decbytes", ["view"],
     MEASURES + "| stats avg(size) as average, max(size) as largest by view\n| sort average desc"),
    ("Where the time goes", "timeseries", 12, 8, "ms", [],
     MEASURES + "| stats avg(duration) as total, avg(query_ms) as database, avg(external_ms) as external by bin(${step})"),
    ("Database by view", "table", 12, 8, "ms", ["view"],
     MEASURES + "| stats avg(queries) as queries, max(queries) as most_queries, avg(query_ms) as database_time, max(query_ms) as longest by view\n"
     "| sort database_time desc"),
    ("External calls by view", "table", 12, 8, "ms", ["view"],
     MEASURES + "| filter external_ms > 0\n| stats count(*) as calls, avg(external_ms) as external_time, max(external_ms) as longest by view\n"
     "| sort external_time desc"),
    ("Average duration, 30 s each: the article's query", "timeseries", 24, 9, "ms", ["method", "view", "status_code"], ARTICLE),
]
OVERVIEW = [
    ("Events", "bars", 12, 7, "short", [], FOUND + "| stats count(*) as events by bin(${step})"),
    ("Levels", "bars", 12, 7, "short", ["level"],
     FOUND + r"| parse @message /\b(?<level>FATAL|CRITICAL|ERROR|WARN|INFO|DEBUG|TRACE)/" "\n"
     "| filter ispresent(level)\n| stats count(*) as events by level, bin(${step})"),
    ("Streams", "table", 8, 8, "short", ["@logStream"],
     FOUND + "| stats count(*) as events, sum(strlen(@message)) as characters by @logStream\n| sort events desc\n| limit 20"),
    ("Patterns", "table", 16, 8, "short", [], FOUND + "| pattern @message\n| sort @sampleCount desc\n| limit 20\n| display @sampleCount, @pattern"),
    ("Newest lines", "logs", 24, 14, "short", [], FOUND + "| fields @timestamp, @message\n| sort @timestamp desc\n| limit 500"),
]


def choice(name, label, values, all_value, current):
    """A variable of fixed values, several at once; `all_value` goes into the query as it is."""
    return {"type": "custom", "name": name, "label": label, "multi": True, "includeAll": True, "allValue": all_value,
            "query": ", ".join(f"{text} : {value}" if text != value else text for text, value in values),
            "options": [], "current": {"text": [current], "value": ["$__all" if current == "All" else current]}}


def typed(name, label, value=""):
    return {"type": "textbox", "name": name, "label": label, "query": value, "options": [], "current": {"text": value, "value": value}}


GROUP = {"type": "query", "name": "group", "label": "Log group", "datasource": SOURCE, "refresh": 1, "sort": 1, "multi": False, "includeAll": False,
         "query": {"queryType": "logGroups", "region": "default", "logGroupPrefix": "", "refId": "group"}, "options": [], "current": {}}
STEP = {"type": "interval", "name": "step", "label": "Step", "query": "30s,1m,5m,15m,1h,6h,1d", "auto": False, "options": [],
        "current": {"text": "1m", "value": "1m"}}
ABOVE = {"type": "custom", "name": "above", "label": "Slower than", "multi": False, "includeAll": False,
         "query": "any : 0, 200 ms : 200, 500 ms : 500, 1 s : 1000", "options": [], "current": {"text": "any", "value": "0"}}
METHODS = [(name, name) for name in ("GET", "POST", "PUT", "PATCH", "DELETE")]
STATUSES = [("2xx", "2"), ("3xx", "3"), ("4xx", "4"), ("5xx", "5")]

DASHBOARDS = [
    ("endpoint-performance", "Endpoint performance", ENDPOINTS,
     [GROUP, choice("method", "Method", METHODS, ".*", "All"), typed("view", "View contains"),
      choice("status", "Status", STATUSES, ".", "All"), ABOVE, STEP]),
    ("logs-overview", "Logs overview", OVERVIEW, [GROUP, typed("search", "Lines that contain"), STEP]),
]
KINDS = {
    "stat": ("stat", {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}, {}),
    "table": ("table", {"showHeader": True}, {}),
    # The data source sorts whatever has a time by it; the panel sorts again.
    "slowest": ("table", {"showHeader": True, "sortBy": [{"displayName": "duration", "desc": True}]}, {}),
    "timeseries": ("timeseries", {"legend": {"displayMode": "table", "placement": "right", "calcs": ["mean", "max"]}}, {"lineWidth": 1, "spanNulls": False}),
    "bars": ("timeseries", {"legend": {"displayMode": "list", "placement": "bottom"}},
             {"drawStyle": "bars", "fillOpacity": 70, "stacking": {"mode": "normal"}}),
    "logs": ("logs", {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True}, {}),
}
COUNTS = ["calls", "errors", "events", "characters", "queries", "most_queries", "status_code", "@sampleCount"]


def panels(rows):
    x = y = line_height = 0
    for number, (title, kind, width, height, unit, groups, query) in enumerate(rows, 1):
        if x + width > 24:
            x, y, line_height = 0, y + line_height, 0
        shape, options, custom = KINDS[kind]
        target = {"refId": "A", "datasource": SOURCE, "queryMode": "Logs", "queryLanguage": "CWLI", "region": "default", "id": "", **GROUPS,
                  "expression": query, "statsGroups": groups}
        plain = [{"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": "short"}]}
                 for name in COUNTS if shape == "table" and unit != "short" and name in query]
        yield {"id": number, "type": shape, "title": title, "datasource": SOURCE, "gridPos": {"x": x, "y": y, "w": width, "h": height},
               "fieldConfig": {"defaults": {"unit": unit, "custom": custom}, "overrides": plain}, "options": options, "targets": [target]}
        x, line_height = x + width, max(line_height, height)


def dashboard(uid, title, rows, variables):
    return {"uid": "skywatch-" + uid, "title": title, "tags": ["skywatch"], "schemaVersion": 39, "editable": True, "refresh": "1m",
            "time": {"from": "now-1h", "to": "now"}, "timezone": "browser", "templating": {"list": variables}, "panels": list(panels(rows))}


def main():
    stale = []
    for uid, title, rows, variables in DASHBOARDS:
        path = FOLDER / f"{uid}.json"
        text = json.dumps(dashboard(uid, title, rows, variables), indent=1, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(text)
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)}: not current (python3 tools/gen_grafana.py)")


if __name__ == "__main__":
    main()
