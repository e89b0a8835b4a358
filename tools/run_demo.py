#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: skywatch on a fresh directory, a REST application whose lines an unmodified watchtower ships, traffic,
and the time of every endpoint, compared with what the application itself knows.

Three runs: plain lines, extended lines, and a mix of both. With --once, or without a terminal, everything is stopped at the
end and the exit code is 0 only if every table is equal; otherwise one application and skywatch keep running until Ctrl-C.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import demo_table  # noqa: E402
import demo_traffic  # noqa: E402
import server_process  # noqa: E402

ROOT = server_process.ROOT
ROUNDS = 12
APP_START_SECONDS_MAX = 60
APP_STOP_SECONDS_MAX = 60
QUERY_SECONDS_MAX = 60
BACKGROUND_PAUSE_S = 2.0
BACKGROUND_GROUP = "shop"


def say(text):
    print(f"demo: {text}", flush=True)


class Application:
    """The sample application as a process, with the copy of its lines."""

    def __init__(self, server, keys, folder, group, form):
        self.lines_file = folder / f"{group.replace('/', '-')}-{form}.lines"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(
            SKYWATCH_ENDPOINT=server.url, SKYWATCH_LOG_GROUP=group, SKYWATCH_LOG_STREAM=f"web-{form}", SKYWATCH_LINE_FORMAT=form,
            SHOP_DATABASE=str(folder / f"{group.replace('/', '-')}-{form}.sqlite"), SHOP_LINES_FILE=str(self.lines_file),
            AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1], AWS_REGION=server_process.REGION,
            AWS_EC2_METADATA_DISABLED="true")
        self.process = subprocess.Popen([sys.executable, str(ROOT / "examples" / "django-rest" / "serve.py"), "0"], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        start_new_session=True)  # Ctrl-C reaches the driver alone, which ends things in order.
        self.output = []
        self.url = None
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith("shop: listening on "):
                self.url = line.split()[-1]
                self._listening.set()
        self._listening.set()

    def wait_ready(self):
        self._listening.wait(APP_START_SECONDS_MAX)
        if self.url is None:
            raise RuntimeError("the sample application did not start; it printed:\n" + "".join(self.output))

    def stop(self):
        """Ends it by SIGTERM, which ships what is still queued; raises when it complained."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(APP_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        if self.process.returncode != 0 or any("Warning" in line for line in self.output):
            raise RuntimeError(f"the sample application ended with {self.process.returncode} and printed:\n" + "".join(self.output))

    def lines(self):
        return [tuple(json.loads(line)) for line in self.lines_file.read_text(encoding="utf-8").splitlines()]


def ask(logs, group, lines):
    """The seed's query over the time of the lines; rows as tuples in COLUMNS order, and the statistics."""
    query = logs.start_query(logGroupName=group, startTime=min(ms for ms, _ in lines) // 1000,
                             endTime=max(ms for ms, _ in lines) // 1000, queryString=demo_table.QUERY)["queryId"]
    deadline = time.monotonic() + QUERY_SECONDS_MAX
    while True:
        answer = logs.get_query_results(queryId=query)
        if answer["status"] not in ("Scheduled", "Running"):
            break
        if time.monotonic() > deadline:
            raise RuntimeError(f"the query on {group} is still {answer['status']}")
        time.sleep(0.05)  # The API offers polling only.
    if answer["status"] != "Complete":
        raise RuntimeError(f"the query on {group} ended as {answer['status']}")
    rows = []
    for row in answer["results"]:
        named = {cell["field"]: cell["value"] for cell in row}
        if tuple(cell["field"] for cell in row) != demo_table.COLUMNS:
            raise RuntimeError(f"columns {[cell['field'] for cell in row]}, expected {demo_table.COLUMNS}")
        rows.append(tuple(named[column] for column in demo_table.COLUMNS))
    return rows, answer["statistics"]


def ask_terminal(program, server, keys, group):
    """The same query through `skywatch query`; rows as tuples."""
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=keys[0], AWS_SECRET_ACCESS_KEY=keys[1])
    done = subprocess.run([str(program), "query", "--endpoint", server.url, "--region", server_process.REGION, "--group", group,
                           "--since", "1h", "--output", "json", demo_table.QUERY],
                          env=environment, capture_output=True, text=True, timeout=QUERY_SECONDS_MAX)
    if done.returncode != 0:
        raise RuntimeError(f"skywatch query exited with {done.returncode}: {done.stderr.strip()}")
    return [tuple(row.get(column) for column in demo_table.COLUMNS) for row in json.loads(done.stdout)]


def differences(rows, expected):
    """What is wrong with an answer, as lines of text; empty when it equals the expectation, order included."""
    if rows == expected:
        return []
    got, want = collections.Counter(rows), collections.Counter(expected)
    faults = [f"missing or different: {' '.join(map(str, row))}" for row in want - got]
    faults += [f"not expected: {' '.join(map(str, row))}" for row in got - want]
    return faults or ["the rows are right, their order is not"]


