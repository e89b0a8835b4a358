# SPDX-License-Identifier: Apache-2.0
"""Who may in: SigV4 over real HTTP, signed rightly by two independent signers and wrongly in every way."""
import datetime

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import signing


def test_the_oracle_signs_as_botocore_does(keys):
    url = "http://127.0.0.1:4580/"
    request = botocore.awsrequest.AWSRequest("POST", url, {"content-type": "application/x-amz-json-1.1", "x-amz-target": "a.B"}, b"{}")
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(*keys), "logs", "us-east-1").add_auth(request)
    own = signing.sign({"host": "127.0.0.1:4580", "content-type": "application/x-amz-json-1.1", "x-amz-target": "a.B"}, b"{}", *keys,
                       date=request.headers["X-Amz-Date"])
    assert own["authorization"] == request.headers["Authorization"]


def test_a_right_signature_is_accepted(wire):
    assert wire.call("DescribeLogGroups", "{}").status == 200


def _replace(name, old, new):
    def change(headers, body):
        assert old in headers[name]
        return dict(headers, **{name: headers[name].replace(old, new)}), body

    return change


def _drop(name):
    def change(headers, body):
        return {key: value for key, value in headers.items() if key != name}, body

    return change


def _last_digit(headers, body):
    text = headers["authorization"]
    return dict(headers, authorization=text[:-1] + ("0" if text[-1] != "0" else "1")), body


@pytest.mark.parametrize("case, change, code", [
    ("body", lambda headers, body: (headers, b'{"limit": 2}'), "InvalidSignatureException"),
    ("signature", _last_digit, "InvalidSignatureException"),
    ("signed header", _replace("content-type", "1.1", "1.1; charset=utf-8"), "InvalidSignatureException"),
    ("operation", _replace("x-amz-target", "DescribeLogGroups", "ListLogGroups"), "InvalidSignatureException"),
    ("region of the scope", _replace("authorization", "us-east-1", "eu-west-1"), "InvalidSignatureException"),
    ("no header", _drop("authorization"), "MissingAuthenticationTokenException"),
    ("no date", _drop("x-amz-date"), "IncompleteSignatureException"),
    ("a signed header is missing", _drop("content-type"), "InvalidSignatureException"),
    ("not SigV4", lambda headers, body: (dict(headers, authorization="Bearer abc"), body), "MissingAuthenticationTokenException"),
    ("another AWS signature", _replace("authorization", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "IncompleteSignatureException"),
    ("cut", lambda headers, body: (dict(headers, authorization=headers["authorization"].split(", Signature")[0]), body),
     "IncompleteSignatureException"),
    ("scope too short", _replace("authorization", "/aws4_request", ""), "IncompleteSignatureException"),
    ("signature of another length", lambda headers, body: (dict(headers, authorization=headers["authorization"][:-8]), body),
     None),
])
def test_tampered_requests_are_refused(wire, case, change, code):
    answer = wire.call("DescribeLogGroups", "{}", change=change)
    assert answer.status == 400, answer.body
    assert answer.type in (("InvalidSignatureException", "IncompleteSignatureException") if code is None else (code,)), answer.body
    assert "logGroups" not in answer.json
    assert answer.message


@pytest.mark.parametrize("keys_of, code", [
    (lambda keys: ("AKIANOSUCHKEY0000000", keys[1]), "UnrecognizedClientException"),
    (lambda keys: (keys[0], keys[1][:-1] + ("a" if keys[1][-1] != "a" else "b")), "InvalidSignatureException"),
    (lambda keys: (keys[0], keys[1] + " "), "InvalidSignatureException"),
    (lambda keys: (keys[0].lower(), keys[1]), "UnrecognizedClientException"),
])
def test_wrong_keys_are_refused(wire, keys, keys_of, code):
    answer = wire.call("DescribeLogGroups", "{}", keys=keys_of(keys))
    assert (answer.status, answer.type) == (400, code)


@pytest.mark.parametrize("offset_s, status", [(0, 200), (-200, 200), (200, 200), (-400, 400), (400, 400), (-86_400, 400)])
def test_the_clock_window_is_five_minutes(wire, offset_s, status):
    answer = wire.call("DescribeLogGroups", "{}", date=signing.amz_date(offset_s))
    assert answer.status == status, answer.body
    if status == 400:
        assert answer.type == "InvalidSignatureException"
        assert answer.message.startswith("Signature expired" if offset_s < 0 else "Signature not yet current")


def test_the_scope_must_be_of_the_same_day(wire):
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    answer = wire.call("DescribeLogGroups", "{}", scope_date=f"{yesterday:%Y%m%d}")
    assert answer.status == 400
    assert answer.type in ("InvalidSignatureException", "IncompleteSignatureException")


@pytest.mark.parametrize("payload_hash, status", [
    ("right", 200), ("UNSIGNED-PAYLOAD", 200), ("0" * 64, 400),
])
def test_the_payload_hash_header(wire, payload_hash, status):
    import hashlib

    value = hashlib.sha256(b"{}").hexdigest() if payload_hash == "right" else payload_hash
    answer = wire.call("DescribeLogGroups", "{}", headers={"x-amz-content-sha256": value}, payload_hash=value)
    assert answer.status == status, answer.body


def test_nothing_is_done_before_the_signature_is_checked(wire, logs, name):
    answer = wire.call("CreateLogGroup", {"logGroupName": name}, change=_last_digit)
    assert answer.status == 400
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []


def test_the_scopes_region_is_a_tenant_of_its_own(shared_place, logs, group):
    other = shared_place.client(region_name="eu-west-1")
    assert other.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    other.create_log_group(logGroupName=group)
    try:
        arn = other.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
        assert arn == f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}"
    finally:
        other.delete_log_group(logGroupName=group)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupName"] == group


def test_boto3_reports_the_error_by_its_name(server, keys):
    client = boto3.client("logs", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="AKIANOSUCHKEY0000000",
                          aws_secret_access_key="x")
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.describe_log_groups()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert caught.value.response["Error"]["Message"] == "The security token included in the request is invalid."
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_servers_own_paths_need_no_signature(wire, path):
    assert wire.send({"host": "x"}, b"", method="GET", path=path).status == 200
