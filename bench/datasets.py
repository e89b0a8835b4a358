# SPDX-License-Identifier: Apache-2.0
"""The data sets of the benchmarks and the loader that sends them."""
import contextlib
import json
import os
import pathlib
import subprocess

FILES = {"r1": "trainticket.log.zst", "r2": "windows-events.ndjson.zst", "r3": "apache-access.log.zst"}


def shared():
    return pathlib.Path(os.environ.get("SKYWATCH_SHARED", pathlib.Path(__file__).resolve().parent.parent.parent / "shared")) / "data"


def source(name, work):
    """What bench_load takes as --set: a generator's name, or the file of a real log, unpacked once."""
    if name in ("s1", "s2"):
        return name
    out = pathlib.Path(work) / f"{name}.txt"
    if not out.exists():
        subprocess.run(["zstd", "-q", "-d", "-f", str(shared() / FILES[name]), "-o", str(out)], check=True)
    return str(out)


def available(name):
    return name in ("s1", "s2") or (shared() / FILES[name]).exists()


def _command(root, server, what, lines, group, connections, rate, text, plain):
    command = [str(root / "build/release/bench/bench_load"), "--port", str(server.port), "--access-key", server.access_key, "--secret-key",
               server.secret_key, "--set", what, "--lines", str(lines), "--group", group, "--connections", str(connections), "--rate", str(rate)]
    for flag, path in (("--text", text), ("--plain", plain)):
        if path:
            command += [flag, str(path)]
    return command


def send(root, server, what, lines, group="bench", connections=4, rate=0, text=None, plain=None):
    """Sends the set; what the loader saw."""
    done = subprocess.run(_command(root, server, what, lines, group, connections, rate, text, plain), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@contextlib.contextmanager
def sending(root, server, what, lines, group="bench", rate=0):
    """The loader beside the block; ended by its process id when the block ends first."""
    process = subprocess.Popen(_command(root, server, what, lines, group, 1, rate, None, None), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        process.stdout.close()


def report_of(process):
    """What the loader saw, once it has ended by itself."""
    out = process.stdout.read()
    if process.wait() != 0:
        raise RuntimeError("the loader failed")
    return json.loads(out)
