# SPDX-License-Identifier: Apache-2.0
"""Keys, permissions and temporary credentials against the real server, its directory and its log."""
import json
import os
import stat
import subprocess
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

import server_process

RUN_SECONDS_MAX = 60
ACCOUNT = server_process.ACCOUNT


@pytest.fixture
def key(program):
    """key(place, *arguments, keys=...) -> parsed JSON of `skywatch key ... --json`, asked of the place's server or directory."""

    def run(place, *arguments, keys=None, fails=False):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SKYWATCH_"))}
        if place.server is None:
            target = ["--data", str(place.data)]
        else:
            target = ["--endpoint", place.server.url]
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = keys or place.keys
        done = subprocess.run([str(program), "key", *arguments, "--json", *target], capture_output=True, text=True,
                              env=environment, timeout=RUN_SECONDS_MAX)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout) if done.stdout else None

    return run


def pair(made):
    return made["AccessKeyId"], made["SecretAccessKey"]


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def audit_records(place):
    return [json.loads(line) for line in (place.data / "audit.log").read_text().splitlines()]


def test_each_permission_opens_its_operations(own_place, key, now):
    own_place.start()
    full = own_place.client()
    full.create_log_group(logGroupName="g")
    full.create_log_stream(logGroupName="g", logStreamName="s")
    full.create_log_stream(logGroupName="g", logStreamName="gone")
    event = [{"timestamp": now, "message": "hello"}]
    calls = {
        "PutLogEvents": lambda c: c.put_log_events(logGroupName="g", logStreamName="s", logEvents=event),
        "CreateLogStream": lambda c: c.create_log_stream(logGroupName="g", logStreamName=f"s-{time.monotonic_ns()}"),
        "PutRetentionPolicy": lambda c: c.put_retention_policy(logGroupName="g", retentionInDays=30),
        "DescribeLogGroups": lambda c: c.describe_log_groups(),
        "FilterLogEvents": lambda c: c.filter_log_events(logGroupName="g"),
        "StartQuery": lambda c: c.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message"),
        "DeleteRetentionPolicy": lambda c: c.delete_retention_policy(logGroupName="g"),
        "DeleteLogStream": lambda c: c.delete_log_stream(logGroupName="g", logStreamName="gone"),
    }
    opens = {
        "read": {"DescribeLogGroups", "FilterLogEvents", "StartQuery"},
        "write": {"PutLogEvents", "CreateLogStream", "PutRetentionPolicy", "DescribeLogGroups"},
        "admin": {"CreateLogStream", "PutRetentionPolicy", "DescribeLogGroups", "DeleteRetentionPolicy", "DeleteLogStream"},
        "unmask": set(),
        "read,write": {"PutLogEvents", "CreateLogStream", "PutRetentionPolicy", "DescribeLogGroups", "FilterLogEvents", "StartQuery"},
    }
    for permissions, opened in opens.items():
        made = pair(key(own_place, "create", "--permissions", permissions))
        client = own_place.client(keys=made)
        for name, call in calls.items():
            if name in opened:
                call(client)
                continue
            code, message = refusal(lambda: call(client))
            assert code == "AccessDeniedException", (permissions, name)
            assert message.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/{made[0]} is not authorized to perform: logs:"), message
        if permissions != "admin":
            assert "AccessDeniedException" in key(own_place, "list", keys=made, fails=True)


def test_life_of_a_key(own_place, key):
    own_place.start()
    made = pair(key(own_place, "create", "--permissions", "read", "--description", "dashboards", "--expires", "90d"))
    client = own_place.client(keys=made)
    client.describe_log_groups()
    shown = key(own_place, "show", made[0])
    assert (shown["Status"], shown["Permissions"], shown["Description"]) == ("Active", "read", "dashboards")
    assert shown["CreateDate"] <= shown["LastUsedDate"] < shown["CreateDate"] + 60_000
    assert 89 < (shown["ExpireDate"] - shown["CreateDate"]) / 86_400_000 < 91

    assert key(own_place, "disable", made[0])["Status"] == "Inactive"
    assert refusal(client.describe_log_groups) == ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert key(own_place, "enable", made[0])["Status"] == "Active"
    client.describe_log_groups()

    key(own_place, "update", made[0], "--permissions", "write", "--expires", "never")
    assert refusal(client.filter_log_events, logGroupName="g")[0] == "AccessDeniedException"
    assert "ExpireDate" not in key(own_place, "show", made[0])

    fresh = pair(key(own_place, "rotate", made[0], "--old-expires", "1s"))
    assert fresh[0] != made[0] and fresh[1] != made[1]
    own_place.client(keys=fresh).describe_log_groups()
    deadline = time.monotonic() + RUN_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            client.describe_log_groups()
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ExpiredTokenException"
            break
    else:
        pytest.fail("the old key did not expire")
    key(own_place, "delete", made[0])
    assert refusal(client.describe_log_groups)[0] == "UnrecognizedClientException"

    # Everything survives a restart, last use included.
    used = key(own_place, "show", fresh[0])["LastUsedDate"]
    assert own_place.server.stop() == 0
    own_place.start()
    shown = key(own_place, "show", fresh[0])
    assert (shown["Permissions"], shown["Description"], shown["LastUsedDate"]) == ("write", "dashboards", used)


