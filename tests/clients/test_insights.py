# SPDX-License-Identifier: Apache-2.0
"""Logs Insights through boto3: the worked examples, the seed's table on every form of line, errors and query life."""
import datetime
import json
import random

import pytest

import demo_table

# Seconds after the start of the example, as in the language's worked examples.
EVENTS = [(1, "[profiler] GET user-list 12.34 200"), (5, "[profiler] GET user-list 7.66 200"),
          (31, "[profiler] POST user-list 100 500"), (40, "GET ignored")]


def put(client, group, start_ms, events):
    client.put_log_events(logGroupName=group, logStreamName="s",
                          logEvents=[{"timestamp": start_ms + int(s * 1000), "message": m} for s, m in events])


@pytest.fixture
def start(now):
    """The start of a minute an hour ago, in seconds."""
    return (now - 3_600_000) // 60_000 * 60


@pytest.mark.parametrize("text, expected", [
    ("filter @message like /GET/ | stats count(*) as n", [{"n": "3"}]),
    (r"parse @message /(?<ms>\d+\.\d+) (?<st>\d{3})/ | filter ispresent(ms) | fields ms*2 as dbl | sort dbl desc | limit 1 | display ms, st, dbl",
     [{"ms": "12.34", "st": "200", "dbl": "24.68"}]),
    ("fields @message | limit 1", [{"@message": "GET ignored"}]),
    ('stats count(*) by strcontains(@message,"500") as err', [{"err": "0", "count(*)": "3"}, {"err": "1", "count(*)": "1"}]),
    ("fields 10 % 3 as r, 2 ^ 3 as p, 7/2 as d | display r, p, d | limit 1", [{"r": "1", "p": "8", "d": "3.5"}]),
    ('fields ltrim("xyZxyfooxyZ","xyZ") as a, trim("xyZxyfooxyxyZ","xyZ") as b, substr("xyZfooxyZ",3,3) as c | display a, b, c | limit 1',
     [{"a": "fooxyZ", "b": "foo", "c": "foo"}]),
    ("fields 1/3 as a, 128000000/1024/1024 as b | display a, b | limit 1", [{"a": "0.3333", "b": "122.0703"}]),
    ('filter @message like "nothing has this" | stats count(*)', []),
    ("sort @timestamp asc | limit 2 | display @message", [{"@message": EVENTS[0][1]}, {"@message": EVENTS[1][1]}]),
    ('parse @message "[*] * * * *" as l, m, v, d, s | filter ispresent(m) | stats pct(d, 50) as p, max(d), min(d), sum(d), count(*) by v',
     [{"v": "user-list", "p": "12.34", "max(d)": "100", "min(d)": "7.66", "sum(d)": "120", "count(*)": "3"}]),
])
def test_worked_examples(logs, query, rows, group, start, text, expected):
    put(logs, group, start * 1000, EVENTS)
    answer = query(group, text, start, start + 59)
    assert answer["status"] == "Complete"
    found = rows(answer)
    key = json.dumps
    if "sort" in text or len(expected) < 2:
        assert found == expected
    else:
        assert sorted(found, key=key) == sorted(expected, key=key)


def test_the_range_includes_both_of_its_seconds(logs, query, rows, group, start):
    put(logs, group, start * 1000, [(0, "a"), (0.999, "b"), (1, "c"), (1.999, "d"), (2, "e")])
    for begin, end, expected in [(0, 0, "ba"), (0, 1, "dcba"), (1, 1, "dc"), (2, 5, "e"), (3, 9, "")]:
        found = rows(query(group, "fields @message", start + begin, start + end))
        assert "".join(row["@message"] for row in found) == expected


def test_milliseconds_are_accepted_as_the_published_sample_sends_them(logs, query, rows, group, start):
    put(logs, group, start * 1000, EVENTS)
    assert rows(query(group, "stats count(*) as n", start * 1000, start * 1000 + 59_000)) == [{"n": "4"}]


