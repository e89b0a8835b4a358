#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The AWS SDK for Java v2, unmodified (CloudWatch speaks CBOR), by command and not in the suite: it needs a JDK 17 and Maven, and
fetches some 40 packages. Starts the program of SKYWATCH_BIN (default build/dev/skywatch) on a directory of its own.

    python3 tests/clients/java_sdk.py
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.environ.get("SKYWATCH_BIN", str(HERE.parent.parent / "build/dev/skywatch"))
STEP_SECONDS_MAX = 600

WANTED = """\
rejected = false
events = [[profiler] GET user-list 12.50 200, [profiler] GET user-list 13.50 200, [profiler] POST ordre-é 7.00 500]
rows = [view:ordre-é, ms:7, view:user-list, ms:13]
recordsScanned = 3.0
missingGroup = 400
malformedAt = 18
metrics = 0
alarms = 0
series = [a, latency, Complete]
noTime = ValidationError
badToken = InvalidParameterValue
account = 12
wrongSecretLogs = InvalidSignatureException
wrongSecretMetrics = InvalidSignatureException
wrongSecretSts = SignatureDoesNotMatch
"""


def maven(*words):
    done = subprocess.run(["mvn", "-q", "-B", *words], cwd=HERE / "java", capture_output=True, text=True, timeout=STEP_SECONDS_MAX)
    if done.returncode:
        sys.exit("mvn: " + done.stdout[-2000:] + done.stderr[-2000:])


def main():
    with tempfile.TemporaryDirectory(prefix="skywatch-java-") as place:
        class_path, classes, data = (pathlib.Path(place) / name for name in ("class-path", "classes", "data"))
        maven("dependency:build-classpath", f"-Dmdep.outputFile={class_path}")
        jars = class_path.read_text().strip()
        subprocess.run(["javac", "--release", "17", "-Xlint:all,-processing,-classfile", "-encoding", "UTF-8", "-cp", jars, "-d", str(classes), "src/main/java/skywatch/Sdk.java"],
                       cwd=HERE / "java", check=True, timeout=STEP_SECONDS_MAX)
        key = json.loads(subprocess.run([PROGRAM, "key", "create", "--data", str(data), "--json"], check=True, capture_output=True, text=True).stdout)
        server = subprocess.Popen([PROGRAM, "serve", "--data", str(data), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            found = next(filter(None, (re.search(r"listening on (http://127\.0\.0\.1:\d+)", line) for line in server.stdout)))
            environment = {**os.environ, "AWS_ENDPOINT_URL": found.group(1), "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
            done = subprocess.run(["java", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", f"{classes}:{jars}", "skywatch.Sdk"], env=environment,
                                  capture_output=True, text=True, encoding="utf-8", timeout=STEP_SECONDS_MAX)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
        print(done.stdout, end="")
        if done.returncode:
            sys.exit(done.stderr[-3000:])
        differ = [(a, b) for a, b in zip(done.stdout.splitlines(), WANTED.splitlines()) if a != b]
        if differ or done.stdout.count("\n") != WANTED.count("\n"):
            sys.exit(f"wanted otherwise: {differ}")
        print("as wanted: every answer and every error")


if __name__ == "__main__":
    main()
