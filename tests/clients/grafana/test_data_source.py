# SPDX-License-Identifier: Apache-2.0
"""What users of the CloudWatch data source do: each ask is a click, each answer what Grafana makes of ours.

The traps that these walk into are numbered as in tests/clients/test_traps.py, which looks at the bytes.
"""
import pytest

import server_process

LINES = [(0, "[profiler] GET user-list 12.50 200"), (5_000, "[profiler] GET user-list 7.50 200"),
         (31_000, "[profiler] POST order 100.25 500"), (40_000, "GET ignored")]
SEED = '''@message
| PARSE @message "[*] * * * *" as logger, method, view, duration, status_code
| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)'''
SEED_GROUPS = ["method", "view", "status_code", "bin(30s)"]


@pytest.fixture
def seeded(logs, group, now):
    """(group, its ARN as the picker keeps it, the first line's time in ms)."""
    start = (now - 3_600_000) // 60_000 * 60_000
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": start + t, "message": m} for t, m in LINES])
    return group, f"arn:aws:logs:{server_process.REGION}:{server_process.ACCOUNT}:log-group:{group}:*", start


@pytest.fixture
def range_of(seeded):
    # A range that ends within a second: the data source asks up to the next whole one.
    return {"fromMs": seeded[2], "toMs": seeded[2] + 59_250}


def test_save_and_test(grafana):
    grafana.show("health")


def test_the_settings_page_offers_regions_and_no_accounts(grafana):
    assert server_process.REGION in grafana.show("regions")["names"]
    assert "names" not in grafana.show("accounts")  # No monitoring account: no choice of accounts (trap 20).


def test_the_picker_of_groups(grafana_now, logs, seeded):
    group, arn, _ = seeded
    mine = {"arn": arn, "name": group, "accountId": server_process.ACCOUNT}
    for members in ({"prefix": group}, {"prefix": group, "accounts": ["all"]}, {"prefix": group, "accounts": [server_process.ACCOUNT]}):
        assert grafana_now.show("groups", **members)["groups"] == [mine]
    names = [f"{group}/{n:02}" for n in range(51)]  # One more than a page.
    try:
        for name in names:
            logs.create_log_group(logGroupName=name)
        assert [found["name"] for found in grafana_now.show("groups", prefix=group, listAll=True)["groups"]] == [group, *names]
        assert len(grafana_now.show("groups", prefix=group)["groups"]) == 50
    finally:
        for name in names:
            logs.delete_log_group(logGroupName=name)


def test_the_editor_completes_fields(grafana_now, logs, group, now):
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": '{"view": "user-list", "duration": 12.5}'}])
    fields = grafana_now.show("fields", Group=group)["fields"]
    assert fields["view"] == fields["duration"] == fields["@message"] == 100


FORMS = {
    "by name": lambda group, arn: {"groupNames": [group], "groups": [{"arn": arn, "name": group}]},
    "by ARN, cross-account on (trap 14)": lambda group, arn: {"groupNames": [group], "groups": [{"arn": arn, "name": group}], "crossAccount": True},
    "12.4, no monitoring account": lambda group, arn: {"groupNames": [group], "groups": [{"arn": arn, "name": group}], "asksForSinks": True},
    "12.4, in the text alone (trap 30)": lambda group, arn: {"source": {"prefixes": [group], "classes": ["STANDARD"]}},
    "12.4, in the text, of an account": lambda group, arn: {"source": {"prefixes": [group], "accounts": [server_process.ACCOUNT]}},
}


@pytest.mark.parametrize("form", FORMS)
def test_log_lines_in_a_panel(grafana_now, rows_of_frame, seeded, range_of, form):
    group, arn, start = seeded
    told = grafana_now.show("query", query="fields @message", **FORMS[form](group, arn), **range_of)
    assert told["status"] == "Complete"
    assert told["stats"]["recordsScanned"] == told["stats"]["recordsMatched"] == 4.0
    [frame] = told["frames"]
    assert {field["name"]: field["type"] for field in frame["fields"]} == {
        "@timestamp": "time", "@message": "string", "__log__grafana_internal__": "string", "__logstream__grafana_internal__": "string"}
    assert rows_of_frame(frame) == [
        {"@timestamp": start + t, "@message": m, "__log__grafana_internal__": f"{server_process.ACCOUNT}:{group}",
         "__logstream__grafana_internal__": "s"} for t, m in LINES]


def test_every_group_by_text(grafana_now, rows_of_frame, seeded, range_of):
    group, _, _ = seeded
    told = grafana_now.show("query", query=f"filter @log like '{group}' | stats count(*) as n", source={}, **range_of)
    assert rows_of_frame(told["frames"][0]) == [{"n": 4}]


def test_a_graph_has_a_series_a_group(grafana_now, rows_of_frame, seeded, range_of):
    group, arn, start = seeded
    told = grafana_now.show("query", query=SEED, statsGroups=SEED_GROUPS, groupNames=[group], **range_of)
    series = {frame["name"]: rows_of_frame(frame) for frame in told["frames"]}
    assert series == {
        "GETuser-list200": [{"method": "GET", "view": "user-list", "status_code": "200", "bin(30s)": start, "avg_duration": 10}],
        "POSTorder500": [{"method": "POST", "view": "order", "status_code": "500", "bin(30s)": start + 30_000, "avg_duration": 100.25}],
    }, "the row that has no group has no value either, and is left out"


