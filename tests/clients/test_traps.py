# SPDX-License-Identifier: Apache-2.0
"""The traps of the compatibility sheet that touch Logs: each breaks a real client when missed."""
import calendar
import email.utils
import gzip
import json
import re
import time
import uuid

import pytest

import server_process

PROFILER = [(1_000, "[profiler] GET user-list 12.34 200"), (5_000, "[profiler] GET user-list 7.66 200"),
            (31_000, "[profiler] POST user-list 100 500"), (40_000, "GET ignored")]
GRAFANA_PREFIX = ("fields @timestamp,ltrim(@log) as __log__grafana_internal__,"
                  "ltrim(@logStream) as __logstream__grafana_internal__|")
SEED = '''@message
| PARSE @message "[*] * * * *" as logger, method, view, duration, status_code
| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)'''


@pytest.fixture
def filled(logs, group, now):
    """A group with the worked example's events; yields (group, start of the example in ms, begin s, end s)."""
    start = (now - 3_600_000) // 60_000 * 60_000
    logs.put_log_events(logGroupName=group, logStreamName="s",
                        logEvents=[{"timestamp": start + t, "message": m} for t, m in PROFILER])
    return group, start, start // 1000, start // 1000 + 59


def test_trap_02_logs_speaks_json_1_1(wire, group):
    answer = wire.call("DescribeLogGroups", {"logGroupNamePrefix": group})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/x-amz-json-1.1")
    assert answer.json["logGroups"][0]["logGroupName"] == group


@pytest.mark.parametrize("operation, body, sign, status", [
    ("DescribeLogGroups", "{}", True, 200),
    ("CreateLogGroup", "{}", True, 400),
    ("NoSuchOperation", "{}", True, 400),
    ("PutMetricFilter", "{}", True, 400),
    ("DescribeLogGroups", "{", True, 400),
    ("DescribeLogGroups", "{}", False, 400),
])
def test_trap_03_every_answer_has_a_request_id(wire, operation, body, sign, status):
    answers = [wire.call(operation, body, sign=sign) for _ in range(2)]
    ids = [answer.headers["x-amzn-requestid"] for answer in answers]
    assert [answer.status for answer in answers] == [status, status]
    assert len(set(ids)) == 2
    for text in ids:
        uuid.UUID(text)


def test_trap_04_put_log_events_returns_a_sequence_token(logs, group, now):
    event = {"timestamp": now, "message": "one"}
    first = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
    assert isinstance(first["nextSequenceToken"], str) and first["nextSequenceToken"]
    for token in (first["nextSequenceToken"], "stale", first["nextSequenceToken"]):  # Sent back and never checked.
        again = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event], sequenceToken=token)
        assert again["nextSequenceToken"]


def test_trap_05_nothing_rejected_means_no_rejected_member(wire, group, now):
    body = {"logGroupName": group, "logStreamName": "s", "logEvents": [{"timestamp": now, "message": "one"}]}
    assert set(wire.call("PutLogEvents", body).json) == {"nextSequenceToken"}
    body["logEvents"].insert(0, {"timestamp": now - 15 * 86_400_000, "message": "old"})
    assert wire.call("PutLogEvents", body).json["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


@pytest.mark.parametrize("operation", ["PutLogEvents", "DescribeLogStreams"])
def test_trap_06_gzip_bodies_are_signed_as_sent(wire, logs, group, now, operation):
    body = {"logGroupName": group}
    if operation == "PutLogEvents":
        body.update(logStreamName="s", logEvents=[{"timestamp": now, "message": "x" * 20_000}])
    packed = gzip.compress(json.dumps(body).encode())
    answer = wire.call(operation, packed, headers={"content-encoding": "gzip"})
    assert answer.status == 200, answer.body
    if operation == "PutLogEvents":
        assert [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]] == ["x" * 20_000]
    else:
        assert answer.json["logStreams"][0]["logStreamName"] == "s"


def test_trap_06_a_signature_over_the_unpacked_bytes_is_refused(wire, group):
    body = json.dumps({"logGroupName": group}).encode()

    def pack(headers, unpacked):
        return dict(headers, **{"content-encoding": "gzip"}), gzip.compress(unpacked)

    answer = wire.call("DescribeLogStreams", body, change=pack)
    assert (answer.status, answer.type) == (400, "InvalidSignatureException")