def test_nobody_gives_what_he_does_not_have_or_locks_himself_out(own_place, key):
    own_place.start()
    admin = pair(key(own_place, "create", "--permissions", "admin"))
    assert "cannot give" in key(own_place, "create", "--permissions", "all", keys=admin, fails=True)
    assert "cannot give" in key(own_place, "rotate", own_place.keys[0], keys=admin, fails=True)
    assert "cannot give" in key(own_place, "update", admin[0], "--permissions", "admin,read", keys=admin, fails=True)
    for change in (["disable"], ["update", "--permissions", "read"], ["delete"]):
        assert "cannot" in key(own_place, change[0], own_place.keys[0], *change[1:], fails=True)


def test_a_pair_that_can_be_guessed(own_place, key):
    short = ["create", "--access-key", "test", "--secret-key", "test"]
    assert "16 to 128" in key(own_place, *short, fails=True)
    key(own_place, *short, "--allow-short")
    own_place.start()
    own_place.client(keys=("test", "test")).describe_log_groups()


def test_the_audit_log_says_who_did_what(own_place, key):
    by_directory = key(own_place, "create", "--description", "by hand")
    assert own_place.server is None
    record = audit_records(own_place)[-1]
    assert record["who"] == f"uid {os.getuid()} (--data)"
    assert (record["action"], record["parameters"]["AccessKeyId"]) == ("skywatch:CreateAccessKey", by_directory["AccessKeyId"])
    own_place.start()
    full = own_place.client()
    full.create_log_group(logGroupName="g")
    count = len(audit_records(own_place))
    imported = ("AKIAIMPORTED00000000", "a/secret+that/nobody/may/read/in/a/log00")
    key(own_place, "create", "--access-key", imported[0], "--secret-key", imported[1], "--permissions", "read")
    refusal(own_place.client(keys=imported).delete_log_group, logGroupName="g")
    full.delete_log_group(logGroupName="g")
    records = audit_records(own_place)[count:]
    me = f"arn:aws:iam::{ACCOUNT}:user/{own_place.keys[0]}"
    other = f"arn:aws:iam::{ACCOUNT}:user/{imported[0]}"
    assert [(r["action"], r["who"], r["status"], r.get("error")) for r in records] == [
        ("skywatch:CreateAccessKey", me, 200, None),
        ("logs:DeleteLogGroup", other, 400, "AccessDeniedException"),
        ("logs:DeleteLogGroup", me, 200, None),
    ]
    assert records[0]["parameters"] == {"AccessKeyId": imported[0], "SecretAccessKey": "***", "Permissions": ["read"]}
    assert records[2]["parameters"] == {"logGroupName": "g"}
    assert all(r["from"] == "127.0.0.1" and r["request_id"] for r in records)


def test_secrets_stay_out_of_logs_and_other_peoples_reach(own_place, key, now):
    own_place.start()
    made = pair(key(own_place, "create"))
    imported = ("AKIAIMPORTED00000000", "a/secret+that/nobody/may/read/in/a/log00")
    key(own_place, "create", "--access-key", imported[0], "--secret-key", imported[1])
    client = own_place.client(keys=made)
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    client.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "x"}])
    refusal(own_place.client(keys=(made[0], imported[1])).describe_log_groups)
    fresh = pair(key(own_place, "rotate", made[0]))
    client.delete_log_group(logGroupName="g")
    assert own_place.server.stop() == 0
    written = own_place.server.output + (own_place.data / "audit.log").read_text()
    for secret in (own_place.keys[1], made[1], imported[1], fresh[1]):
        assert secret not in written
    wrong = [f"{path}: {stat.S_IMODE(path.stat().st_mode):o}" for path in [own_place.data, *own_place.data.rglob("*")]
             if stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)]
    assert not wrong


def test_keys_of_the_first_format_keep_working(own_place):
    import sqlite3

    with sqlite3.connect(own_place.data / "catalog.sqlite") as catalog:
        catalog.executescript("""
            CREATE TABLE old(id TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL, creation_ms INTEGER NOT NULL) WITHOUT ROWID;
            INSERT INTO old SELECT id, secret, account, creation_ms FROM keys;
            DROP TABLE keys;
            ALTER TABLE old RENAME TO keys;
            DROP TABLE documents;
            ALTER TABLE segments DROP COLUMN pack;
            ALTER TABLE segments DROP COLUMN pack_offset;
            ALTER TABLE segments DROP COLUMN level;
            UPDATE meta SET value = 1 WHERE key = 'format';
        """)
    catalog.close()
    own_place.start()
    client = own_place.client()
    client.create_log_group(logGroupName="g")
    client.delete_log_group(logGroupName="g")
    copy = own_place.data / "catalog.sqlite.format1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as old:
        assert old.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (1,)
        assert old.execute("SELECT id FROM keys").fetchall() == [(own_place.keys[0],)]
    old.close()


