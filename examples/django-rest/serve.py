#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the sample application: makes its database, fills it, serves it with waitress. Port 0 picks a port and prints it.

    python serve.py [PORT]

SIGTERM ends it after the lines still queued were shipped.
"""
import http.server
import json
import logging
import os
import pathlib
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "middleware" / "python")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

USERS = 20
ORDERS = 200
SERVER_THREADS = 8
PARTNER_DELAY_S = 0.02


class Partner(http.server.BaseHTTPRequestHandler):
    """The other service that the 'rates' endpoint asks."""

    def do_GET(self):
        time.sleep(PARTNER_DELAY_S)  # The delay is this service's behaviour: it is what external_ms shows.
        body = json.dumps({"EUR": 1, "USD": 1.1}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def fill():
    from django.core.management import call_command

    from shop.models import Order, User

    call_command("migrate", run_syncdb=True, verbosity=0)
    if User.objects.exists():
        return
    users = User.objects.bulk_create([User(name=f"User {n}", email=f"user{n}@example.com") for n in range(1, USERS + 1)])
    Order.objects.bulk_create([Order(user=users[n % USERS], item=f"item {n % 17}", cents=100 + 7 * n) for n in range(ORDERS)])


def stop(*_):
    raise SystemExit(0)


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    signal.signal(signal.SIGTERM, stop)
    partner = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    threading.Thread(target=partner.serve_forever, daemon=True).start()
    os.environ.setdefault("SHOP_PARTNER_URL", f"http://127.0.0.1:{partner.server_port}/")

    import waitress

    from shop.wsgi import application

    fill()
    server = waitress.create_server(application, host="127.0.0.1", port=port, threads=SERVER_THREADS)
    print(f"shop: listening on http://127.0.0.1:{server.effective_port}", flush=True)
    try:
        server.run()
    finally:
        server.close()
        partner.shutdown()
        logging.shutdown()  # watchtower sends what it still holds.


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
