# SPDX-License-Identifier: Apache-2.0
"""Requests as bytes, for what no SDK would send."""
import http.client
import json
import socket

import signing

TARGET = "Logs_20140328."
CONTENT_TYPE = "application/x-amz-json-1.1"
ANSWER_SECONDS_MAX = 60


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.json["__type"]

    @property
    def message(self):
        return self.json["message"]


class Wire:
    """Sends single requests to one server with one key. `keys` may be replaced a call."""

    def __init__(self, server, keys):
        self.server = server
        self.keys = keys

    def headers(self, operation, **extra):
        host, port = self.server.address
        made = {"host": f"{host}:{port}", "content-type": CONTENT_TYPE, "x-amz-target": TARGET + operation}
        made.update({name.replace("_", "-"): value for name, value in extra.items()})
        return made

    def call(self, operation, body, headers=None, sign=True, keys=None, change=None, **signing_options):
        """One signed POST; `body` as bytes, text or an object. `change` may alter (headers, body) after the signature."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        made = self.headers(operation)
        made.update(headers or {})
        if sign:
            made = signing.sign(made, body, *(keys or self.keys), **signing_options)
        if change:
            made, body = change(made, body)
        return self.send(made, body)

    def send(self, headers, body, method="POST", path="/"):
        connection = http.client.HTTPConnection(*self.server.address, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if "content-length" not in headers and "transfer-encoding" not in headers:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders()
            try:
                connection.send(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # Refused by its head: the answer may still be read.
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def talk(self, data, close_after=False):
        """Sends bytes on a socket of its own and returns everything until the server closes it or answers fall silent."""
        with socket.create_connection(self.server.address, timeout=ANSWER_SECONDS_MAX) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            if close_after:
                return b""
            got = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:
                    return got
                if not piece:
                    return got
                got += piece