def test_columns_without_an_alias_are_found_by_the_text_of_the_query(grafana_now, rows_of_frame, seeded, range_of):
    """Trap 13."""
    group, _, start = seeded
    told = grafana_now.show("query", query="stats count(*), max(strlen(@message)) by bin(30s)", statsGroups=["bin(30s)"], groupNames=[group], **range_of)
    assert rows_of_frame(told["frames"][0]) == [{"bin(30s)": start, "count(*)": 2, "max(strlen(@message))": 34},
                                                {"bin(30s)": start + 30_000, "count(*)": 2, "max(strlen(@message))": 32}]


def test_cells_that_rows_lack_are_no_nil_pointers(grafana_now, rows_of_frame, seeded, range_of):
    """Trap 12: numbers that meet a text, columns that some rows lack, a query that finds nothing."""
    group, _, _ = seeded
    text = 'parse @message "[*] * * * *" as logger, method, view, duration, status_code | display method, duration'
    told = grafana_now.show("query", query=text, groupNames=[group], **range_of)
    assert sorted(str(row) for row in rows_of_frame(told["frames"][0])) == [
        "{'method': 'GET', 'duration': 12.5}", "{'method': 'GET', 'duration': 7.5}", "{'method': 'POST', 'duration': 100.25}", "{}"]
    told = grafana_now.show("query", query='filter @message = "nothing" | stats count(*) by bin(1m)', groupNames=[group], **range_of)
    assert told["frames"] == [{"name": "CloudWatchLogsResponse", "fields": []}]


def test_an_alert_gets_numbers_with_labels(grafana_now, seeded, range_of):
    group, _, start = seeded
    told = grafana_now.show("alert", query=SEED, statsGroups=SEED_GROUPS, groupNames=[group], **range_of)
    assert told["status"] == "Complete"
    found = {frame["name"]: {field["name"]: (field["type"], field.get("labels"), field["values"]) for field in frame["fields"]} for frame in told["frames"]}
    assert found["POSTorder500"] == {
        "bin(30s)": ("time", None, [start + 30_000]),
        "avg_duration": ("number", {"method": "POST", "view": "order", "status_code": "500"}, [100.25])}
    [frame] = grafana_now.show("alert", query="stats count(*) as n", groupNames=[group], **range_of)["frames"]
    assert [(field["name"], field["type"], field["values"]) for field in frame["fields"]] == [("n", "number", [4])]


def test_a_panel_that_is_left_stops_its_query(grafana_now, seeded, range_of):
    group, _, _ = seeded
    query = grafana_now.show("start", query="fields @message", groupNames=[group], **range_of)["queryId"]
    # It has ended by itself, or has not: either is fine for somebody who leaves.
    assert isinstance(grafana_now.show("stop", queryId=query)["success"], bool)
    assert grafana_now.show("poll", queryId=query)["status"] in ("Complete", "Cancelled")
    assert grafana_now.show("stop", queryId=query)["success"] is False


def test_the_context_of_a_row(grafana_now, rows_of_frame, seeded, range_of):
    group, _, start = seeded
    row = rows_of_frame(grafana_now.show("query", query="fields @message", groupNames=[group], **range_of)["frames"][0])[2]
    place = {"Group": row["__log__grafana_internal__"], "Stream": row["__logstream__grafana_internal__"], "atMs": row["@timestamp"]}
    before, after = (rows_of_frame(grafana_now.show("context", backward=backward, **place)["frames"][0]) for backward in (True, False))
    assert before == [{"ts": start + t, "line": m} for t, m in reversed(LINES[:2])]  # Without the row itself.
    assert after == [{"ts": start + t, "line": m} for t, m in reversed(LINES[2:])]  # With it.


@pytest.mark.parametrize("ask, words", [
    ({"do": "query", "query": "fields @message | nosuchcommand", "groupNames": ["{group}"]}, "MalformedQueryException"),
    ({"do": "query", "query": "fields @message", "groupNames": ["no/such/group"]}, "ResourceNotFoundException"),
    ({"do": "query", "query": "fields @message", "groupNames": []}, "InvalidParameterException"),
    ({"do": "poll", "queryId": "00000000-0000-4000-8000-000000000000"}, "CloudWatch error: ResourceNotFoundException"),
    ({"do": "context", "Group": "no/such/group", "Stream": "s", "atMs": 1}, "ResourceNotFoundException"),
    ({"do": "fields", "Group": "no/such/group"}, "ResourceNotFoundException"),
])
def test_what_goes_wrong_is_told_and_not_tried_again(grafana_now, seeded, range_of, ask, words):
    ask = {name: [part.format(group=seeded[0]) for part in value] if isinstance(value, list) else value for name, value in ask.items()}
    told = grafana_now.tell(**{**range_of, **ask})
    assert words in told["error"]
    # The panel starts a query again when it reads one of these words (trap 15).
    assert "LimitExceededException" not in told["error"] and "ThrottlingException" not in told["error"]
