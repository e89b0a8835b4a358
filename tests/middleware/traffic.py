# SPDX-License-Identifier: Apache-2.0
"""Bounded traffic against an application of tests/middleware/apps, counted and timed from outside."""
import collections
import http.client
import statistics
import threading
import time

THREADS = 4
ROUNDS = 16
ANSWER_SECONDS_MAX = 60

# Every application serves these. (method, path, which view serves it, status). `{n}` is the number of the round.
ROUND = (
    ("GET", "/rates/{n}", "rates", 200),
    ("GET", "/items/{n}", "items", 200),
    ("POST", "/items/{n}", "items", 201),
    ("HEAD", "/items/{n}", "items", 200),
    ("GET", "/export", "export", 200),
    ("GET", "/latest", "latest", 302),
    ("GET", "/failing", "failing", 500),
    ("GET", "/no/such/page/{n}", "-", 404),
)
# Of an answer to /export.
EXPORT_BYTES = 3000


class Traffic:
    """`sent` counts answers by (method, view, status); `seconds` holds the time of each from outside; `faults` are surprises."""

    def __init__(self, url):
        self._address = url.rsplit("/", 1)[-1]
        self._lock = threading.Lock()
        self.sent = collections.Counter()
        self.seconds = collections.defaultdict(list)
        self.faults = []

    def run(self, views, rounds=ROUNDS):
        numbers = iter(range(rounds))

        def work():
            while True:
                with self._lock:
                    number = next(numbers, None)
                if number is None:
                    return
                self._round(number, views)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _round(self, number, views):
        for method, path, view, status in ROUND:
            path = path.format(n=number)
            connection = http.client.HTTPConnection(self._address, timeout=ANSWER_SECONDS_MAX)
            try:
                start = time.perf_counter()
                connection.request(method, path)
                answer = connection.getresponse()
                body = answer.read()
                seconds = time.perf_counter() - start
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.faults.append(f"{method} {path}: {error!r}")
                continue
            finally:
                connection.close()
            key = (method, views.get(view, view), str(answer.status))
            with self._lock:
                self.sent[key] += 1
                self.seconds[key].append(seconds)
                if answer.status != status:
                    self.faults.append(f"{method} {path} answered {answer.status}, not {status}")
                if view == "export" and len(body) != EXPORT_BYTES:
                    self.faults.append(f"{path} had {len(body)} bytes")

    def total_ms(self, key):
        return sum(self.seconds[key]) * 1000

    def median_ms(self, key):
        return statistics.median(self.seconds[key]) * 1000
