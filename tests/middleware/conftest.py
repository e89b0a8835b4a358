# SPDX-License-Identifier: Apache-2.0
"""A real skywatch for the session, and the applications of tests/middleware/apps as processes of their own."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(ROOT / "tools")]

import server_process  # noqa: E402

START_SECONDS_MAX = 120  # A Go application is compiled by its first start.
STOP_SECONDS_MAX = 60
QUERY_SECONDS_MAX = 60
_LISTENING = re.compile(r"https?://127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="session", autouse=True)
def own_environment():
    """No setting of the machine may reach the clients."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        yield


class Skywatch:
    def __init__(self, server, keys):
        self.server, self.keys = server, keys
        self.logs = boto3.client("logs", endpoint_url=server.url, region_name=server_process.REGION, aws_access_key_id=keys[0],
                                 aws_secret_access_key=keys[1], config=botocore.config.Config(retries={"total_max_attempts": 1}))

    def environment(self, group):
        """What an application reads to find the server."""
        return {"SKYWATCH_ENDPOINT": self.server.url, "SKYWATCH_LOG_GROUP": group, "AWS_ACCESS_KEY_ID": self.keys[0],
                "AWS_SECRET_ACCESS_KEY": self.keys[1], "AWS_REGION": server_process.REGION, "AWS_DEFAULT_REGION": server_process.REGION}

    def query(self, group, text):
        """Rows as dictionaries, over the last hour."""
        now = int(time.time())
        asked = self.logs.start_query(logGroupName=group, startTime=now - 3600, endTime=now + 60, queryString=text)["queryId"]
        deadline = time.monotonic() + QUERY_SECONDS_MAX
        while True:
            answer = self.logs.get_query_results(queryId=asked)
            if answer["status"] not in ("Scheduled", "Running"):
                break
            assert time.monotonic() < deadline, answer["status"]
            time.sleep(0.02)  # The API offers polling only.
        assert answer["status"] == "Complete"
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]

    def messages(self, group):
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]


@pytest.fixture(scope="session")
def skywatch(own_environment):
    program = server_process.binary()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-middleware-"))
    try:
        keys = server_process.create_key(program, folder / "data")
        server = server_process.ServerProcess(program, folder / "data")
        yield Skywatch(server, keys)
        assert server.stop() == 0, server.output
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Application:
    """A process that prints the address it listens on, and ends by SIGTERM after it has sent its lines."""

    def __init__(self, command, cwd, environment):
        self.output = []
        self.url = None
        self._listening = threading.Event()
        self.process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            match = _LISTENING.search(line)
            # The address of skywatch itself may stand in a complaint.
            if match and self.url is None and "listening" in line.lower() or match and self.url is None and "running on" in line.lower():
                self.url = match[0]
                self._listening.set()
        self._listening.set()

    def text(self):
        return "".join(self.output)

    def wait_ready(self):
        self._listening.wait(START_SECONDS_MAX)
        assert self.url is not None, "the application did not start:\n" + self.text()

    def stop(self):
        """SIGTERM, the exit awaited; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError("the application did not end after SIGTERM:\n" + self.text()) from None
        self._reader.join()
        self.process.stdout.close()
        return self.process.returncode


@pytest.fixture
def run_application():
    """run_application(command, cwd, environment) -> a started Application; what is left is ended with the test."""
    started = []

    def run(command, cwd, environment):
        application = Application(command, cwd, environment)
        started.append(application)
        application.wait_ready()
        return application

    yield run
    for application in started:
        if application.process.poll() is None:
            application.stop()


@pytest.fixture
def group():
    return "middleware/" + uuid.uuid4().hex