def sts_client(place, keys=None, token=None):
    keys = keys or place.keys
    return boto3.client("sts", endpoint_url=place.server.url, region_name=server_process.REGION, aws_access_key_id=keys[0],
                        aws_secret_access_key=keys[1], aws_session_token=token,
                        config=botocore.config.Config(retries={"total_max_attempts": 1}))


def logs_with(place, credentials):
    return boto3.client("logs", endpoint_url=place.server.url, region_name=server_process.REGION,
                        aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
                        aws_session_token=credentials.get("SessionToken"),
                        config=botocore.config.Config(retries={"total_max_attempts": 1}))


def test_temporary_credentials(own_place, key):
    own_place.start()
    reader = pair(key(own_place, "create", "--permissions", "read"))
    sts = sts_client(own_place, reader)
    role = f"arn:aws:iam::{ACCOUNT}:role/team/grafana"
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="dashboards", ExternalId="grafana", DurationSeconds=900)
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/grafana/dashboards"
    credentials = assumed["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert 890 < credentials["Expiration"].timestamp() - time.time() < 910
    session = (credentials["AccessKeyId"], credentials["SecretAccessKey"])
    who = sts_client(own_place, session, credentials["SessionToken"]).get_caller_identity()
    assert (who["Account"], who["Arn"], who["UserId"]) == (ACCOUNT, assumed["AssumedRoleUser"]["Arn"],
                                                           assumed["AssumedRoleUser"]["AssumedRoleId"])
    logs = logs_with(own_place, credentials)
    logs.describe_log_groups()
    code, message = refusal(logs.create_log_group, logGroupName="g")
    assert code == "AccessDeniedException" and message.startswith(f"User: {who['Arn']} is not authorized to perform: logs:CreateLogGroup")
    assert refusal(logs_with(own_place, {**credentials, "SessionToken": "made+up"}).describe_log_groups)[0] == "UnrecognizedClientException"
    without = {name: value for name, value in credentials.items() if name != "SessionToken"}
    assert refusal(logs_with(own_place, without).describe_log_groups)[0] == "UnrecognizedClientException"
    wrong = {**credentials, "SecretAccessKey": "x" * 40}
    assert refusal(logs_with(own_place, wrong).describe_log_groups)[0] == "InvalidSignatureException"

    token = sts.get_session_token(DurationSeconds=900)["Credentials"]
    mine = sts_client(own_place, (token["AccessKeyId"], token["SecretAccessKey"]), token["SessionToken"])
    assert mine.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{reader[0]}"
    chained = mine.assume_role(RoleArn=role, RoleSessionName="again")["Credentials"]
    logs_with(own_place, chained).describe_log_groups()

    # As AWS's own, they outlive a restart; unlike those, they end with their key.
    assert own_place.server.stop() == 0
    own_place.start()
    logs_with(own_place, credentials).describe_log_groups()
    key(own_place, "disable", reader[0])
    for ended in (credentials, token, chained):
        assert refusal(logs_with(own_place, ended).describe_log_groups)[0] == "UnrecognizedClientException"
    key(own_place, "enable", reader[0])
    logs_with(own_place, credentials).describe_log_groups()


def test_what_sts_refuses(own_place):
    own_place.start()
    sts = sts_client(own_place)
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    session = sts.get_session_token()["Credentials"]
    temporary = sts_client(own_place, (session["AccessKeyId"], session["SecretAccessKey"]), session["SessionToken"])
    policy = '{"Version":"2012-10-17","Statement":[]}'
    for call, arguments, code in [
        (sts.assume_role, {"RoleArn": "arn:aws:iam::999999999999:role/r", "RoleSessionName": "ss"}, "AccessDenied"),
        (sts.assume_role, {"RoleArn": "no/arn/but/of/twenty/letters", "RoleSessionName": "ss"}, "ValidationError"),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": "ss", "DurationSeconds": 43201}, "ValidationError"),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": "ss", "Policy": policy}, "MalformedPolicyDocument"),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": "ss", "Tags": [{"Key": "k", "Value": "v"}]}, "ValidationError"),
        (sts.assume_role, {"RoleArn": role, "RoleSessionName": "ss", "SerialNumber": "arn:mfa:12", "TokenCode": "123456"}, "AccessDenied"),
        (sts.get_session_token, {"SerialNumber": "arn:mfa:12", "TokenCode": "123456"}, "AccessDenied"),
        (temporary.get_session_token, {}, "AccessDenied"),
        (temporary.assume_role, {"RoleArn": role, "RoleSessionName": "ss", "DurationSeconds": 3601}, "ValidationError"),
    ]:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        status = caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
        assert (caught.value.response["Error"]["Code"], status) == (code, 403 if code == "AccessDenied" else 400), arguments


def test_credentials_without_authentication(own_place):
    own_place.start("--auth", "off")
    assumed = sts_client(own_place, ("any", "thing")).assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="ss")
    logs_with(own_place, assumed["Credentials"]).describe_log_groups()
