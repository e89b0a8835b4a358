# SPDX-License-Identifier: Apache-2.0
"""Keys, permissions and temporary credentials against the real server, its directory and its log."""
import json
import os
import stat
import subprocess
import time

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
