# SPDX-License-Identifier: Apache-2.0
"""GetLogEvents and FilterLogEvents: order, ranges, tokens; the SDK's paginators with pages of one."""
import pytest


@pytest.fixture
def five(logs, group, now):
    """Events e0..e4, one a second, the last one at `now`."""
    times = [now - 4000 + 1000 * n for n in range(5)]
    logs.put_log_events(logGroupName=group, logStreamName="s",
                        logEvents=[{"timestamp": t, "message": f"e{n}"} for n, t in enumerate(times)])
    return group, times


def get(client, group, **options):
    page = client.get_log_events(logGroupName=group, logStreamName="s", **options)
    return [e["message"] for e in page["events"]], page["nextForwardToken"], page["nextBackwardToken"]


def test_get_log_events_walks_both_ways_to_a_token_that_repeats(logs, five):
    group, _ = five
    seen, forward, backward = get(logs, group, limit=2)
    assert seen == ["e3", "e4"]
    seen, _, before = get(logs, group, limit=2, nextToken=backward)
    assert seen == ["e1", "e2"]
    seen, _, first = get(logs, group, limit=2, nextToken=before)
    assert seen == ["e0"]
    seen, _, end = get(logs, group, limit=2, nextToken=first)
    assert (seen, end) == ([], first)
    seen, end, _ = get(logs, group, limit=2, nextToken=forward)
    assert (seen, end) == ([], forward)


def test_get_log_events_from_the_head(logs, five, now):
    group, _ = five
    collected, token = [], {}
    while True:
        seen, forward, _ = get(logs, group, limit=2, startFromHead=True, **token)
        if token.get("nextToken") == forward:
            break
        collected.append(seen)
        token = {"nextToken": forward}
    assert collected == [["e0", "e1"], ["e2", "e3"], ["e4"]]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": "e5"}])
    assert get(logs, group, startFromHead=True, **token)[0] == ["e5"]  # Tailing by the same token.


@pytest.mark.parametrize("start, end, get_expected, filter_expected", [
    (0, 4, "0123", "01234"), (1, 3, "12", "123"), (2, 2, "", "2"), (None, 2, "01", "012"), (3, None, "34", "34"),
])
def test_the_end_is_excluded_by_get_and_included_by_filter(logs, five, start, end, get_expected, filter_expected):
    group, times = five
    window = {}
    if start is not None:
        window["startTime"] = times[start]
    if end is not None:
        window["endTime"] = times[end]
    assert "".join(m[1] for m in get(logs, group, startFromHead=True, **window)[0]) == get_expected
    found = logs.filter_log_events(logGroupName=group, **window)["events"]
    assert "".join(e["message"][1] for e in found) == filter_expected


def test_get_log_events_of_an_empty_stream(logs, group):
    seen, forward, backward = get(logs, group)
    assert seen == [] and forward and backward


@pytest.mark.parametrize("token", ["f/123/s", "x", "b/" + "9" * 70 + "/s", "f/" + "0" * 56])
def test_foreign_tokens_are_refused(logs, five, error, token):
    group, _ = five
    assert error(logs.get_log_events, logGroupName=group, logStreamName="s", nextToken=token) == \
        ("InvalidParameterException", "The specified nextToken is invalid.")
    assert error(logs.filter_log_events, logGroupName=group, nextToken=token) == \
        ("InvalidParameterException", "The specified nextToken is invalid.")


def test_filter_merges_the_streams_by_time(logs, group, now):
    for stream, offset in (("a", 0), ("b", 1), ("c", 2)):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream,
                            logEvents=[{"timestamp": now - 100 + 3 * n + offset, "message": f"{stream}{n}"} for n in range(10)])
    expected = [f"{stream}{n}" for n in range(10) for stream in "abc"]
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert [e["message"] for e in events] == expected
    assert all(set(e) == {"logStreamName", "timestamp", "message", "ingestionTime", "eventId"} for e in events)
    assert len({e["eventId"] for e in events}) == 30 and {len(e["eventId"]) for e in events} == {56}
    assert [e["eventId"] for e in events] == sorted(e["eventId"] for e in events)
    only = logs.filter_log_events(logGroupName=group, logStreamNames=["a", "c"])
    assert [e["message"] for e in only["events"]] == [m for m in expected if m[0] != "b"]
    assert only["searchedLogStreams"] == []
    assert {e["logStreamName"] for e in logs.filter_log_events(logGroupName=group, logStreamNamePrefix="b")["events"]} == {"b"}


def test_event_ids_are_stable(logs, five):
    group, _ = five
    first = [e["eventId"] for e in logs.filter_log_events(logGroupName=group)["events"]]
    assert first == [e["eventId"] for e in logs.filter_log_events(logGroupName=group)["events"]]


