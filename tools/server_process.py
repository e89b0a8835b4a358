# SPDX-License-Identifier: Apache-2.0
"""Starts a skywatch server on a directory and a free loopback port, waits until it is ready, and ends it."""
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGION = "us-east-1"
ACCOUNT = "123456789012"
# Bounds on waits that normally end within a second; a sanitized build on a busy machine is 20 times slower.
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
_LISTENING = "skywatch: listening on "


class ServerError(Exception):
    """The server did not do what it was asked; the text holds what it printed."""


def binary(default="build/dev/skywatch"):
    """The program under test: SKYWATCH_BIN, else `default` under the repository's root."""
    path = pathlib.Path(os.environ.get("SKYWATCH_BIN", ROOT / default))
    if not path.is_file():
        raise ServerError(f"{path} does not exist: run ./dev build, or set SKYWATCH_BIN")
    return path


def create_key(program, data, *options):
    """Makes an access key in a data directory that no server uses; returns (id, secret)."""
    done = subprocess.run([str(program), "key", "create", "--data", str(data), "--json", *options], capture_output=True, text=True,
                          timeout=START_SECONDS_MAX)
    if done.returncode != 0:
        raise ServerError(f"key create exited with {done.returncode}: {done.stderr.strip()}")
    made = json.loads(done.stdout)
    return made["AccessKeyId"], made["SecretAccessKey"]


class ServerProcess:
    """One running server. `url` is its base; `output` what it printed so far, both streams.

    `trust` is the file of certificates by which an https server is believed; it may appear while the server starts.
    """

    def __init__(self, program, data, *options, ready=True, trust=None):
        self.trust = trust
        self._lines = []
        self._listening = threading.Event()
        self.url = None
        self.process = subprocess.Popen(
            [str(program), "serve", "--data", str(data), "--listen", "127.0.0.1:0", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True)  # Ctrl-C reaches the caller alone, which ends the server in order.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if ready:
            try:
                self.wait_ready()
            except BaseException:
                self.kill()
                raise

    def _read(self):
        for line in self.process.stdout:
            self._lines.append(line)
            if self.url is None and line.startswith(_LISTENING):
                self.url = line[len(_LISTENING):].split()[0]
                self._listening.set()
        self._listening.set()

    @property
    def output(self):
        return "".join(self._lines)

    @property
    def address(self):
        host, port = self.url.rsplit("/", 1)[-1].rsplit(":", 1)
        return host, int(port)

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        self._listening.wait(START_SECONDS_MAX)
        if self.url is None:
            raise ServerError(f"the server did not say where it listens; it printed:\n{self.output}")
        while True:
            try:
                context = ssl.create_default_context(cafile=str(self.trust)) if self.trust else None
                with urllib.request.urlopen(self.url + "/readyz", timeout=5, context=context):
                    return
            except (urllib.error.URLError, OSError) as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise ServerError(f"/readyz: {error}; the server printed:\n{self.output}") from error
                time.sleep(0.02)  # Nothing announces readiness but this answer.

    def stop(self):
        """SIGTERM, the exit awaited; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError(f"the server did not end after SIGTERM; it printed:\n{self.output}") from None
        self._finish()
        return self.process.returncode

    def kill(self):
        """SIGKILL: what a crash leaves."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._finish()

    def _finish(self):
        self._reader.join()
        self.process.stdout.close()
