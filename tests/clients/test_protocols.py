# SPDX-License-Identifier: Apache-2.0
"""Every protocol that clients speak, with botocore's own serializers and, for what no SDK would send, signed by hand."""
import datetime
import gzip
import struct
import uuid
import xml.etree.ElementTree

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.model
import pytest

import server_process
import signing

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
CBOR = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
PROTOCOLS = ["json", "smithy-rpc-v2-cbor", "query"]
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
METRIC = {"Namespace": "app", "MetricName": "latency", "Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]}


@pytest.fixture
def client(shared_place):
    """client(service) -> a boto3 client with retries off that checks nothing by itself."""

    def make(service, keys=None, **options):
        keys = keys or shared_place.keys
        config = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False, **options)
        return boto3.session.Session().client(service, endpoint_url=shared_place.server.url, region_name="eu-west-3",
                                              aws_access_key_id=keys[0], aws_secret_access_key=keys[1], config=config)

    return make


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(request, client, monkeypatch):
    """CloudWatch's client, made to speak each of its three protocols."""
    monkeypatch.setattr(botocore.model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", (request.param,))
    made = client("cloudwatch")
    assert made.meta.service_model.resolved_protocol == request.param
    return made


@pytest.fixture
def ask(server, keys, wire):
    """ask(service, method, path, body, headers) -> the answer to a request signed by hand."""

    def run(service, method, path, body=b"", headers=None, keys_used=None):
        body = body.encode() if isinstance(body, str) else body
        request = botocore.awsrequest.AWSRequest(method, server.url + path, dict(headers or {}), body)
        credentials = botocore.credentials.Credentials(*(keys_used or keys))
        botocore.auth.SigV4Auth(credentials, service, "us-east-1").add_auth(request)
        signed = {name.lower(): value for name, value in request.headers.items()}
        signed["host"] = server.url.split("/")[2]
        return wire.send(signed, body, method=method, path=path)

    return run


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"].get("Message", "")


def get(cloudwatch, *queries, end=START + datetime.timedelta(hours=1), **more):
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=START, EndTime=end, **more)


def stat(id_, **more):
    return {"Id": id_, "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Average", **more}}


def element(text, path):
    """The text of the first element with that local path."""
    node = xml.etree.ElementTree.fromstring(text)
    for name in path.split("/"):
        node = next(child for child in node if child.tag.rsplit("}", 1)[-1] == name)
    return node.text


# CloudWatch: one store, three protocols.

def test_the_empty_store_of_metrics(cloudwatch):
    answer = cloudwatch.list_metrics(Namespace="app", IncludeLinkedAccounts=True)
    assert answer["Metrics"] == [] and answer["OwningAccounts"] == []
    assert answer["ResponseMetadata"]["RequestId"]
    alarms = cloudwatch.describe_alarms(ActionPrefix="")  # Trap 29.
    assert alarms["MetricAlarms"] == [] and alarms["CompositeAlarms"] == []
    data = get(cloudwatch, stat("m1"), {**stat("m2", Stat="Sum"), "Label": "two"}, {**stat("m3"), "ReturnData": False},
               {"Id": "s1", "Expression": "SEARCH('{app,a} latency', 'Sum')"}, end=START + datetime.timedelta(milliseconds=500))
    assert [(row["Id"], row["Label"], row["Timestamps"], row["Values"], row["StatusCode"]) for row in data["MetricDataResults"]] == [
        ("m1", "latency Average", [], [], "Complete"), ("m2", "two", [], [], "Complete")]


def test_errors_have_their_query_codes(cloudwatch):
    assert refusal(lambda: get(cloudwatch, stat("m1"), end=START))[:2] == ("ValidationError", 400)
    code, status, message = refusal(cloudwatch.describe_alarms, MaxRecords=1000)
    assert (code, status) == ("ValidationError", 400)
    assert message == ("1 validation error detected: Value '1000' at 'maxRecords' failed to satisfy constraint: Member must have "
                       "value less than or equal to 100")
    assert refusal(cloudwatch.describe_alarms, NextToken="nobody's")[:2] == ("InvalidNextToken", 400)
    assert refusal(cloudwatch.list_metrics, NextToken="nobody's")[:2] == ("InvalidParameterValue", 400)


