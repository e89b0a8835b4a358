# SPDX-License-Identifier: Apache-2.0
"""Grafana's CloudWatch data source, as far as the wire can tell: the program of ./plugin, in both of its builds."""
import json
import os
import subprocess

import pytest

import go_programs
import server_process

RUN_SECONDS_MAX = 120


class Grafana:
    def __init__(self, program, url, keys):
        self.program = program
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment.update(AWS_ENDPOINT_URL=url, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1], AWS_REGION=server_process.REGION)

    def tell_all(self, asks):
        """What Grafana then shows, a dictionary an ask. A panic of the data source fails the test."""
        done = subprocess.run([str(self.program), json.dumps(asks)], capture_output=True, text=True, env=self.environment, timeout=RUN_SECONDS_MAX)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        for ask, answer in zip(asks, told, strict=True):
            assert "crash" not in answer, (ask, answer)
        return told

    def tell(self, do, **members):
        return self.tell_all([{"do": do, **members}])[0]

    def show(self, do, **members):
        """As tell(), for what must not fail."""
        told = self.tell(do, **members)
        assert "error" not in told, told
        return told


@pytest.fixture(params=["cbor", "query"])
def grafana(request, server, keys):
    """Both builds differ in CloudWatch's protocol alone."""
    return Grafana(go_programs.build(f"grafana/{request.param}"), server.url, keys)


@pytest.fixture
def grafana_now(server, keys):
    """The build of today, for what has nothing to do with metrics."""
    return Grafana(go_programs.build("grafana/cbor"), server.url, keys)


def table(frame):
    """A frame as rows: a dictionary each, without the columns that a row does not have."""
    rows = len(frame["fields"][0]["values"]) if frame["fields"] else 0
    return [{field["name"]: field["values"][i] for field in frame["fields"] if field["values"][i] is not None} for i in range(rows)]


@pytest.fixture
def rows_of_frame():
    return table