def profiler_events(seed, count):
    """Lines with their exact values; durations whose averages need rounding, ties among them."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        made.append((chance.randrange(0, 180_000), chance.choice(["GET", "POST"]), chance.choice(["user-list", "order-list", "-"]),
                     f"{chance.randrange(0, 200_000) / 100:.2f}", chance.choice(["200", "404", "500"])))
    return sorted(made)


@pytest.mark.parametrize("form", ["plain", "extended", "mix"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_seeds_table_is_the_same_on_plain_extended_and_mixed_lines(logs, query, group, start, form, seed):
    events = profiler_events(seed, 800)
    lines = []
    for number, (offset, method, view, duration, status) in enumerate(events):
        extended = form == "extended" or (form == "mix" and number % 2)
        head = f"[profiler size={number} queries={number % 7} query_ms=1.20 external_ms=0.00]" if extended else "[profiler]"
        lines.append((start * 1000 + offset, f"{head} {method} {view} {duration} {status}"))
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": t, "message": m} for t, m in lines])
    answer = query(group, demo_table.QUERY, start, start + 180)
    found = [tuple(cell["value"] for cell in row) for row in answer["results"]]
    assert [tuple(cell["field"] for cell in row) for row in answer["results"]] == [demo_table.COLUMNS] * len(found)
    assert found == demo_table.expected_rows(lines)
    assert answer["statistics"]["recordsMatched"] == answer["statistics"]["recordsScanned"] == 800.0


def test_averages_that_lie_between_two_texts_round_to_even(logs, query, rows, group, start):
    # Odd multiples of 1/32 are doubles that lie exactly between two texts of four decimals.
    for second, (total, expected) in enumerate([(1, "0.0312"), (3, "0.0938"), (5, "0.1562"), (7, "0.2188")]):
        values = ["0.00"] * 31 + [f"{total}.00"]
        put(logs, group, start * 1000, [(second, f"[profiler] GET v{total} {value} 200") for value in values])
        found = rows(query(group, demo_table.QUERY, start + second, start + second))
        assert [row["avg_duration"] for row in found] == [expected]


@pytest.mark.parametrize("text, begin, end", [
    ("fields @timestamp | stats", None, None),
    ('parse @message "* *" as a', None, None),
    ("fields @message | nosuchcommand", 18, None),
    ("filter (", None, None),
    ("fields nosuch(@message)", None, None),
    ("stats count(*) by bin()", None, None),
    ("limit x", 6, 7),
    ("fields 'ñ🚀' as a | limit x", 26, 27),
    ("parse @message /(?<a>x/", None, None),
    ("fields @message |", None, None),
])
def test_malformed_queries_name_the_place(wire, group, start, text, begin, end):
    answer = wire.call("StartQuery", {"logGroupName": group, "startTime": start, "endTime": start + 1, "queryString": text})
    assert (answer.status, answer.type) == (400, "MalformedQueryException"), answer.body
    assert answer.headers["x-amzn-errortype"] == "MalformedQueryException"
    place = answer.json["queryCompileError"]["location"]
    units = len(text.encode("utf-16-le")) // 2
    assert 0 <= place["startCharOffset"] <= place["endCharOffset"] <= units
    if begin is not None:
        assert place["startCharOffset"] == begin
    if end is not None:
        assert place["endCharOffset"] == end


def test_boto3_reads_the_compile_error(logs, group, start):
    with pytest.raises(logs.exceptions.MalformedQueryException) as caught:
        logs.start_query(logGroupName=group, startTime=start, endTime=start, queryString="limit x")
    assert caught.value.response["queryCompileError"]["location"]["startCharOffset"] == 6


@pytest.mark.parametrize("body, code", [
    ({}, "InvalidParameterException"),
    ({"logGroupName": "g", "logGroupNames": ["g"]}, "InvalidParameterException"),
    ({"logGroupNames": [f"g{n}" for n in range(51)]}, "InvalidParameterException"),
    ({"logGroupName": "g", "queryLanguage": "SQL"}, "InvalidParameterException"),
    ({"logGroupName": "g", "queryLanguage": "PPL"}, "InvalidParameterException"),
    ({"logGroupName": "g", "limit": 0}, "InvalidParameterException"),
    ({"logGroupName": "g", "queryString": "x" * 10_001}, "InvalidParameterException"),
])
def test_refused_queries(wire, start, body, code):
    answer = wire.call("StartQuery", {"startTime": start, "endTime": start, "queryString": "fields @message", **body})
    assert (answer.status, answer.type) == (400, code), answer.body


def test_unknown_groups_are_named(wire, name, start):
    answer = wire.call("StartQuery", {"logGroupName": name, "startTime": start, "endTime": start, "queryString": "fields @message"})
    assert (answer.status, answer.type) == (400, "ResourceNotFoundException")
    assert answer.message.startswith(f"Log group '{name}' does not exist for account ID '123456789012' (Service: AWSLogs; Status Code: 400;"
                                     " Error Code: ResourceNotFoundException; Request ID: ")
    assert answer.message.endswith("; Proxy: null)")


def test_a_new_group_answers_at_once(query, group, start):
    answer = query(group, "fields @message", start, start + 1)
    assert (answer["status"], answer["results"]) == ("Complete", [])
    assert answer["queryLanguage"] == "CWLI"


def test_life_of_a_query(logs, finished, group, start, error):
    put(logs, group, start * 1000, EVENTS)
    started = logs.start_query(logGroupName=group, startTime=start, endTime=start + 59, queryString="fields @message")["queryId"]
    assert finished(started)["status"] == "Complete"
    code, _ = error(logs.stop_query, queryId=started)
    assert code == "InvalidParameterException"
    unknown = "00000000-0000-4000-8000-000000000000"
    assert error(logs.get_query_results, queryId=unknown)[0] == "ResourceNotFoundException"
    assert error(logs.stop_query, queryId=unknown)[0] == "ResourceNotFoundException"


def test_results_in_pages(wire, logs, finished, group, start):
    put(logs, group, start * 1000, [(n / 100, f"m{n}") for n in range(25)])
    started = logs.start_query(logGroupName=group, startTime=start, endTime=start + 1, queryString="fields @message | sort @timestamp asc")
    assert finished(started["queryId"])["status"] == "Complete"
    seen, token = [], {}
    while True:
        page = wire.call("GetQueryResults", {"queryId": started["queryId"], "maxItems": 10, **token}).json
        assert len(page["results"]) <= 10
        seen += [row[0]["value"] for row in page["results"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [f"m{n}" for n in range(25)]


def test_the_pointer_leads_to_the_record(logs, query, group, start):
    put(logs, group, start * 1000, EVENTS)
    row = query(group, "fields @timestamp, @message | limit 1", start, start + 59)["results"][0]
    assert [cell["field"] for cell in row] == ["@timestamp", "@message", "@ptr"]
    record = logs.get_log_record(logRecordPointer=row[2]["value"])["logRecord"]
    assert (record["@message"], record["@timestamp"], record["@logStream"], record["@log"]) == \
        ("GET ignored", str(start * 1000 + 40_000), "s", f"123456789012:{group}")


def test_the_pointer_leads_to_the_object(shared_place, logs, query, group, start):
    # The SDK puts "stream-" before the host of any endpoint; no such name leads to this machine.
    streaming = shared_place.client(inject_host_prefix=False)
    large = json.dumps({"é": "x" * 200_000 + "\U0001f600\n", "n": 1}, ensure_ascii=False)
    put(logs, group, start * 1000, [*EVENTS, (50, large)])
    found = query(group, "fields @message | sort @timestamp desc | limit 2", start, start + 59)["results"]
    for row, message, several in [(found[0], large, True), (found[1], "GET ignored", False)]:
        pointer = row[-1]["value"]
        pieces = [event["fields"]["data"] for event in streaming.get_log_object(logObjectPointer=pointer)["fieldStream"]]
        fields = json.loads(b"".join(pieces))
        assert fields == logs.get_log_record(logRecordPointer=pointer)["logRecord"]
        assert fields["@message"] == message
        assert (len(pieces) > 1) == several


def test_an_object_of_no_event_is_refused(shared_place, server, error):
    streaming = shared_place.client(inject_host_prefix=False)
    assert error(streaming.get_log_object, logObjectPointer="no pointer")[0] == "InvalidParameterException"


def test_several_groups(logs, query, rows, group, name, start):
    second = name + "-second"
    logs.create_log_group(logGroupName=second)
    logs.create_log_stream(logGroupName=second, logStreamName="s")
    try:
        put(logs, group, start * 1000, EVENTS)
        put(logs, second, start * 1000, EVENTS[:1])
        found = rows(query([group, second], "stats count(*) as n by @log", start, start + 59))
        assert sorted((row["@log"], row["n"]) for row in found) == sorted([(f"123456789012:{group}", "4"), (f"123456789012:{second}", "1")])
    finally:
        logs.delete_log_group(logGroupName=second)


def test_json_fields(logs, query, rows, group, start):
    put(logs, group, start * 1000, [(0, '{"status_code":404,"a":{"b":[1,{"c":"x"}]},"ms":1.50,"none":null}'), (1, '{"status_code":200}')])
    found = rows(query(group, "filter status_code not in [200,201] | display status_code, a.b.1.c, ms, none", start, start + 9))
    assert found == [{"status_code": "404", "a.b.1.c": "x", "ms": "1.50"}]


def test_log_group_fields(logs, query, group, now):
    logs.put_log_events(logGroupName=group, logStreamName="s",
                        logEvents=[{"timestamp": now - 2, "message": '{"a":1}'}, {"timestamp": now - 1, "message": '{"a":1,"b":2}'}])
    found = {f["name"]: f["percent"] for f in logs.get_log_group_fields(logGroupName=group)["logGroupFields"]}
    assert (found["@message"], found["a"], found["b"]) == (100, 100, 50)


def test_grafanas_time_axis_is_text_in_utc(logs, query, rows, group, start):
    put(logs, group, start * 1000, EVENTS)
    found = rows(query(group, "stats count(*) as n by bin(30s)", start, start + 59))
    moments = [datetime.datetime.strptime(row["bin(30s)"] + "+0000", "%Y-%m-%d %H:%M:%S.%f%z").timestamp() for row in found]
    assert moments == [start + 30, start]
