# SPDX-License-Identifier: Apache-2.0
"""The calls of terraform-provider-aws for log groups and streams, in its order: a refresh after each change finds the wanted state."""
import concurrent.futures

import pytest

ACCOUNT = "123456789012"


class Provider:
    """What the provider's resource does, with one client."""

    def __init__(self, client):
        self.client = client

    def apply(self, wanted):
        """Create: tags and class with the group, retention behind it."""
        given = {"logGroupName": wanted["name"], "logGroupClass": wanted["class"]}
        if wanted["tags"]:
            given["tags"] = wanted["tags"]
        self.client.create_log_group(**given)
        if wanted["retention"]:
            self.client.put_retention_policy(logGroupName=wanted["name"], retentionInDays=wanted["retention"])

    def find(self, name):
        """The provider walks all pages of the prefix and takes the exact name."""
        for page in self.client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
            for group in page["logGroups"]:
                if group["logGroupName"] == name:
                    return group
        return None

    def refresh(self, name):
        """The state as the provider stores it; None when the group is gone."""
        group = self.find(name)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        assert arn == f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}"
        return {"name": name, "class": group["logGroupClass"], "retention": group.get("retentionInDays", 0), "key": group.get("kmsKeyId", ""),
                "tags": self.client.list_tags_for_resource(resourceArn=arn)["tags"], "protected": group["deletionProtectionEnabled"]}

    def change(self, old, wanted):
        arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{wanted['name']}"
        if old["retention"] != wanted["retention"]:
            if wanted["retention"]:
                self.client.put_retention_policy(logGroupName=wanted["name"], retentionInDays=wanted["retention"])
            else:
                self.client.delete_retention_policy(logGroupName=wanted["name"])
        gone = [key for key in old["tags"] if key not in wanted["tags"]]
        if gone:
            self.client.untag_resource(resourceArn=arn, tagKeys=gone)
        new = {key: value for key, value in wanted["tags"].items() if old["tags"].get(key) != value}
        if new:
            self.client.tag_resource(resourceArn=arn, tags=new)


@pytest.fixture
def provider(logs):
    return Provider(logs)


def wanted_of(name, **changes):
    return {"name": name, "class": "STANDARD", "retention": 0, "key": "", "tags": {}, "protected": False, **changes}


@pytest.mark.parametrize("changes", [
    {}, {"retention": 30}, {"tags": {"team": "shop", "stage": "test"}}, {"class": "INFREQUENT_ACCESS"},
    {"retention": 365, "tags": {"a": ""}, "class": "INFREQUENT_ACCESS"},
])
def test_a_new_group_needs_no_second_apply(provider, name, changes):
    wanted = wanted_of(name, **changes)
    provider.apply(wanted)
    assert provider.refresh(name) == wanted
    provider.client.delete_log_group(logGroupName=name)
    assert provider.refresh(name) is None


def test_each_update_is_seen_by_the_next_refresh(provider, name):
    states = [wanted_of(name), wanted_of(name, retention=7, tags={"a": "1", "b": "2"}), wanted_of(name, retention=14, tags={"b": "3"}), wanted_of(name)]
    provider.apply(states[0])
    for old, wanted in zip(states, states[1:]):
        provider.change(old, wanted)
        assert provider.refresh(name) == wanted
    provider.client.delete_log_group(logGroupName=name)


def test_a_replacement_has_nothing_of_the_old_group(provider, name, now):
    provider.apply(wanted_of(name, retention=7, tags={"a": "1"}))
    provider.client.create_log_stream(logGroupName=name, logStreamName="s")
    provider.client.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": "old"}])
    provider.client.delete_log_group(logGroupName=name)
    wanted = wanted_of(name, **{"class": "INFREQUENT_ACCESS"})
    provider.apply(wanted)
    assert provider.refresh(name) == wanted
    assert provider.client.describe_log_streams(logGroupName=name)["logStreams"] == []
    provider.client.delete_log_group(logGroupName=name)


def test_the_exact_name_is_found_among_longer_ones(provider, name):
    names = [f"{name}{tail}" for tail in ("", "-", "/a", "0")] + [f"{name}/{n:03}" for n in range(60)]
    for one in names:
        provider.client.create_log_group(logGroupName=one)
    assert all(provider.refresh(one)["name"] == one for one in (names[0], names[1], names[-1]))
    for one in names:
        provider.client.delete_log_group(logGroupName=one)


def test_many_resources_at_once(shared_place, server, provider, name):
    """The provider walks its graph with ten workers."""
    def life(n):
        mine = Provider(shared_place.client())
        group = f"{name}/{n}"
        wanted = wanted_of(group, retention=[0, 1, 30][n % 3], tags={"n": str(n)})
        mine.apply(wanted)
        mine.client.create_log_stream(logGroupName=group, logStreamName="web")
        assert mine.refresh(group) == wanted
        streams = mine.client.describe_log_streams(logGroupName=group, logStreamNamePrefix="web")["logStreams"]
        assert [s["arn"] for s in streams] == [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:log-stream:web"]
        mine.client.delete_log_stream(logGroupName=group, logStreamName="web")
        mine.client.delete_log_group(logGroupName=group)
        return mine.refresh(group)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        assert list(pool.map(life, range(20))) == [None] * 20


def test_a_protected_group_is_deleted_after_the_protection(provider, name, error):
    provider.client.create_log_group(logGroupName=name, deletionProtectionEnabled=True)
    provider.client.create_log_stream(logGroupName=name, logStreamName="s")
    assert error(provider.client.delete_log_stream, logGroupName=name, logStreamName="s")[0] == "ValidationException"
    assert error(provider.client.delete_log_group, logGroupName=name)[0] == "ValidationException"
    provider.client.put_log_group_deletion_protection(logGroupIdentifier=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}",
                                                      deletionProtectionEnabled=False)
    assert provider.refresh(name)["protected"] is False
    provider.client.delete_log_group(logGroupName=name)


def test_an_unknown_key_leaves_no_group_behind(provider, name, error):
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
    code, text = error(provider.client.create_log_group, logGroupName=name, kmsKeyId=key)
    assert code == "InvalidParameterException" and "KMS key does not exist" in text
    assert provider.refresh(name) is None
    provider.apply(wanted_of(name))
    assert error(provider.client.associate_kms_key, logGroupName=name, kmsKeyId=key)[0] == "InvalidParameterException"
    provider.client.disassociate_kms_key(logGroupName=name)
    assert provider.refresh(name) == wanted_of(name)
    provider.client.delete_log_group(logGroupName=name)
