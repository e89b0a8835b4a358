# SPDX-License-Identifier: Apache-2.0
"""A real skywatch for the session, and the applications under test as processes of their own."""
import os
import pathlib
import shutil
import sys
import tempfile
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(ROOT / "tools")]

import processes  # noqa: E402
import server_process  # noqa: E402


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


@pytest.fixture(scope="session")
def skywatch(own_environment):
    program = server_process.binary()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-middleware-"))
    try:
        keys = server_process.create_key(program, folder / "data")
        server = server_process.ServerProcess(program, folder / "data")
        yield processes.Skywatch(server, keys)
        assert server.stop() == 0, server.output
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run_application():
    """run_application(command, cwd, environment) -> a started Application; what is left is ended with the test."""
    started = []

    def run(command, cwd, environment):
        application = processes.Application(command, cwd, environment)
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
