# SPDX-License-Identifier: Apache-2.0
"""Groups, streams, tags, retention: the exact answers and messages that clients match."""
import concurrent.futures
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


def test_of_parallel_streams_one_is_made(shared_place, server, group):
    def create(client):
        try:
            client.create_log_stream(logGroupName=group, logStreamName="one")
            return "made"
        except client.exceptions.ClientError as failure:
            return failure.response["Error"]["Code"]

    clients = [shared_place.client() for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, clients)) == ["ResourceAlreadyExistsException"] * 7 + ["made"]


def test_writers_that_lose_against_a_delete_are_told_so(shared_place, server, name, now):
    """Never another error, and nothing of the old group in the new one."""
    stop, codes = threading.Event(), set()

    def write(client):
        while not stop.is_set():
            try:
                client.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": "m"}])
                codes.add("stored")
            except client.exceptions.ClientError as failure:
                codes.add(failure.response["Error"]["Code"])

    owner = shared_place.client()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, shared_place.client()) for _ in range(3)]
        try:
            for _ in range(20):
                owner.create_log_group(logGroupName=name)
                owner.create_log_stream(logGroupName=name, logStreamName="s")
                owner.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": "mine"}])
                owner.delete_log_group(logGroupName=name)
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    assert codes <= {"stored", "ResourceNotFoundException"} and "ResourceNotFoundException" in codes
    owner.create_log_group(logGroupName=name)
    assert owner.filter_log_events(logGroupName=name)["events"] == []
    owner.delete_log_group(logGroupName=name)


def test_what_is_written_is_read_at_once_on_every_connection(shared_place, server, name):
    clients = [shared_place.client() for _ in range(3)]
    for n in range(30):
        one, other = clients[n % 3], clients[(n + 1) % 3]
        one.create_log_group(logGroupName=f"{name}/{n}", tags={"n": str(n)})
        one.put_retention_policy(logGroupName=f"{name}/{n}", retentionInDays=5)
        found = other.describe_log_groups(logGroupNamePrefix=f"{name}/{n}")["logGroups"][0]
        assert (found["logGroupName"], found["retentionInDays"]) == (f"{name}/{n}", 5)
        one.delete_log_group(logGroupName=f"{name}/{n}")
        assert other.describe_log_groups(logGroupNamePrefix=f"{name}/{n}")["logGroups"] == []


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


@pytest.mark.parametrize("log_class", ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"])
def test_what_each_class_allows(logs, name, now, error, finished, log_class):
    logs.create_log_group(logGroupName=name, logGroupClass=log_class)
    try:
        described = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
        assert (described["logGroupClass"], described.get("retentionInDays")) == (log_class, 1 if log_class == "DELIVERY" else None)
        found = logs.describe_log_groups(logGroupNamePrefix=name, logGroupClass=log_class)["logGroups"]
        assert [g["logGroupName"] for g in found] == [name]
        other = "STANDARD" if log_class != "STANDARD" else "DELIVERY"
        assert logs.describe_log_groups(logGroupNamePrefix=name, logGroupClass=other)["logGroups"] == []
        logs.create_log_stream(logGroupName=name, logStreamName="s")
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": "one"}])
        assert [e["message"] for e in logs.get_log_events(logGroupName=name, logStreamName="s")["events"]] == ["one"]
        assert [e["message"] for e in logs.filter_log_events(logGroupName=name, filterPattern="one")["events"]] == ["one"]
        asked = {"logGroupName": name, "startTime": now // 1000 - 60, "endTime": now // 1000 + 60, "queryString": "fields @message"}
        if log_class == "DELIVERY":
            assert error(logs.put_retention_policy, logGroupName=name, retentionInDays=7)[0] == "InvalidParameterException"
            assert error(logs.delete_retention_policy, logGroupName=name)[0] == "InvalidParameterException"
            assert error(logs.start_query, **asked)[0] == "InvalidParameterException"
        else:
            logs.put_retention_policy(logGroupName=name, retentionInDays=7)
            assert len(finished(logs.start_query(**asked)["queryId"])["results"]) == 1
    finally:
        logs.delete_log_group(logGroupName=name)


@pytest.mark.parametrize("search, found", [
    ({"logGroupNamePattern": "shop"}, ["a-shop", "b-shop"]), ({"logGroupNamePattern": "-shop|-bank"}, ["a-shop", "b-shop", "c-bank"]),
    ({"logGroupNamePattern": "SHOP"}, []), ({"logGroupNamePattern": "^shop"}, []),
    ({"logGroupTags": [{"key": "team", "values": ["red"]}]}, ["a-shop"]), ({"logGroupTags": [{"key": "team", "values": ["!red"]}]}, ["b-shop"]),
    ({"logGroupTags": [{"key": "team", "values": ["b*", "*d"]}]}, ["a-shop", "b-shop"]), ({"logGroupTags": [{"key": "team"}]}, ["a-shop", "b-shop"]),
    ({"logGroupTags": [{"key": "team"}, {"key": "stage", "values": ["prod"]}]}, ["b-shop"]),
    ({"logGroupNamePattern": "shop", "logGroupClass": "INFREQUENT_ACCESS"}, ["b-shop"]),
])
def test_list_log_groups_searches(logs, name, search, found):
    made = {"a-shop": {"team": "red"}, "b-shop": {"team": "blue", "stage": "prod"}, "c-bank": {}}
    mark = name[-8:]
    for group, tags in made.items():
        options = {"tags": tags} if tags else {}
        logs.create_log_group(logGroupName=f"{mark}{group}", logGroupClass="INFREQUENT_ACCESS" if group == "b-shop" else "STANDARD", **options)
    try:
        listed, token = [], {}
        while True:
            page = logs.list_log_groups(limit=1, **search, **token)
            listed += [g["logGroupName"] for g in page["logGroups"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert [g.removeprefix(mark) for g in listed if g.startswith(mark)] == found
    finally:
        for group in made:
            logs.delete_log_group(logGroupName=f"{mark}{group}")
