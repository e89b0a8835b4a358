# SPDX-License-Identifier: Apache-2.0
"""A real server for the session, SigV4 on, port 0; clients with retries off; a log group for each test."""
import pathlib
import shutil
import sys
import tempfile
import time
import uuid

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(ROOT / "tools")]

import server_process  # noqa: E402
import wire as wire_module  # noqa: E402

QUERY_SECONDS_MAX = 60


class Place:
    """A data directory with a key, and the servers started on it one after the other."""

    def __init__(self, program, folder):
        self.program = program
        self.data = folder / "data"
        self.keys = server_process.create_key(program, self.data)
        self.server = None

    def key(self, *options):
        """Another key, made before the server starts: (id, secret)."""
        return server_process.create_key(self.program, self.data, *options)

    def start(self, *options, trust=None):
        self.server = server_process.ServerProcess(self.program, self.data, *options, trust=trust)
        return self.server

    def client(self, keys=None, **options):
        keys = keys or self.keys
        config = {"retries": {"total_max_attempts": 1}, "parameter_validation": True, **options}
        region = config.pop("region_name", server_process.REGION)
        verify = config.pop("verify", None)
        return boto3.client("logs", endpoint_url=self.server.url, region_name=region, aws_access_key_id=keys[0],
                            aws_secret_access_key=keys[1], verify=verify, config=botocore.config.Config(**config))


@pytest.fixture(autouse=True, scope="session")
def own_environment():
    """No setting of the machine may reach the clients."""
    with pytest.MonkeyPatch.context() as patch:
        import os

        for name in list(os.environ):
            if name.startswith("AWS_"):
                patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        yield


@pytest.fixture(scope="session")
def program():
    return server_process.binary()


def _place(program):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-clients-"))
    place = Place(program, folder)
    yield place
    try:
        if place.server is not None:
            assert place.server.stop() == 0, place.server.output
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_place(program, own_environment):
    for place in _place(program):
        place.start()
        yield place


@pytest.fixture(scope="module")
def module_place(program, own_environment):
    """A directory of the module's own, no server started."""
    yield from _place(program)


@pytest.fixture
def own_place(program):
    """A directory of the test's own, no server started."""
    yield from _place(program)


@pytest.fixture
def server(shared_place):
    assert shared_place.server.process.poll() is None, "the server died:\n" + shared_place.server.output
    return shared_place.server


@pytest.fixture
def keys(shared_place):
    return shared_place.keys


@pytest.fixture
def logs(server, shared_place):
    return shared_place.client()


@pytest.fixture
def logs_unchecked(server, shared_place):
    """A client that sends what it is given, so that the server's own validation is met."""
    return shared_place.client(parameter_validation=False)


@pytest.fixture
def wire(server, keys):
    return wire_module.Wire(server, keys)


@pytest.fixture
def name():
    return "test/" + uuid.uuid4().hex


@pytest.fixture
def group(logs, name):
    """A log group with one stream named 's', gone after the test."""
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    yield name
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        pass


@pytest.fixture
def now():
    return int(time.time() * 1000)


@pytest.fixture
def error(logs):
    """error(call, **arguments) -> (code, message) of the error that the call must raise."""
    import botocore.exceptions

    def run(call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    return run


@pytest.fixture
def finished(logs):
    """finished(query id) -> the answer of GetQueryResults once the query has ended."""

    def run(query_id, client=None):
        deadline = time.monotonic() + QUERY_SECONDS_MAX
        while True:
            answer = (client or logs).get_query_results(queryId=query_id)
            if answer["status"] not in ("Scheduled", "Running"):
                return answer
            assert time.monotonic() < deadline, answer["status"]
            time.sleep(0.02)  # The API offers polling only.

    return run


@pytest.fixture
def query(logs, finished):
    """query(group or groups, text, begin s, end s) -> the answer of GetQueryResults once the query has ended."""

    def run(group, text, begin_s, end_s, **options):
        named = {"logGroupNames": group} if isinstance(group, list) else {"logGroupName": group} if group else {}
        return finished(logs.start_query(startTime=begin_s, endTime=end_s, queryString=text, **named, **options)["queryId"])

    return run


def rows_of(answer):
    """Rows as dictionaries, their pointer left out."""
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]


@pytest.fixture
def rows():
    return rows_of


@pytest.fixture
def aws_cli(shared_place, server, tmp_path):
    """Runs the AWS CLI from the same environment; returns (exit code, parsed output or None, error text)."""
    import json
    import os
    import subprocess

    def run(*arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        environment.update(AWS_ACCESS_KEY_ID=shared_place.keys[0], AWS_SECRET_ACCESS_KEY=shared_place.keys[1],
                           AWS_REGION=server_process.REGION, AWS_DEFAULT_REGION=server_process.REGION, AWS_ENDPOINT_URL=server.url,
                           AWS_CONFIG_FILE=str(tmp_path / "none"), AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"),
                           AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1", AWS_PAGER="")
        program = pathlib.Path(sys.executable).parent / "aws"
        done = subprocess.run([sys.executable, str(program), *arguments, "--output", "json"], env=environment, capture_output=True,
                              text=True, timeout=120)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr

    return run
