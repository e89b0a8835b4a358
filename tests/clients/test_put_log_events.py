# SPDX-License-Identifier: Apache-2.0
"""Every rule of PutLogEvents as the real client meets it."""
import pytest

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
BATCH_BYTES_MAX = 1_048_576
EVENT_BYTES = 26


def put(client, group, events, **more):
    return client.put_log_events(logGroupName=group, logStreamName="s",
                                 logEvents=[{"timestamp": t, "message": m} for t, m in events], **more)


def read(client, group):
    events, token = [], {}
    while True:
        page = client.filter_log_events(logGroupName=group, **token)
        events += [(e["timestamp"], e["message"]) for e in page["events"]]
        if "nextToken" not in page:
            return events
        token = {"nextToken": page["nextToken"]}


@pytest.mark.parametrize("messages", [
    ["one"], ["b", "a", "b", "a"], [" leading and trailing "], ["tab\tnewline\ncarriage\rreturn\r\n"], ["\x00\x01\x1f\x7f"],
    ["ñandú 北京 🚀 \u2028"], ["\"quotes\" \\backslash\\ /slash/"], ["{\"json\": [1, 2.50, null]}"], ["x" * 262_118], ["[profiler] GET a 1.00 200"] * 100,
])
def test_messages_come_back_byte_for_byte(logs, group, now, messages):
    put(logs, group, [(now, m) for m in messages])
    assert read(logs, group) == [(now, m) for m in messages]


def test_equal_timestamps_keep_their_order_across_batches(logs, group, now):
    for batch in range(5):
        put(logs, group, [(now, f"{batch}-{n}") for n in range(10)])
    assert [m for _, m in read(logs, group)] == [f"{batch}-{n}" for batch in range(5) for n in range(10)]


def test_ten_thousand_events_in_one_batch(logs, group, now):
    events = [(now + n // 100, f"event {n}") for n in range(10_000)]
    put(logs, group, events)
    assert read(logs, group) == events


def test_a_batch_of_exactly_the_limit(logs, group, now):
    size = BATCH_BYTES_MAX // 4 - EVENT_BYTES
    put(logs, group, [(now, c * size) for c in "abcd"])
    assert [m[0] + str(len(m)) for _, m in read(logs, group)] == [f"{c}{size}" for c in "abcd"]


@pytest.mark.parametrize("case, events, message", [
    ("unsorted", lambda now: [(now, "a"), (now - 1, "b")],
     "Log events in a single PutLogEvents request must be in chronological order."),
    ("unsorted by two days", lambda now: [(now, "a"), (now - 2 * DAY_MS, "b")],
     "Log events in a single PutLogEvents request must be in chronological order."),
    ("over 24 hours", lambda now: [(now - DAY_MS - 1, "a"), (now, "b")],
     "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."),
    ("too large", lambda now: [(now, "x" * (BATCH_BYTES_MAX // 2)), (now, "y" * (BATCH_BYTES_MAX // 2 - 2 * EVENT_BYTES + 1))],
     "Upload too large: 1048577 bytes exceeds limit of 1048576"),
    ("too large in UTF-8", lambda now: [(now, "ñ" * (BATCH_BYTES_MAX // 4)), (now, "ñ" * (BATCH_BYTES_MAX // 4))],
     "Upload too large: 1048628 bytes exceeds limit of 1048576"),
])
def test_refused_batches_store_nothing(logs, group, now, error, case, events, message):
    code, text = error(logs.put_log_events, logGroupName=group, logStreamName="s",
                       logEvents=[{"timestamp": t, "message": m} for t, m in events(now)])
    assert (code, text) == ("InvalidParameterException", message)
    assert read(logs, group) == []


def test_one_event_above_the_limit(logs, group, now, error):
    code, text = error(logs.put_log_events, logGroupName=group, logStreamName="s",
                       logEvents=[{"timestamp": now, "message": "x" * (BATCH_BYTES_MAX - EVENT_BYTES + 1)}])
    assert code == "InvalidParameterException"
    assert text.startswith(("Log event too large: ", "Upload too large: "))
    assert read(logs, group) == []


def test_ten_thousand_and_one_events(logs_unchecked, logs, group, now, error):
    code, text = error(logs_unchecked.put_log_events, logGroupName=group, logStreamName="s",
                       logEvents=[{"timestamp": now, "message": "m"}] * 10_001)
    assert code == "InvalidParameterException"
    assert text.startswith("1 validation error detected: Value ")
    assert "at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000" in text
    assert read(logs, group) == []


@pytest.mark.parametrize("body, code, part", [
    ({}, "InvalidParameterException", "3 validation errors detected: "),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": []}, "InvalidParameterException",
     "at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": ""}]}, "InvalidParameterException",
     "at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"message": "m"}]}, "InvalidParameterException",
     "Value null at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must not be null"),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": -1, "message": "m"}]}, "InvalidParameterException",
     "at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0"),
    ({"logGroupName": "bad group", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]}, "InvalidParameterException",
     "at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
    ({"logGroupName": "g", "logStreamName": "a:b", "logEvents": [{"timestamp": 1, "message": "m"}]}, "InvalidParameterException",
     "at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: "),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": {}}, "SerializationException", ""),
    ({"logGroupName": 1, "logStreamName": "s", "logEvents": []}, "SerializationException", ""),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": "1", "message": "m"}]}, "SerializationException", ""),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": 2}]}, "SerializationException", ""),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": ["m"]}, "SerializationException", ""),
    ({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 2 ** 63, "message": "m"}]}, "SerializationException", ""),
])
def test_malformed_members(wire, body, code, part):
    answer = wire.call("PutLogEvents", body)
    assert (answer.status, answer.type) == (400, code), answer.body
    assert part in answer.message


