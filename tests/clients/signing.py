# SPDX-License-Identifier: Apache-2.0
"""Signature version 4, written from its description: an oracle beside botocore's, and a way to sign wrongly on purpose."""
import datetime
import hashlib
import hmac

SERVICE = "logs"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def amz_date(offset_s=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    return f"{moment:%Y%m%dT%H%M%SZ}"


def sign(headers, body, key_id, secret, region="us-east-1", service=SERVICE, date=None, scope_date=None, payload_hash=None):
    """Returns the headers with X-Amz-Date and Authorization added. `headers` holds lower-case names and `host`."""
    date = date or amz_date()
    scope = f"{scope_date or date[:8]}/{region}/{service}/aws4_request"
    signed = dict(headers)
    signed["x-amz-date"] = date
    names = ";".join(sorted(signed))
    canonical = "\n".join(["POST", "/", "", *(f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed)), "", names,
                           payload_hash or hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, text).hex()
    signed["authorization"] = f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return signed
