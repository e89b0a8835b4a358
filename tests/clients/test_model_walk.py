# SPDX-License-Identifier: Apache-2.0
"""Walks the published model of every operation of Logs that is built: what each missing member, broken constraint and wrong JSON type is
answered with, and that no error has a type that the operation does not list."""
import collections
import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
API = ROOT / "src/logs/api"
MODEL = json.loads((API / "model.json").read_text())
OVERRIDES = json.loads((API / "model_overrides.json").read_text())
SHAPES = MODEL["shapes"]
for shape in SHAPES.values():  # A member with traits of its own is an object.
    if shape["type"] == "structure":
        shape["members"] = {name: at["shape"] if isinstance(at, dict) else at for name, at in shape["members"].items()}
BUILT = sorted(re.findall(r'\{"(\w+)",\s*Access::', (API / "operations.cc").read_text()))
# What any operation may answer (logs-api.md 14): too much load, no access, a body without the modelled form, our own fault.
COMMON = {"ThrottlingException", "AccessDeniedException", "SerializationException"}
DEPTH_MAX = 4

Case = collections.namedtuple("Case", "what body expected")


def fitting(shape, length):
    """A text of that length that the shape's pattern takes, where one repeated character will do."""
    pattern = shape.get("pattern")
    if pattern is None or "\\p" in pattern:
        return "a" * length
    return next((c * length for c in "a0" if re.fullmatch(pattern, c * length)), "a" * length)


def valid(name, depth=0):
    """The least value that the shape allows."""
    shape = SHAPES[name]
    kind = shape["type"]
    if kind == "structure":
        return {member: valid(shape["members"][member], depth + 1) for member in shape.get("required", [])}
    if kind == "list":
        return [valid(shape["member"], depth + 1)] * shape.get("min", 0)
    if kind == "map":
        value = valid(shape["value"], depth + 1)
        return {"k" * max(SHAPES[shape["key"]].get("min", 1), 1) + str(n): value for n in range(shape.get("min", 0))}
    if kind == "string":
        return shape["enum"][0] if "enum" in shape else fitting(shape, shape.get("min", 0))
    if kind in ("integer", "long"):
        return shape.get("min", 1)
    return {"double": 1.5, "boolean": True, "blob": ""}[kind]


def shown(value):
    return "[]" if value == [] else "{}" if value == {} else str(value)


def broken(name, path):
    """(what, value, text of the answer or None where only the kind of it is sure) for each constraint of the shape."""
    shape = SHAPES[name]
    kind = shape["type"]
    low, high = shape.get("min"), shape.get("max")
    override = OVERRIDES["shapes"].get(name, {})

    def text(value, constraint):
        return f"1 validation error detected: Value '{shown(value)}' at '{path}' failed to satisfy constraint: {constraint}"

    if kind == "string" and "enum" in shape:
        yield "enum", "NO_SUCH_VALUE", None
    elif kind == "string":
        if high is not None and high <= 2_000:
            value = fitting(shape, high + 1)
            alone = "pattern" not in shape or "\\p" in shape["pattern"] or re.fullmatch(shape["pattern"], value)
            if not alone:
                pass  # Its pattern bounds the length as well: two faults in one.
            elif "max_text" in override:
                yield "max", value, override["max_text"]
            elif high < 200:  # The answer cuts longer values.
                yield "max", value, text(value, f"Member must have length less than or equal to {high}")
            else:
                yield "max", value, None
        if low and "pattern" not in shape:
            yield "min", "", text("", f"Member must have length greater than or equal to {low}")
        if "pattern" in shape and "\\p" not in shape["pattern"]:
            for bad in (":", "<", " ", "*"):
                value = bad * max(low or 1, 1)
                if not re.fullmatch(shape["pattern"], value) and not re.fullmatch(override.get("also_accept", r"(?!)"), value):
                    yield "pattern", value, text(value, f"Member must satisfy regular expression pattern: {shape['pattern']}")
                    break
    elif kind in ("integer", "long"):
        if low is not None:
            yield "min", low - 1, text(low - 1, f"Member must have value greater than or equal to {low}")
        if high is not None and high < 2**31 - 1:
            yield "max", high + 1, text(high + 1, f"Member must have value less than or equal to {high}")
    elif kind == "list":
        if low:
            yield "min", [], text([], f"Member must have length greater than or equal to {low}")
        if high is not None and high <= 200:
            yield "max", [valid(shape["member"])] * (high + 1), None
    elif kind == "map" and low:
        yield "min", {}, text({}, f"Member must have length greater than or equal to {low}")


