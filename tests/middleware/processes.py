# SPDX-License-Identifier: Apache-2.0
"""Applications under test as processes, and what asks skywatch about them."""
import os
import re
import signal
import subprocess
import threading
import time

import boto3
import botocore.config

import server_process

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
QUERY_SECONDS_MAX = 60
_LISTENING = re.compile(r"(?:listening|running) .*?(https?://127\.0\.0\.1:\d+)", re.IGNORECASE)


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
            if match and self.url is None:
                self.url = match[1]
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
