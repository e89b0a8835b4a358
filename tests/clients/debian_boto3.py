# SPDX-License-Identifier: Apache-2.0
"""Run by the system's Python with Debian 12's own boto3 (1.26): no AWS_ENDPOINT_URL, CloudWatch in Query. Prints one JSON object."""
import datetime
import json
import os
import sys

import boto3
import botocore
import botocore.exceptions


def client(service):
    return boto3.client(service, endpoint_url=sys.argv[1], region_name="eu-west-3", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"])


def code_of(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return ""


GROUP, STREAM = "debian-boto3", "web"
logs, cloudwatch = client("logs"), client("cloudwatch")
now = datetime.datetime.now(datetime.timezone.utc)
hour_ago = now - datetime.timedelta(hours=1)
logs.create_log_group(logGroupName=GROUP)
logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM,
                    logEvents=[{"timestamp": int(now.timestamp() * 1000), "message": f"line {i}"} for i in range(3)])
metric = {"Namespace": "app", "MetricName": "latency", "Dimensions": [{"Name": "view", "Value": "a & <b> é"}]}
query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}
series = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=hour_ago, EndTime=now)["MetricDataResults"]
json.dump({
    "botocore": botocore.__version__,
    "protocol": cloudwatch.meta.service_model.metadata["protocol"],
    "events": [event["message"] for page in logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 1})
               for event in page["events"]],
    "missing_group": code_of(logs.describe_log_streams, logGroupName="no-such-group"),
    "metrics": [page["Metrics"] for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/Billing")],
    "alarms": [page["MetricAlarms"] for page in cloudwatch.get_paginator("describe_alarms").paginate()],
    "series": [[row["Id"], row["Label"], row["StatusCode"], row["Values"]] for row in series],
    "no_time": code_of(cloudwatch.get_metric_data, MetricDataQueries=[query], StartTime=now, EndTime=now),
    "bad_token": code_of(cloudwatch.list_metrics, NextToken="not ours"),
    "account": client("sts").get_caller_identity()["Account"],
    "regions": "eu-west-3" in [region["RegionName"] for region in client("ec2").describe_regions()["Regions"]],
    "sinks": client("oam").list_sinks()["Items"] if "oam" in boto3.Session().get_available_services() else [],
    "resources": client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"],
}, sys.stdout)
