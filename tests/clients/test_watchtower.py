# SPDX-License-Identifier: Apache-2.0
"""watchtower, unmodified: its whole sequence, what it sends, what it warns about."""
import logging
import threading
import uuid
import warnings

import pytest
import watchtower


def read(client, group):
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [(e["logStreamName"], e["timestamp"], e["message"]) for page in pages for e in page["events"]]


@pytest.fixture
def made_group(logs, name):
    yield name
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        pass


@pytest.fixture
def logger():
    own = logging.getLogger("watchtower-test-" + uuid.uuid4().hex)
    own.setLevel(logging.INFO)
    own.propagate = False
    yield own
    for handler in list(own.handlers):
        own.removeHandler(handler)


def stream_made(client, group):
    """watchtower drops what other threads log while it makes a stream, so tests that log on and on make it first."""
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="web")


def handler_for(client, group, **options):
    handler = watchtower.CloudWatchLogHandler(log_group_name=group, log_stream_name="web", boto3_client=client,
                                              **{"send_interval": 1, **options})
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


@pytest.mark.parametrize("use_queues", [True, False])
def test_full_sequence(logs, made_group, logger, use_queues):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handler = handler_for(logs, made_group, use_queues=use_queues, log_group_retention_days=7, send_interval=30)
        logger.addHandler(handler)
        count = 300 if use_queues else 20
        for number in range(count):
            logger.info("[profiler] GET user-list %d.00 200", number)
        handler.flush()
        handler.close()
    found = read(logs, made_group)
    assert [m for _, _, m in found] == [f"[profiler] GET user-list {n}.00 200" for n in range(count)]
    assert {s for s, _, _ in found} == {"web"}
    assert logs.describe_log_groups(logGroupNamePrefix=made_group)["logGroups"][0]["retentionInDays"] == 7


def test_threads_share_a_handler(logs, made_group, logger):
    stream_made(logs, made_group)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handler = handler_for(logs, made_group)
        logger.addHandler(handler)
        threads = [threading.Thread(target=lambda n=n: [logger.info("%d-%d", n, i) for i in range(200)]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        handler.close()
    assert sorted(m for _, _, m in read(logs, made_group)) == sorted(f"{n}-{i}" for n in range(4) for i in range(200))


def test_a_batch_of_more_than_ten_thousand_lines_is_cut_and_arrives_whole(logs, made_group, logger):
    stream_made(logs, made_group)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handler = handler_for(logs, made_group, send_interval=30)
        logger.addHandler(handler)
        for number in range(12_000):
            logger.info("%d", number)
        handler.close()
    assert [m for _, _, m in read(logs, made_group)] == [str(n) for n in range(12_000)]


def test_an_existing_group_is_used(logs, group, logger):
    handler = handler_for(logs, group)
    logger.addHandler(handler)
    logger.info("one")
    handler.close()
    assert [(s, m) for s, _, m in read(logs, group)] == [("web", "one")]


def test_dictionaries_become_json(logs, made_group, logger):
    handler = watchtower.CloudWatchLogHandler(log_group_name=made_group, log_stream_name="web", boto3_client=logs, send_interval=1)
    logger.addHandler(handler)
    logger.info({"request": "ñ", "size": 9000})
    handler.close()
    assert [m for _, _, m in read(logs, made_group)] == ['{"request": "\\u00f1", "size": 9000}']


def test_tags_ask_sts_for_the_account(logs, made_group, server, keys, monkeypatch):
    # With the one endpoint for all services the question reaches us (clients.md trap 21).
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys[1])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import boto3

    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    handler = handler_for(logs, made_group, log_group_tags={"team": "shop"})
    handler.close()
    group = logs.describe_log_groups(logGroupNamePrefix=made_group)["logGroups"][0]
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"team": "shop"}