def test_what_is_not_built_is_refused(cloudwatch):
    code, status, message = refusal(cloudwatch.put_metric_data, Namespace="app", MetricData=[{"MetricName": "m", "Value": 1.0}])
    assert code == "UnknownOperationException" and status in (400, 404)
    assert "PutMetricData is not supported by skywatch" in message
    math = {"Id": "e1", "Expression": "m1 * 2"}
    code, status, message = refusal(lambda: get(cloudwatch, math))
    assert (code, status) == ("ValidationError", 400) and "Error in expression 'e1'" in message


def test_a_wrong_secret_in_every_protocol(client, keys, monkeypatch):
    codes = {}
    for protocol in PROTOCOLS:
        monkeypatch.setattr(botocore.model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", (protocol,))
        codes[protocol] = refusal(client("cloudwatch", keys=(keys[0], "x" * 40)).list_metrics)[:2]
    assert codes == {"json": ("InvalidSignatureException", 400), "smithy-rpc-v2-cbor": ("InvalidSignatureException", 400),
                     "query": ("SignatureDoesNotMatch", 403)}


def test_modelled_error_and_query_code_side_by_side(client):
    cloudwatch = client("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.InvalidNextToken):
        cloudwatch.describe_alarms(NextToken="nobody's")


# Query by hand.

def test_query_in_the_url_and_in_a_compressed_form(ask):
    answer = ask("monitoring", "GET", "/?Action=ListMetrics&Version=2010-08-01")
    assert answer.status == 200 and answer.headers["content-type"] == "text/xml"
    assert element(answer.body, "ResponseMetadata/RequestId") == answer.headers["x-amzn-requestid"]
    packed = gzip.compress(b"Action=ListMetrics&Version=2010-08-01&Namespace=" + b"a" * 100)
    answer = ask("monitoring", "POST", "/", packed, {**FORM, "content-encoding": "gzip"})
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("body, code, status", [
    ("Action=ListMetric&Version=2010-08-01", "UnknownOperationException", 400),
    ("Version=2010-08-01", "UnknownOperationException", 400),
    ("Action=DescribeAlarms&MaxRecords=ten", "MalformedInput", 400),
    ("Action=DescribeAlarms&MaxRecords=%zz", "MalformedInput", 400),
    ("Action=DescribeAlarms&AlarmNames.member.1=a&AlarmNamePrefix=b", "ValidationError", 400),
    ("Action=DescribeAlarms&" + ".".join("a" * 100) + "=b", "MalformedInput", 400),
])
def test_query_refusals(ask, body, code, status):
    answer = ask("monitoring", "POST", "/", body, FORM)
    assert (answer.status, element(answer.body, "Error/Code")) == (status, code)
    assert element(answer.body, "RequestId") == answer.headers["x-amzn-requestid"]


# CBOR by hand: Logs answers in it as well, should its clients be moved.

def cbor(value):
    if isinstance(value, str):
        return bytes([0x78, len(value.encode())]) + value.encode()
    if isinstance(value, int):
        return b"\x1b" + struct.pack(">Q", value)
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(cbor, value)) + b"\xff"
    return b"\xbf" + b"".join(cbor(key) + cbor(item) for key, item in value.items()) + b"\xff"


def test_logs_in_cbor(ask, logs, group, now):
    def call(operation, body, **more):
        return ask("logs", "POST", f"/service/Logs_20140328/operation/{operation}", cbor(body), {**CBOR, **more})

    events = [{"timestamp": now, "message": "hello"}]
    answer = call("PutLogEvents", {"logGroupName": group, "logStreamName": "s", "logEvents": events, "unknown": [1, {"a": "b"}]})
    assert answer.status == 200 and answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert answer.headers["content-type"] == "application/cbor" and answer.headers["x-amzn-requestid"]
    assert [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName="s")["events"]] == ["hello"]
    answer = call("PutLogEvents", {"logGroupName": group, "logStreamName": "none", "logEvents": events})
    assert answer.status == 400 and b"com.amazonaws.cloudwatchlogs#ResourceNotFoundException" in answer.body
    assert call("PutRetentionPolicy", {"logGroupName": group, "retentionInDays": 1}).body == b""
    assert call("Nothing", {}).status == 404
    assert call("DescribeLogGroups", {}, **{"x-amz-target": "Logs_20140328.DescribeLogGroups"}).status == 400