WRONG_TYPE = {"string": [5, {}, []], "integer": ["1", 1.5, True, {}], "long": ["1", 1.5, False], "boolean": ["true", 0], "list": ["x", {}],
              "map": ["x", []], "structure": ["x", []], "double": ["1.5"]}


def cases_of(name, path, wrap, depth=0):
    """Bodies with one fault each inside the structure `name`, which `wrap` puts into its place."""
    shape = SHAPES[name]
    base = valid(name)
    required = shape.get("required", [])
    for member, member_shape in shape["members"].items():
        if isinstance(member_shape, dict):  # With traits of the member's own.
            member_shape = member_shape["shape"]
        here = f"{path}.{member}" if path else member

        def put(value, member=member):
            return wrap({**base, member: value})

        if member in required:
            text = f"1 validation error detected: Value null at '{here}' failed to satisfy constraint: Member must not be null"
            yield Case(f"{here}: absent", wrap({k: v for k, v in base.items() if k != member}), text)
            yield Case(f"{here}: null", put(None), text)
        for what, value, text in broken(member_shape, here):
            yield Case(f"{here}: {what}", put(value), text or "any")
        for value in WRONG_TYPE.get(SHAPES[member_shape]["type"], []):
            yield Case(f"{here}: {json.dumps(value)}", put(value), "SerializationException")
        inner = SHAPES[member_shape]
        if depth >= DEPTH_MAX:
            continue
        if inner["type"] == "structure":
            yield from cases_of(member_shape, here, put, depth + 1)
        elif inner["type"] == "list":
            element = SHAPES[inner["member"]]
            if element["type"] == "structure":
                yield from cases_of(inner["member"], f"{here}.1.member", lambda value, put=put: put([value]), depth + 1)
            else:
                for what, value, text in broken(inner["member"], f"{here}.1.member"):
                    yield Case(f"{here}[]: {what}", put([value]), text or "any")


def validation_type(operation):
    errors = set(MODEL["operations"][operation].get("errors", []))
    if "InvalidParameterException" in errors or "ValidationException" not in errors:
        return "InvalidParameterException"
    return "ValidationException"


@pytest.mark.parametrize("operation", BUILT)
def test_each_fault_of_a_request_is_told_as_the_service_does(wire, operation):
    model = MODEL["operations"][operation]
    seen = 0
    for case in cases_of(model["input"], "", lambda value: value):
        answer = wire.call(operation, case.body)
        where = (operation, case.what, answer.body[:400])
        assert answer.status == 400, where
        if case.expected == "SerializationException":
            assert answer.type == "SerializationException", where
        else:
            assert answer.type == validation_type(operation), where
            if case.expected == "any":
                assert answer.message.startswith("1 validation error detected: Value '"), where
            else:
                assert answer.message == case.expected, where
        seen += 1
    assert seen or not SHAPES[model["input"]]["members"]


@pytest.mark.parametrize("operation", BUILT)
def test_the_least_request_is_done_or_refused_with_a_listed_error(wire, logs, operation):
    """Resources named "a" do not exist: what succeeds has made or listed something, and leaves nothing behind."""
    model = MODEL["operations"][operation]
    answer = wire.call(operation, valid(model["input"]))
    listed = set(model.get("errors", [])) | set(OVERRIDES["operations"].get(operation, {}).get("errors_add", [])) | COMMON
    if answer.status != 200:
        assert answer.status == 400 and answer.type in listed, answer.body
        return
    assert operation.startswith(("Describe", "List", "Create", "Put", "TestMetricFilter", "Get")), operation
    if operation == "CreateLogGroup":
        assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix="a")["logGroups"]] == ["a"]
        logs.delete_log_group(logGroupName="a")
    elif "output" in model:
        assert set(answer.json) <= set(SHAPES[model["output"]]["members"])


