# SPDX-License-Identifier: Apache-2.0
"""Sends bounded traffic to the sample application and counts what it sent and what came back."""
import collections
import http.client
import itertools
import json
import threading
import urllib.parse

THREADS = 4
ANSWER_SECONDS_MAX = 60

# (method, path, body, the view that should serve it, the status it should answer). `{n}` is the number of the round.
ROUND = (
    ("GET", "/users/", None, "user-list", 200),
    ("GET", "/users/{user}/", None, "user-detail", 200),
    ("GET", "/users/999999/", None, "user-detail", 404),
    ("GET", "/orders/", None, "order-list", 200),
    ("GET", "/orders/fast/", None, "order-list-fast", 200),
    ("POST", "/orders/", {"user_id": 1, "item": "book {n}", "cents": 1250}, "order-list", 201),
    ("POST", "/orders/", {"item": "nobody's"}, "order-list", 400),
    ("GET", "/orders/export/", None, "order-export", 200),
    ("GET", "/report/", None, "report", 200),
    ("GET", "/rates/", None, "rates", 200),
    ("GET", "/failing/", None, "failing", 500),
    ("GET", "/no/such/page/{n}", None, "-", 404),
    ("OPTIONS", "/users/", None, "user-list", 200),
)


class Traffic:
    """`sent` counts answered requests by (method, view, status) as the sender knows them; `faults` are surprises."""

    def __init__(self, urls):
        self._urls = itertools.cycle(urls)
        self._lock = threading.Lock()
        self.sent = collections.Counter()
        self.faults = []

    def run(self, rounds):
        """Sends `rounds` rounds, spread over the threads and the applications."""
        numbers = iter(range(rounds))

        def work():
            while True:
                with self._lock:
                    number = next(numbers, None)
                    url = next(self._urls)
                if number is None:
                    return
                self.round(url, number)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def round(self, url, number):
        address = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=ANSWER_SECONDS_MAX)
        try:
            for method, path, body, view, status in ROUND:
                path = path.format(n=number, user=number % 20 + 1)
                data = json.dumps(body).replace("{n}", str(number)) if body else None
                connection.request(method, path, data, {"Content-Type": "application/json"} if body else {})
                answer = connection.getresponse()
                answer.read()
                with self._lock:
                    self.sent[method, view, str(answer.status)] += 1
                    if answer.status != status:
                        self.faults.append(f"{method} {path} answered {answer.status}, not {status}")
        except OSError as error:
            with self._lock:
                self.faults.append(f"{url}: {error!r}")
        finally:
            connection.close()