@pytest.mark.parametrize("body", [b"\xff", b"\xa1", b"\x80", b"\xbf\x61\x61", b"\xa1\x61a" + b"\x81" * 1000, b"\xa0\xa0",
                                  b"\xbb" + b"\xff" * 8, b"\xa1\x6flogGroupNamePre\x61\xff"])
def test_broken_cbor(ask, body):
    answer = ask("logs", "POST", "/service/Logs_20140328/operation/DescribeLogGroups", body, CBOR)
    assert answer.status == 400 and b"#SerializationException" in answer.body


# The second services.

def test_sts_says_who_i_am(client, keys):
    answer = client("sts").get_caller_identity()
    assert answer["Account"] == server_process.ACCOUNT
    assert answer["Arn"] == f"arn:aws:iam::{server_process.ACCOUNT}:user/{keys[0]}" and answer["UserId"]
    assert refusal(client("sts").decode_authorization_message, EncodedMessage="x")[0] == "UnknownOperationException"


def test_ec2_regions(client, ask):
    ec2 = client("ec2")
    answer = ec2.describe_regions()
    assert [(row["RegionName"], row["Endpoint"]) for row in answer["Regions"]] == [
        ("eu-west-3", "ec2.eu-west-3.amazonaws.com"), ("us-east-1", "ec2.us-east-1.amazonaws.com")]
    names = lambda **arguments: [row["RegionName"] for row in ec2.describe_regions(**arguments)["Regions"]]  # noqa: E731
    assert names(RegionNames=["us-east-1"]) == ["us-east-1"]
    assert names(Filters=[{"Name": "region-name", "Values": ["eu-*", "none"]}]) == ["eu-west-3"]
    assert refusal(ec2.describe_regions, RegionNames=["moon-1"])[:2] == ("InvalidParameterValue", 400)
    assert refusal(ec2.describe_regions, Filters=[{"Name": "size", "Values": ["1"]}])[:2] == ("InvalidParameterValue", 400)
    assert refusal(ec2.describe_regions, DryRun=True)[:2] == ("DryRunOperation", 412)
    assert refusal(ec2.describe_instances)[:2] == ("UnknownOperationException", 400)
    answer = ask("ec2", "POST", "/", "Action=DescribeRegions&Version=2016-11-15", FORM)
    assert b'<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>' in answer.body


def test_oam_sinks(client, ask):
    oam = client("oam")
    assert oam.list_sinks()["Items"] == []
    assert refusal(oam.list_sinks, NextToken="nobody's")[:2] == ("InvalidParameterException", 400)
    assert refusal(oam.list_sinks, MaxResults=0)[:2] == ("InvalidParameterException", 400)
    assert refusal(oam.get_sink, Identifier="x")[:2] == ("UnknownOperationException", 404)
    assert refusal(client("oam", keys=("AKIA" + "Z" * 16, "y" * 40)).list_sinks)[:2] == ("UnrecognizedClientException", 403)
    answer = ask("oam", "POST", "/ListSinks/", b"[]", {"content-type": "application/json"})
    assert answer.status == 400 and answer.headers["x-amzn-errortype"] == "SerializationException"
    assert ask("oam", "POST", "/ListSinks", b"{}", {"content-type": "application/xml"}).status == 415
    assert ask("oam", "POST", "/ListSinks", b"{}", {"accept": "image/png"}).status == 406
    assert ask("oam", "POST", "/ListSinks", b"", {}).json == {"Items": []}