# One probe for each operation that changes something: what has to be different afterwards. "$g" is a group with a stream "s".
ARN = "arn:aws:logs:us-east-1:123456789012:log-group:$g"
CHANGES = {
    "CreateLogGroup": ({"logGroupName": "$g/2"}, "DescribeLogGroups", {"logGroupNamePrefix": "$g/2"}),
    "CreateLogStream": ({"logGroupName": "$g", "logStreamName": "t"}, "DescribeLogStreams", {"logGroupName": "$g"}),
    "DeleteLogGroup": ({"logGroupName": "$g"}, "DescribeLogGroups", {"logGroupNamePrefix": "$g"}),
    "DeleteLogStream": ({"logGroupName": "$g", "logStreamName": "s"}, "DescribeLogStreams", {"logGroupName": "$g"}),
    "DeleteRetentionPolicy": ({"logGroupName": "$g"}, "DescribeLogGroups", {"logGroupNamePrefix": "$g"}),
    "PutRetentionPolicy": ({"logGroupName": "$g", "retentionInDays": 3}, "DescribeLogGroups", {"logGroupNamePrefix": "$g"}),
    "PutLogGroupDeletionProtection": ({"logGroupIdentifier": "$g", "deletionProtectionEnabled": True}, "DescribeLogGroups",
                                      {"logGroupNamePrefix": "$g"}),
    "PutLogEvents": ({"logGroupName": "$g", "logStreamName": "s", "logEvents": [{"timestamp": "$now", "message": "m"}]}, "FilterLogEvents",
                     {"logGroupName": "$g"}),
    "TagResource": ({"resourceArn": ARN, "tags": {"new": "1"}}, "ListTagsForResource", {"resourceArn": ARN}),
    "UntagResource": ({"resourceArn": ARN, "tagKeys": ["old"]}, "ListTagsForResource", {"resourceArn": ARN}),
    "TagLogGroup": ({"logGroupName": "$g", "tags": {"new": "1"}}, "ListTagsLogGroup", {"logGroupName": "$g"}),
    "UntagLogGroup": ({"logGroupName": "$g", "tags": ["old"]}, "ListTagsLogGroup", {"logGroupName": "$g"}),
    "StartQuery": ({"logGroupName": "$g", "startTime": 0, "endTime": 1, "queryString": "limit 1"}, "DescribeQueries", {"logGroupName": "$g"}),
}
# Tested where their state is: a running query, a key that nobody knows, the one storage tier, tokens that nothing takes, tables and saved queries
# (src/logs/api/saved_test.cc).
ELSEWHERE = {"StopQuery", "PutBearerTokenAuthentication", "PutStorageTierPolicy", "AssociateKmsKey", "DisassociateKmsKey", "StartLiveTail", "CreateLookupTable", "UpdateLookupTable", "DeleteLookupTable",
             "PutQueryDefinition", "DeleteQueryDefinition"}


def test_every_operation_that_changes_something_has_a_probe():
    changing = {name for name in BUILT if not name.startswith(("Describe", "List", "Get", "Filter", "Test"))}
    assert changing - ELSEWHERE == set(CHANGES)


@pytest.mark.parametrize("operation", sorted(CHANGES))
def test_success_means_that_it_was_done(wire, group, now, operation):
    def filled(value):
        return json.loads(json.dumps(value).replace('"$now"', str(now)).replace("$g", group))

    assert wire.call("TagLogGroup", {"logGroupName": group, "tags": {"old": "1"}}).status == 200
    assert wire.call("PutRetentionPolicy", {"logGroupName": group, "retentionInDays": 7}).status == 200
    body, probe, asked = CHANGES[operation]
    before = wire.call(probe, filled(asked))
    answer = wire.call(operation, filled(body))
    assert (before.status, answer.status) == (200, 200), answer.body
    after = wire.call(probe, filled(asked))
    assert after.status == 200 and after.json != before.json
    again = wire.call(probe, filled(asked))
    assert again.json == after.json
    if operation == "CreateLogGroup":
        wire.call("DeleteLogGroup", filled({"logGroupName": "$g/2"}))
    if operation == "PutLogGroupDeletionProtection":
        wire.call(operation, filled({"logGroupIdentifier": "$g", "deletionProtectionEnabled": False}))
