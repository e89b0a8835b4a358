# SPDX-License-Identifier: Apache-2.0
"""Groups, streams, tags, retention: the exact answers and messages that clients match."""
import threading

import pytest

ACCOUNT = "123456789012"


def arn_of(group):
    return f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"


def test_a_new_group_as_described(wire, logs, group):
    described = wire.call("DescribeLogGroups", {"logGroupNamePrefix": group}).json["logGroups"][0]
    assert described.pop("creationTime") > 1_600_000_000_000
    assert described == {"logGroupName": group, "metricFilterCount": 0, "arn": arn_of(group) + ":*", "logGroupArn": arn_of(group),
                         "storedBytes": 0, "logGroupClass": "STANDARD", "deletionProtectionEnabled": False}


@pytest.mark.parametrize("case, call, expected", [
    ("group exists", lambda c, g: c.create_log_group(logGroupName=g),
     ("ResourceAlreadyExistsException", "The specified log group already exists")),
    ("stream exists", lambda c, g: c.create_log_stream(logGroupName=g, logStreamName="s"),
     ("ResourceAlreadyExistsException", "The specified log stream already exists")),
    ("stream of an unknown group", lambda c, g: c.create_log_stream(logGroupName=g + "x", logStreamName="s"),
     ("ResourceNotFoundException", "The specified log group does not exist.")),
    ("delete an unknown group", lambda c, g: c.delete_log_group(logGroupName=g + "x"),
     ("ResourceNotFoundException", "The specified log group does not exist.")),
    ("delete an unknown stream", lambda c, g: c.delete_log_stream(logGroupName=g, logStreamName="t"),
     ("ResourceNotFoundException", "The specified log stream does not exist.")),
    ("streams of an unknown group", lambda c, g: c.describe_log_streams(logGroupName=g + "x"),
     ("ResourceNotFoundException", "The specified log group does not exist.")),
    ("long group name", lambda c, g: c.create_log_group(logGroupName="a" * 513),
     ("InvalidParameterException", "Invalid LogGroup or LogStream, both must have length less than or equal to 512.")),
    ("prefix and pattern", lambda c, g: c.describe_log_groups(logGroupNamePrefix=g, logGroupNamePattern=g),
     ("InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")),
    ("name and identifier", lambda c, g: c.describe_log_streams(logGroupName=g, logGroupIdentifier=g),
     ("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
])
def test_exact_messages(logs_unchecked, group, error, case, call, expected):
    assert error(lambda: call(logs_unchecked, group)) == expected


def test_a_bad_retention_names_the_allowed_days(logs, group, error):
    code, text = error(logs.put_retention_policy, logGroupName=group, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [" in text
    days = text.split("value set: [", 1)[1].rstrip("]").split(", ")
    assert set(map(int, days)) == {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}


def test_retention_is_set_and_removed(logs, group):
    def described():
        return logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]

    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    assert described()["retentionInDays"] == 30
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in described()


def test_both_families_of_tag_operations_share_one_store(logs, group):
    arn = arn_of(group)
    logs.tag_resource(resourceArn=arn, tags={"team": "shop", "stage": "test"})
    logs.tag_log_group(logGroupName=group, tags={"stage": "prod"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "shop", "stage": "prod"}
    logs.untag_log_group(logGroupName=group, tags=["team", "absent"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"stage": "prod"}
    logs.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_the_fifty_first_tag(logs, group, error):
    arn = arn_of(group)
    logs.tag_resource(resourceArn=arn, tags={f"k{n}": "v" for n in range(50)})
    code, _ = error(logs.tag_resource, resourceArn=arn, tags={"one-more": "v"})
    assert code == "TooManyTagsException"
    logs.tag_resource(resourceArn=arn, tags={"k0": "changed"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"]["k0"] == "changed"


def test_tags_given_at_creation(logs, name):
    logs.create_log_group(logGroupName=name, tags={"a": "b"})
    try:
        assert logs.list_tags_for_resource(resourceArn=arn_of(name))["tags"] == {"a": "b"}
    finally:
        logs.delete_log_group(logGroupName=name)


def test_deletion_protection(logs, name, error):
    logs.create_log_group(logGroupName=name, deletionProtectionEnabled=True)
    code, _ = error(logs.delete_log_group, logGroupName=name)
    assert code == "ValidationException"
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["deletionProtectionEnabled"] is True


def test_a_group_made_again_is_empty(logs, group, now):
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": "old"}])
    logs.tag_log_group(logGroupName=group, tags={"a": "b"})
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    described = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert "retentionInDays" not in described
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    assert logs.filter_log_events(logGroupName=group)["events"] == []
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {}


def test_of_parallel_creations_one_succeeds(shared_place, server, name):
    clients = [shared_place.client() for _ in range(8)]
    codes = []

    def create(client):
        try:
            client.create_log_group(logGroupName=name)
            codes.append("made")
        except client.exceptions.ClientError as failure:
            codes.append(failure.response["Error"]["Code"])

    threads = [threading.Thread(target=create, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clients[0].delete_log_group(logGroupName=name)
    assert sorted(codes) == ["ResourceAlreadyExistsException"] * 7 + ["made"]


@pytest.mark.parametrize("pattern, found", [("b/", "ab/c"), ("AB", "AB"), ("zz", "")])
def test_the_pattern_is_a_substring_with_its_case(logs, name, pattern, found):
    names = [f"{name}-{n}" for n in ("ab/c", "AB")]
    for made in names:
        logs.create_log_group(logGroupName=made)
    try:
        described = logs.describe_log_groups(logGroupNamePattern=pattern)["logGroups"]
        assert [g["logGroupName"] for g in described if g["logGroupName"].startswith(name)] == ([f"{name}-{found}"] if found else [])
    finally:
        for made in names:
            logs.delete_log_group(logGroupName=made)


@pytest.mark.parametrize("stream", ["a/b", "a#b", "2026/11/21/[$LATEST]0123", "ñ", "with blank", ".", "..", "a" * 512, "\x01"])
def test_streams_of_any_name(logs, group, now, stream):
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": now, "message": stream}])
    assert [e["message"] for e in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]] == [stream]
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]] == ["s"]


@pytest.mark.parametrize("operation", ["PutMetricFilter", "CreateExportTask", "PutTransformer", "DescribeFieldIndexes"])
def test_what_is_not_built_says_so(wire, operation):
    answer = wire.call(operation, "{}")
    assert (answer.status, answer.type) == (400, "UnknownOperationException")
    assert operation in answer.message and "docs/compatibility.md" in answer.message
