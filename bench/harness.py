# SPDX-License-Identifier: Apache-2.0
"""A release server on a fresh directory for benchmarks, and the few measures that the kernel keeps of it."""
import http.client
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "clients"))
import signing  # noqa: E402


class Server:
    """Starts `skywatch serve` on a free port; stops it with SIGTERM at the end of the block."""

    def __init__(self, program, directory, extra=()):
        self.program, self.directory, self.extra = str(program), pathlib.Path(directory), list(extra)

    def __enter__(self):
        made = subprocess.run([self.program, "key", "create", "--data", str(self.directory), "--json"], check=True,
                              capture_output=True, text=True)
        key = json.loads(made.stdout)
        self.access_key, self.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
        self.log = open(f"{self.directory}.log", "a")  # Beside the directory, for whom a start fails.
        self.process = subprocess.Popen([self.program, "serve", "--data", str(self.directory), "--listen", "127.0.0.1:0", *self.extra],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.process.stdout:
            match = re.search(r"listening on https?://127\.0\.0\.1:(\d+)", line)
            if match:
                self.port = int(match.group(1))
                return self
        raise RuntimeError("the server ended before it listened: " + pathlib.Path(self.log.name).read_text()[-500:])

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1)) * 1024

    def rss_bytes(self):
        return self._status("VmRSS")

    def peak_rss_bytes(self):
        return self._status("VmHWM")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def segment_bytes(self):
        return sum(f.stat().st_size for f in (self.directory / "segments").rglob("*") if f.is_file())

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as page:
            return int(re.search(rf"^{name} (\d+)$", page.read().decode(), re.M).group(1))

    def boto3(self, service):
        import boto3
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
                            aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key)


class Calls:
    """Signed calls on one connection, answers as bytes: boto3 needs longer for 10,000 rows than the server, and that is not what is asked."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def __call__(self, operation, **members):
        body = json.dumps(members).encode()
        headers = {"host": f"127.0.0.1:{self.server.port}", "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328." + operation}
        self.connection.request("POST", "/", body, signing.sign(headers, body, self.server.access_key, self.server.secret_key))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {text[:200]}")
        return text


def query(client, group, text, start_s, end_s, poll_s=0.002, limit_s=120):
    """Asks until the query has ended; returns the last GetQueryResults answer."""
    query_id = client.start_query(logGroupName=group, startTime=start_s, endTime=end_s, queryString=text)["queryId"]
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        answer = client.get_query_results(queryId=query_id)
        if answer["status"] not in ("Scheduled", "Running"):
            if answer["status"] != "Complete":
                raise RuntimeError(f"the query ended as {answer['status']}")
            return answer
        time.sleep(poll_s)
    raise RuntimeError("the query did not end")


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{os.cpu_count()} CPUs of {model.group(1) if model else platform.machine()}"