def test_filter_both_stream_selectors(logs, group, error):
    code, _ = error(logs.filter_log_events, logGroupName=group, logStreamNames=["s"], logStreamNamePrefix="s")
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("pattern, expected", [
    ("", "012345"), (" ", "012345"), ("ERROR", "04"), ("ERROR timeout", "4"), ("?timeout ?WARN", "14"), ('"db failed"', "0"), ("-ERROR", "1235"),
    ("%E[RW]+OR%", "04"), ('{ $.status >= 500 }', "3"), ('{ $.user.name = "a*" && $.status != 500 }', "2"), ("[level=WARN, ...]", "1"),
    ("[..., code=404]", "5"), ("nothing", ""),
])
def test_filter_patterns(logs, group, now, pattern, expected):
    lines = ["ERROR db failed", "WARN disk", '{"status":200,"user":{"name":"ann"}}', '{"status":500,"user":{"name":"abe"}}', "ERROR timeout",
             'GET "/a b" 404']
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now + n, "message": m} for n, m in enumerate(lines)])
    found = [str(lines.index(e["message"])) for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern=pattern, PaginationConfig={"PageSize": 2}) for e in page["events"]]
    assert "".join(found) == expected


@pytest.mark.parametrize("pattern, text", [
    ("a.b", "Invalid character(s) in term '.'"), ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
    ("{ $.a }", "Invalid filter pattern"), ("[a, ..., b, ...]", "Invalid filter pattern"),
])
def test_a_bad_filter_pattern_is_refused_in_the_services_words(logs, group, error, pattern, text):
    assert error(logs.filter_log_events, logGroupName=group, filterPattern=pattern) == ("InvalidParameterException", text)


def test_filter_tokens_belong_to_their_filter(logs, five, error):
    group, times = five
    page = logs.filter_log_events(logGroupName=group, limit=2)
    assert [e["message"] for e in page["events"]] == ["e0", "e1"]
    code, _ = error(logs.filter_log_events, logGroupName=group, limit=2, logStreamNames=["s"], nextToken=page["nextToken"])
    assert code == "InvalidParameterException"
    rest = logs.filter_log_events(logGroupName=group, limit=3, nextToken=page["nextToken"])
    assert [e["message"] for e in rest["events"]] == ["e2", "e3", "e4"]


def test_paginator_filter_log_events(logs, five):
    group, _ = five
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 1}))
    assert [e["message"] for page in pages for e in page["events"]] == ["e0", "e1", "e2", "e3", "e4"]
    assert all(len(page["events"]) <= 1 for page in pages)


def test_paginator_filter_log_events_backwards(logs_unchecked, wire, five):
    group, _ = five
    seen, body = [], {"logGroupName": group, "startFromHead": False, "startTime": 1_704_067_200_000, "limit": 2}
    while True:
        page = wire.call("FilterLogEvents", body).json
        seen += [e["message"] for e in page["events"]]
        if "nextToken" not in page:
            break
        body["nextToken"] = page["nextToken"]
    assert seen == ["e4", "e3", "e2", "e1", "e0"]


def test_paginator_describe_log_groups(logs, name):
    names = [f"{name}/{n}" for n in range(5)]
    for made in names:
        logs.create_log_group(logGroupName=made)
    try:
        pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name, PaginationConfig={"PageSize": 1}))
        assert [g["logGroupName"] for page in pages for g in page["logGroups"]] == names
        assert all(len(page["logGroups"]) <= 1 for page in pages)
        listed, token = [], {}
        while True:
            page = logs.list_log_groups(limit=2, **token)
            listed += [g["logGroupName"] for g in page["logGroups"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert [n for n in listed if n.startswith(name)] == names
    finally:
        for made in names:
            logs.delete_log_group(logGroupName=made)


def test_paginator_describe_log_streams(logs, group):
    for n in range(4):
        logs.create_log_stream(logGroupName=group, logStreamName=f"s{n}")
    for options, expected in [
        ({}, ["s", "s0", "s1", "s2", "s3"]), ({"descending": True}, ["s3", "s2", "s1", "s0", "s"]),
        ({"logStreamNamePrefix": "s1"}, ["s1"]),
    ]:
        pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 1}, **options)
        assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == expected


def test_streams_by_last_event(logs, group, now, error):
    for n, stream in enumerate(("x", "y", "z")):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": now - n, "message": "m"}])
    ordered = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert [s["logStreamName"] for s in ordered] == ["x", "y", "z", "s"]
    assert error(logs.describe_log_streams, logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="x") == \
        ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")


def test_paginator_describe_queries(logs, group, now, query):
    for n in range(3):
        query(group, f"limit {n + 1}", now // 1000 - 60, now // 1000)
    pages = list(logs.get_paginator("describe_queries").paginate(logGroupName=group, PaginationConfig={"PageSize": 1}))
    found = [q for page in pages for q in page["queries"]]
    assert len(found) == 3 and all(len(page["queries"]) <= 1 for page in pages)
    assert [q["queryString"].rsplit(" ", 1)[1] for q in found] == ["3", "2", "1"]
    assert all(q["queryString"].startswith(f'SOURCE "{group}" START=') and q["status"] == "Complete" for q in found)


def test_a_page_is_one_megabyte_at_most(logs, group, now):
    for n in range(3):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now + n, "message": str(n) * 600_000}])
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group))
    assert [e["message"][0] for page in pages for e in page["events"]] == ["0", "1", "2"]
    assert max(len(page["events"]) for page in pages) == 1
