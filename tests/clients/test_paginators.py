# SPDX-License-Identifier: Apache-2.0
"""Every paginator that botocore has for Logs: to its end page by page, and again from a token in its middle."""
import botocore.session
import pytest

PAGINATORS = botocore.session.get_session().get_component("data_loader").load_service_model("logs", "paginators-1")["pagination"]
COUNT = 5


def groups(logs, name, **options):
    made = [f"{name}/{n:03}" for n in range(options.get("count", COUNT))]
    for one in made:
        logs.create_log_group(logGroupName=one)
    return made


def describe_log_groups(logs, name, group, now, finished):
    return {"logGroupNamePrefix": name + "/"}, groups(logs, name), lambda item: item["logGroupName"], 1


def describe_log_streams(logs, name, group, now, finished):
    streams = [f"t{n}" for n in range(COUNT)]
    for stream in streams:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    return {"logGroupName": group, "logStreamNamePrefix": "t"}, streams, lambda item: item["logStreamName"], 1


def filter_log_events(logs, name, group, now, finished):
    events = [{"timestamp": now + n // 2, "message": f"{'keep' if n % 2 else 'drop'} {n}"} for n in range(2 * COUNT)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    return {"logGroupName": group, "filterPattern": "keep"}, [f"keep {n}" for n in range(1, 2 * COUNT, 2)], lambda item: item["message"], 1


def describe_queries(logs, name, group, now, finished):
    ids = []
    for n in range(COUNT):
        ids.append(logs.start_query(logGroupName=group, startTime=0, endTime=1, queryString=f"limit {n + 1}")["queryId"])
        finished(ids[-1])
    return {"logGroupName": group}, ids[::-1], lambda item: item["queryId"], 1


def list_log_groups_for_query(logs, name, group, now, finished):
    made = groups(logs, name, count=52)  # A page has 50 at least.
    started = logs.start_query(startTime=0, endTime=1, queryString=f"SOURCE logGroups(namePrefix: ['{name}/']) | fields @message")
    finished(started["queryId"])
    return {"queryId": started["queryId"]}, made, lambda item: item.rsplit(":", 1)[-1], 50


def list_aggregate_log_group_summaries(logs, name, group, now, finished):
    return {"groupBy": "DATA_SOURCE_NAME_AND_TYPE"}, [], lambda item: item, 1


BUILT = {"DescribeLogGroups": describe_log_groups, "DescribeLogStreams": describe_log_streams, "FilterLogEvents": filter_log_events,
         "DescribeQueries": describe_queries, "ListLogGroupsForQuery": list_log_groups_for_query,
         "ListAggregateLogGroupSummaries": list_aggregate_log_group_summaries}


def test_botocore_has_twenty():
    assert len(PAGINATORS) == 20 and set(BUILT) <= set(PAGINATORS)


@pytest.mark.parametrize("operation", sorted(BUILT))
def test_a_paginator_runs_to_its_end_and_resumes(logs, name, group, now, finished, operation):
    arguments, expected, of_item, size = BUILT[operation](logs, name, group, now, finished)
    method = botocore.xform_name(operation)
    key = PAGINATORS[operation]["result_key"]
    key = key[0] if isinstance(key, list) else key
    paginator = logs.get_paginator(method)
    try:
        pages = [[of_item(item) for item in page[key]] for page in paginator.paginate(**arguments, PaginationConfig={"PageSize": size})]
        assert [item for page in pages for item in page] == expected
        assert all(len(page) <= size for page in pages)
        # Cut short inside the list, by items; then from the token on.
        first = paginator.paginate(**arguments, PaginationConfig={"PageSize": size, "MaxItems": 2 if size == 1 else 51}).build_full_result()
        rest = []
        if expected:
            assert first["NextToken"]
            rest = paginator.paginate(**arguments, PaginationConfig={"PageSize": size, "StartingToken": first["NextToken"]}).build_full_result()[key]
        assert [of_item(item) for item in first[key] + rest] == expected
    finally:
        for made in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name + "/").build_full_result()["logGroups"]:
            logs.delete_log_group(logGroupName=made["logGroupName"])


@pytest.mark.parametrize("operation", sorted(set(PAGINATORS) - set(BUILT)))
def test_paginators_of_what_is_not_built(wire, operation):
    answer = wire.call(operation, {})
    assert (answer.status, answer.type) == (400, "UnknownOperationException")