@pytest.mark.parametrize("ages, accepted, rejected", [
    ([15 * DAY_MS, 0], [1], {"tooOldLogEventEndIndex": 1}),
    ([0, -3 * HOUR_MS], [0], {"tooNewLogEventStartIndex": 1}),
    ([15 * DAY_MS, 15 * DAY_MS, 60_000, 0, -3 * HOUR_MS], [2, 3], {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4}),
    ([15 * DAY_MS], [], {"tooOldLogEventEndIndex": 1}),
    ([-3 * HOUR_MS, -4 * HOUR_MS], [], {"tooNewLogEventStartIndex": 0}),
    ([13 * DAY_MS], [0], None),
    ([-HOUR_MS], [0], None),
])
def test_too_old_and_too_new_events_are_dropped_and_named(logs, group, now, ages, accepted, rejected):
    answer = put(logs, group, [(now - age, f"event {n}") for n, age in enumerate(ages)])
    assert answer.get("rejectedLogEventsInfo") == rejected
    assert answer["nextSequenceToken"]
    assert [m for _, m in read(logs, group)] == [f"event {n}" for n in accepted]


def test_events_older_than_the_retention_are_expired(logs, group, now):
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    answer = put(logs, group, [(now - 25 * HOUR_MS, "old"), (now - HOUR_MS, "new")])
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert [m for _, m in read(logs, group)] == ["new"]


def test_a_stream_is_never_made_by_writing(logs, group, now, error, name):
    event = [{"timestamp": now, "message": "m"}]
    assert error(logs.put_log_events, logGroupName=group, logStreamName="other", logEvents=event) == \
        ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert error(logs.put_log_events, logGroupName=name + "-none", logStreamName="s", logEvents=event) == \
        ("ResourceNotFoundException", "The specified log group does not exist.")
    assert [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]] == ["s"]


def test_stream_times_follow_at_once(logs, group, now):
    assert set(logs.describe_log_streams(logGroupName=group)["logStreams"][0]) == {"logStreamName", "creationTime", "arn", "storedBytes"}
    put(logs, group, [(now - 1000, "a"), (now, "b")])
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (now - 1000, now)
    assert stream["lastIngestionTime"] >= now - 1000
    assert stream["uploadSequenceToken"] and stream["storedBytes"] == 0


def test_unknown_members_are_ignored_and_an_entity_is_accepted(wire, logs, group, now):
    body = {"logGroupName": group, "logStreamName": "s", "logEvents": [{"timestamp": now, "message": "m", "color": "red"}],
            "entity": {"keyAttributes": {"Type": "Service", "Name": "shop"}, "attributes": {"a": "b"}}, "later": {"x": [1]}}
    answer = wire.call("PutLogEvents", body, headers={"x-amzn-logs-format": "json/emf"})
    assert answer.status == 200, answer.body
    assert read(logs, group) == [(now, "m")]