@pytest.mark.parametrize("text, columns", [
    ("fields @message", {"@timestamp", "@message", "__log__grafana_internal__", "__logstream__grafana_internal__"}),
    ("filter @message like /GET/", {"@timestamp", "__log__grafana_internal__", "__logstream__grafana_internal__"}),
    ("# a comment first\nfields @message",
     {"@timestamp", "@message", "__log__grafana_internal__", "__logstream__grafana_internal__"}),
    ("stats count(*) as n", {"n"}),
    ("stats count(*) as n by bin(30s)", {"n", "bin(30s)"}),
])
def test_trap_11_grafanas_prefix_before_every_query(query, rows, filled, text, columns):
    group, _, begin, end = filled
    found = rows(query(group, GRAFANA_PREFIX + text, begin, end))
    assert found and set(found[0]) == columns
    if "__log__grafana_internal__" in columns:
        assert {row["__log__grafana_internal__"] for row in found} == {f"123456789012:{group}"}
        assert {row["__logstream__grafana_internal__"] for row in found} == {"s"}


@pytest.mark.parametrize("text", [
    SEED, "fields @timestamp, nothing, @message", "stats max(nothing) as a, count(*) as b", GRAFANA_PREFIX + SEED,
])
def test_trap_12_no_cell_is_without_a_value(wire, finished, filled, text):
    group, _, begin, end = filled
    started = wire.call("StartQuery", {"logGroupName": group, "startTime": begin, "endTime": end, "queryString": text}).json
    finished(started["queryId"])
    answer = wire.call("GetQueryResults", {"queryId": started["queryId"]}).json
    assert answer["status"] == "Complete" and answer["results"]
    assert set(answer["statistics"]) >= {"recordsMatched", "recordsScanned", "bytesScanned"}
    for row in answer["results"]:
        for cell in row:
            assert isinstance(cell["field"], str) and isinstance(cell["value"], str), row
            assert cell["field"] != "nothing"


@pytest.mark.parametrize("text, columns", [
    (SEED.replace(" as avg_duration", ""), ["method", "view", "status_code", "bin(30s)", "avg(duration)"]),
    ("stats count(*) by bin(30s)", ["bin(30s)", "count(*)"]),
    ("stats count() by bin(5m)", ["bin(5m)", "count()"]),
    ("stats avg( strlen( @message ) ) by bin( 1m )", ["bin(1m)", "avg(strlen(@message))"]),
    ("stats max(@timestamp) by @logStream", ["@logStream", "max(@timestamp)"]),
])
def test_trap_13_column_names_are_the_query_text_and_times_are_texts(query, filled, text, columns):
    group, _, begin, end = filled
    results = query(group, text, begin, end)["results"]
    full = [[cell["field"] for cell in row] for row in results]
    assert columns in full
    for row in results:
        for cell in row:
            if cell["field"].startswith("bin("):
                assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", cell["value"])


def test_trap_13_the_worked_example(query, rows, filled):
    group, start, begin, end = filled
    from demo_table import time_text

    first, second = time_text(start), time_text(start + 30_000)
    answer = query(group, SEED, begin, end)
    assert rows(answer) == [
        {"bin(30s)": second},
        {"method": "POST", "view": "user-list", "status_code": "500", "bin(30s)": second, "avg_duration": "100"},
        {"method": "GET", "view": "user-list", "status_code": "200", "bin(30s)": first, "avg_duration": "10"},
    ]
    assert answer["statistics"]["recordsScanned"] == 4.0


@pytest.mark.parametrize("form", ["{name}", "{arn}", "{arn}:", "{arn}:*"])
@pytest.mark.parametrize("operation", ["StartQuery", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"])
def test_trap_14_every_form_of_a_group_identifier(wire, group, now, form, operation):
    identifier = form.format(name=group, arn=f"arn:aws:logs:us-east-1:123456789012:log-group:{group}")
    body = {"StartQuery": {"logGroupIdentifiers": [identifier], "startTime": now // 1000 - 60, "endTime": now // 1000,
                           "queryString": "fields @message"},
            "DescribeLogStreams": {"logGroupIdentifier": identifier}, "FilterLogEvents": {"logGroupIdentifier": identifier},
            "GetLogEvents": {"logGroupIdentifier": identifier, "logStreamName": "s"}}[operation]
    answer = wire.call(operation, body)
    assert answer.status == 200, answer.body


def test_trap_16_describe_finds_the_exact_name_first_and_at_once(logs, name):
    names = [name, name + "-a", name + "/b", name + "0"]
    try:
        for made in reversed(names):
            logs.create_log_group(logGroupName=made)
            assert logs.describe_log_groups(logGroupNamePrefix=made, limit=1)["logGroups"][0]["logGroupName"] == made
        found = [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]]
        assert found == sorted(names)
        for stream in ("web-2", "web", "web-10"):
            logs.create_log_stream(logGroupName=name, logStreamName=stream)
            seen = logs.describe_log_streams(logGroupName=name, logStreamNamePrefix=stream, limit=1)["logStreams"]
            assert seen[0]["logStreamName"] == stream
        listed = [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=name)["logStreams"]]
        assert listed == ["web", "web-10", "web-2"]
    finally:
        for made in names:
            logs.delete_log_group(logGroupName=made)


