# SPDX-License-Identifier: Apache-2.0
"""Waits for a line, then writes events one call after the other with an unmodified boto3 and its own retries.

    other_account.py ENDPOINT GROUP NOW_MS CALLS, keys in the environment
"""
import sys

import boto3

endpoint, group, now, calls = sys.argv[1:]
logs = boto3.client("logs", endpoint_url=endpoint, region_name="us-east-1")
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(calls)):
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": int(now), "message": f"marker {number}"}])