def test_tagged_log_groups(client, shared_place):
    logs = shared_place.client(region_name="eu-west-3")
    key, names = uuid.uuid4().hex, sorted("tagged/" + uuid.uuid4().hex for _ in range(3))
    arns = [f"arn:aws:logs:eu-west-3:{server_process.ACCOUNT}:log-group:{name}" for name in names]
    for number, name in enumerate(names):
        logs.create_log_group(logGroupName=name, tags={key: str(number), "all": "yes"})
    try:
        tagging = client("resourcegroupstaggingapi")
        found = lambda **arguments: [row["ResourceARN"] for row in tagging.get_resources(**arguments)["ResourceTagMappingList"]]  # noqa: E731
        mine = [{"Key": key}]
        assert found(TagFilters=mine) == arns
        assert found(TagFilters=mine, ResourceTypeFilters=["logs:log-group"]) == arns
        assert found(TagFilters=mine, ResourceTypeFilters=["ec2:instance"]) == []
        assert found(TagFilters=[{"Key": key, "Values": ["0", "2"]}, {"Key": "all"}]) == [arns[0], arns[2]]
        assert found(ResourceARNList=[arns[1], arns[1] + "x"]) == [arns[1]]
        pages = list(tagging.get_paginator("get_resources").paginate(TagFilters=mine, ResourcesPerPage=2))
        assert [[row["ResourceARN"] for row in page["ResourceTagMappingList"]] for page in pages] == [arns[:2], arns[2:]]
        assert pages[0]["ResourceTagMappingList"][0]["Tags"] == sorted(
            [{"Key": key, "Value": "0"}, {"Key": "all", "Value": "yes"}], key=lambda tag: tag["Key"])
        assert refusal(tagging.get_resources, ResourcesPerPage=101)[:2] == ("InvalidParameterException", 400)
        assert refusal(tagging.get_resources, ResourceARNList=[arns[0]], TagFilters=mine)[0] == "InvalidParameterException"
    finally:
        for name in names:
            logs.delete_log_group(logGroupName=name)


def test_without_authentication_version_and_path_name_the_service(own_place):
    place = own_place
    place.start("--auth", "off")
    import wire as wire_module

    wire = wire_module.Wire(place.server, place.keys)
    host = {"host": place.server.url.split("/")[2]}
    answer = wire.send({**host, **FORM}, b"Action=GetCallerIdentity&Version=2011-06-15")
    assert answer.status == 200 and element(answer.body, "GetCallerIdentityResult/Account") == server_process.ACCOUNT
    answer = wire.send(host, b"", method="GET", path="/?Action=DescribeRegions&Version=2016-11-15")
    assert answer.status == 200 and b"<regionName>us-east-1</regionName>" in answer.body
    assert wire.send({**host, "content-type": "application/json"}, b"{}", path="/ListSinks").json == {"Items": []}
    assert wire.send({**host, **FORM}, b"Action=GetCallerIdentity&Version=1999-01-01").status == 400


def test_a_query_form_signed_for_another_service_is_not_answered(ask):
    answer = ask("logs", "POST", "/", "Action=DescribeLogGroups&Version=2014-03-28", FORM)
    assert answer.status == 400 and element(answer.body, "Error/Code") == "UnknownOperationException"


def test_signing_oracle_agrees(ask, wire, keys):
    """The hand-made signature of signing.py and botocore's are both accepted for a form."""
    headers = {"host": "{}:{}".format(*wire.server.address), **FORM}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert wire.send(signing.sign(headers, body, *keys, service="sts"), body).status == 200
    assert ask("sts", "POST", "/", body, FORM).status == 200