def test_trap_17_operations_without_output_answer_an_empty_body(wire, name):
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    for operation, body in [
        ("CreateLogGroup", {"logGroupName": name}),
        ("CreateLogStream", {"logGroupName": name, "logStreamName": "s"}),
        ("PutRetentionPolicy", {"logGroupName": name, "retentionInDays": 7}),
        ("DeleteRetentionPolicy", {"logGroupName": name}),
        ("TagResource", {"resourceArn": arn, "tags": {"a": "b"}}),
        ("UntagResource", {"resourceArn": arn, "tagKeys": ["a"]}),
        ("DeleteLogStream", {"logGroupName": name, "logStreamName": "s"}),
        ("DeleteLogGroup", {"logGroupName": name}),
    ]:
        answer = wire.call(operation, body)
        assert (answer.status, answer.body) == (200, b""), operation
        assert answer.headers["content-length"] == "0"


def test_trap_21_sts_and_an_unknown_service_are_answered_at_once(server, shared_place):
    # What is not built must be an error of the client's own kind, quickly, never a 5xx that is retried.
    import boto3
    import botocore.config
    import botocore.exceptions

    def client(service):
        return boto3.client(service, endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=shared_place.keys[0],
                            aws_secret_access_key=shared_place.keys[1], config=botocore.config.Config(retries={"total_max_attempts": 1}))

    assert client("sts").get_caller_identity()["Account"] == server_process.ACCOUNT
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client("iam").list_account_aliases()
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_trap_22_the_date_header_is_the_servers_clock(wire):
    before = int(time.time())
    answers = [wire.call("DescribeLogGroups", "{}"), wire.call("DescribeLogGroups", "{}", sign=False)]
    after = int(time.time())
    for answer in answers:
        stamp = calendar.timegm(email.utils.parsedate(answer.headers["date"]))
        assert before - 1 <= stamp <= after + 1
        assert answer.headers["date"].endswith(" GMT")


@pytest.mark.parametrize("source", [
    "SOURCE logGroups(namePrefix: ['{name}']) | ",
    "SOURCE logGroups(namePrefix: ['{name}', 'nothing-begins-so'], class: ['STANDARD'], accountIdentifier: ['123456789012']) | ",
    "SOURCE logGroups(logGroupIdentifier: ['{name}']) | ",
    "SOURCE logGroups(logGroupIdentifier: ['arn:aws:logs:us-east-1:123456789012:log-group:{name}:']) | ",
    'SOURCE "{name}" | ',
    "SOURCE '{name}' start=-1d end=now | ",
])
@pytest.mark.parametrize("text, columns", [
    ("fields @message", {"@timestamp", "@message", "__log__grafana_internal__", "__logstream__grafana_internal__"}),
    ("stats count(*) as n by bin(30s)", {"n", "bin(30s)"}),
])
def test_trap_30_grafana_names_the_groups_in_the_text_alone(query, rows, logs, filled, source, text, columns):
    group, _, begin, end = filled
    answer = query(None, source.format(name=group) + GRAFANA_PREFIX + text, begin, end)
    assert answer["status"] == "Complete"
    found = rows(answer)
    assert found and set(found[0]) == columns
    # The text that DescribeQueries tells is a query again, with the same rows.
    told = logs.describe_queries(logGroupName=group, maxResults=1)["queries"][0]["queryString"]
    assert told.startswith(f'SOURCE "{group}" START=')
    assert rows(query(None, told, 1, 2)) == found


def test_trap_30_data_sources_with_chosen_groups(query, wire, filled):
    group, _, begin, end = filled
    answer = query([group], "SOURCE dataSource(['aws_vpc.flow']) | " + GRAFANA_PREFIX + "fields @message", begin, end)
    assert (answer["status"], answer["results"]) == ("Complete", [])  # The group carries no such data source.
    both = wire.call("StartQuery", {"logGroupName": group, "startTime": begin, "endTime": end, "queryString": f"SOURCE '{group}' | limit 1"})
    assert (both.status, both.type) == (400, "InvalidParameterException")


def test_the_groups_of_a_query_are_listed(logs, filled):
    group, _, begin, end = filled
    started = logs.start_query(startTime=begin, endTime=end, queryString=f"SOURCE '{group}' | limit 1")["queryId"]
    assert logs.list_log_groups_for_query(queryId=started)["logGroupIdentifiers"] == [group]