def run_form(name, forms, program, server, keys, logs, folder):
    """One run: applications writing the given forms into one group. Returns the faults found."""
    group = f"demo/{name}"
    applications = []
    try:
        for form in forms:
            applications.append(Application(server, keys, folder, group, form))
        for application in applications:
            application.wait_ready()
        traffic = demo_traffic.Traffic([application.url for application in applications])
        traffic.run(ROUNDS)
    finally:
        for application in applications:
            application.stop()
    lines = [line for application in applications for line in application.lines()]
    faults = list(traffic.faults)
    written = collections.Counter((method, view, status) for method, view, _, status in
                                  (demo_table.fields(text) for _, text in lines))
    if written != traffic.sent:
        faults.append(f"the application's lines do not match the requests sent: {written - traffic.sent} {traffic.sent - written}")
    expected = demo_table.expected_rows(lines)
    rows, statistics = ask(logs, group, lines)
    faults += differences(rows, expected)
    if statistics["recordsScanned"] != len(lines):
        faults.append(f"{statistics['recordsScanned']:.0f} records scanned, {len(lines)} lines written")
    faults += ["skywatch query: " + fault for fault in differences(ask_terminal(program, server, keys, group), expected)]
    print(f"\n{name} lines, {len(lines)} requests, {len(rows)} rows: {'EQUAL to' if not faults else 'DIFFERENT from'}"
          f" what the application measured\n")
    print(f"  for example  {lines[0][1]}\n")
    print("\n".join("  " + line for line in demo_table.render(rows).splitlines()) + "\n", flush=True)
    for fault in faults:
        print(f"  {name}: {fault}", flush=True)
    return faults


def keep_running(program, server, keys, folder):
    application = Application(server, keys, folder, BACKGROUND_GROUP, "extended")
    stopped = threading.Event()
    try:
        application.wait_ready()
        traffic = demo_traffic.Traffic([application.url])

        def background():
            number = 0
            while not stopped.wait(BACKGROUND_PAUSE_S):
                traffic.round(application.url, number)
                number += 1

        thread = threading.Thread(target=background, daemon=True)
        thread.start()
        say("both keep running, with a little traffic; Ctrl-C ends them")
        print(f"""
  skywatch         {server.url}
  the application  {application.url}/orders/
  its log group    {BACKGROUND_GROUP}

  export SKYWATCH_ENDPOINT={server.url} AWS_ENDPOINT_URL={server.url} AWS_REGION={server_process.REGION} AWS_ACCESS_KEY_ID={keys[0]} AWS_SECRET_ACCESS_KEY={keys[1]}
  .venv/bin/aws logs filter-log-events --log-group-name {BACKGROUND_GROUP}
  {program} query --group {BACKGROUND_GROUP} --since 1h 'parse @message "[*] * * * *" as l, method, view, ms, status | stats avg(ms), max(ms), count(*) by view'
""", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
            say("stopping")
        stopped.set()
        thread.join()
    finally:
        application.stop()


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="compare, stop everything, exit 0 only if equal")
    once = parser.parse_args().once or not sys.stdout.isatty()

    def interrupted(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    program = server_process.binary("build/release/skywatch")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="skywatch-demo-"))
    server = None
    faults = []
    try:
        keys = server_process.create_key(program, folder / "data")
        server = server_process.ServerProcess(program, folder / "data")
        say(f"skywatch runs at {server.url} on {folder / 'data'}")
        logs = boto3.client("logs", endpoint_url=server.url, region_name=server_process.REGION, aws_access_key_id=keys[0],
                            aws_secret_access_key=keys[1], config=botocore.config.Config(retries={"total_max_attempts": 1}))
        print("\n" + "\n".join("  " + line for line in demo_table.QUERY.splitlines()) + "\n", flush=True)
        for name, forms in (("plain", ("plain",)), ("extended", ("extended",)), ("mix", ("plain", "extended"))):
            say(f"{name} lines: starting the application, sending {ROUNDS * len(demo_traffic.ROUND)} requests")
            faults += run_form(name, forms, program, server, keys, logs, folder)
        say("every table is equal" if not faults else f"{len(faults)} differences")
        if not once:
            keep_running(program, server, keys, folder)
    except KeyboardInterrupt:
        faults.append("interrupted")
    except (RuntimeError, server_process.ServerError) as error:
        faults.append(str(error))
        print(f"demo: {error}", file=sys.stderr, flush=True)
    finally:
        if server is not None and server.stop() != 0:
            faults.append("skywatch did not end cleanly")
            print(f"demo: skywatch ended with {server.process.returncode}; it printed:\n{server.output}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
