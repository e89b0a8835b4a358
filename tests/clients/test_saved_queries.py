# SPDX-License-Identifier: Apache-2.0
"""Lookup tables and query definitions through boto3: their life, their limits, queries that read them, a restart."""
import json
import subprocess
import time

import pytest


@pytest.fixture
def table_name(logs, name):
    table = "t_" + name.replace("/", "_")
    yield table
    for found in logs.describe_lookup_tables(lookupTableNamePrefix=table)["lookupTables"]:
        logs.delete_lookup_table(lookupTableArn=found["lookupTableArn"])


def put(client, group, now, messages):
    client.put_log_events(logGroupName=group, logStreamName="s",
                          logEvents=[{"timestamp": now - len(messages) + i, "message": m} for i, m in enumerate(messages)])


def test_a_lookup_tables_life(logs, table_name, error):
    made = logs.create_lookup_table(lookupTableName=table_name, tableBody='id,name\n1,"a, b"\n2,ünï\n', description="who", tags={"a": "b"})
    arn = made["lookupTableArn"]
    assert arn.endswith(":lookup-table:" + table_name) and made["createdAt"] > 0
    assert error(logs.create_lookup_table, lookupTableName=table_name, tableBody="id\n")[0] == "ResourceAlreadyExistsException"
    found = logs.get_lookup_table(lookupTableArn=arn)
    assert (found["tableBody"], found["description"], found["sizeBytes"]) == ('id,name\n1,"a, b"\n2,ünï\n', "who", len('id,name\n1,"a, b"\n2,ünï\n'.encode()))
    listed = logs.describe_lookup_tables(lookupTableNamePrefix=table_name)["lookupTables"]
    assert [(t["lookupTableArn"], t["tableFields"], t["recordsCount"]) for t in listed] == [(arn, ["id", "name"], 2)]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    assert logs.update_lookup_table(lookupTableArn=arn, tableBody="id\n")["lastUpdatedTime"] >= made["createdAt"]
    found = logs.get_lookup_table(lookupTableArn=arn)
    assert found["tableBody"] == "id\n" and "description" not in found
    logs.delete_lookup_table(lookupTableArn=arn)
    for call in (logs.get_lookup_table, logs.delete_lookup_table):
        assert error(call, lookupTableArn=arn)[0] == "ResourceNotFoundException"


def test_what_a_lookup_table_may_not_be(logs, logs_unchecked, table_name, error):
    assert error(logs.create_lookup_table, lookupTableName=table_name) == (
        "InvalidParameterException", "Exactly one of tableBody and queryId must be given.")
    assert error(logs.create_lookup_table, lookupTableName=table_name, tableBody='a\n"x\n') == (
        "InvalidParameterException", "The table is not valid CSV, line 2: a quote is not closed.")
    assert error(logs_unchecked.create_lookup_table, lookupTableName="no-dash", tableBody="a\n")[0] == "InvalidParameterException"
    assert error(logs.create_lookup_table, lookupTableName=table_name, tableBody="a\n" + "x" * 10_485_760)[0] == "InvalidParameterException"


def test_a_large_table(logs, table_name):
    body = "id,name\n" + "".join(f"{i},name {i}\n" for i in range(400_000))
    logs.create_lookup_table(lookupTableName=table_name, tableBody=body)
    found = logs.describe_lookup_tables(lookupTableNamePrefix=table_name)["lookupTables"][0]
    assert (found["recordsCount"], found["sizeBytes"]) == (400_000, len(body))
    assert logs.get_lookup_table(lookupTableArn=found["lookupTableArn"])["tableBody"] == body


def test_queries_look_values_up(logs, query, rows, group, now, table_name, error):
    put(logs, group, now, [json.dumps({"user": u}) for u in ("1", "2", "01", "9")])
    logs.create_lookup_table(lookupTableName=table_name, tableBody="id,name,team\n1,ada,core\n2,bob,web\n2,second,web\n")
    text = f"lookup {table_name} id as user OUTPUT name, team | display user, name, team"
    answer = query(group, text, now // 1000 - 60, now // 1000)
    assert answer["status"] == "Complete"
    # Newest first; texts match exactly, and the first row of the table wins.
    assert rows(answer) == [{"user": "9"}, {"user": "01"}, {"user": "2", "name": "bob", "team": "web"}, {"user": "1", "name": "ada", "team": "core"}]
    window = {"logGroupName": group, "startTime": now // 1000 - 60, "endTime": now // 1000}
    assert error(logs.start_query, queryString="lookup no_such_table id OUTPUT name", **window) == (
        "InvalidParameterException", "The lookup table no_such_table does not exist.")
    assert error(logs.start_query, queryString=f"lookup {table_name} id OUTPUT nickname", **window) == (
        "InvalidParameterException", f"The lookup table {table_name} has no column nickname.")


def test_a_table_of_a_querys_rows(logs, query, rows, group, now, table_name):
    put(logs, group, now, [json.dumps({"host": h}) for h in "aab"])
    answer = query(group, "stats count(*) as n by host", now // 1000 - 60, now // 1000)
    assert len(rows(answer)) == 2
    newest = logs.describe_queries(logGroupName=group)["queries"][0]["queryId"]
    made = logs.create_lookup_table(lookupTableName=table_name, queryId=newest)
    assert logs.get_lookup_table(lookupTableArn=made["lookupTableArn"])["tableBody"] == "host,n\nb,1\na,2\n"


def test_a_query_definitions_life(logs, name, error):
    parameters = [{"name": "level", "defaultValue": "ERROR", "description": "how bad"}, {"name": "n"}]
    text = 'filter @message like "{{level}}" | limit {{n}}'
    first = logs.put_query_definition(name=name + "/b", queryString=text, logGroupNames=["g"], parameters=parameters)["queryDefinitionId"]
    second = logs.put_query_definition(name=name + "/a", queryString="limit 1", clientToken="t" * 36)["queryDefinitionId"]
    assert logs.put_query_definition(name=name + "/a", queryString="limit 1", clientToken="t" * 36)["queryDefinitionId"] == second
    listed = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert [(d["queryDefinitionId"], d["name"], d["queryLanguage"]) for d in listed] == [(second, name + "/a", "CWLI"), (first, name + "/b", "CWLI")]
    assert (listed[1]["queryString"], listed[1]["logGroupNames"], listed[1]["parameters"]) == (text, ["g"], parameters)
    page = logs.describe_query_definitions(queryDefinitionNamePrefix=name, maxResults=1)
    assert [d["name"] for d in page["queryDefinitions"]] == [name + "/a"]
    page = logs.describe_query_definitions(queryDefinitionNamePrefix=name, maxResults=1, nextToken=page["nextToken"])
    assert [d["name"] for d in page["queryDefinitions"]] == [name + "/b"] and "nextToken" not in page
    logs.put_query_definition(name=name + "/c", queryString="limit 2", queryDefinitionId=first)
    replaced = logs.describe_query_definitions(queryDefinitionNamePrefix=name + "/c")["queryDefinitions"][0]
    assert replaced["queryDefinitionId"] == first and replaced["logGroupNames"] == [] and "parameters" not in replaced
    for known in (first, second):
        assert logs.delete_query_definition(queryDefinitionId=known)["success"] is True
        assert error(logs.delete_query_definition, queryDefinitionId=known)[0] == "ResourceNotFoundException"
    assert error(logs.put_query_definition, name="x", queryString="limit 1", queryDefinitionId=first)[0] == "ResourceNotFoundException"
    assert error(logs.put_query_definition, name="x", queryString="y", queryLanguage="SQL", parameters=[{"name": "a"}])[0] == "InvalidParameterException"


def test_they_outlive_the_server(own_place):
    own_place.start()
    client = own_place.client()
    client.create_lookup_table(lookupTableName="kept", tableBody="id,name\n1,ada\n", tags={"a": "b"})
    saved = client.put_query_definition(name="kept", queryString="limit 1")["queryDefinitionId"]
    assert own_place.server.stop() == 0
    own_place.start()
    client = own_place.client()
    table = client.describe_lookup_tables()["lookupTables"][0]
    assert client.get_lookup_table(lookupTableArn=table["lookupTableArn"])["tableBody"] == "id,name\n1,ada\n"
    assert client.list_tags_for_resource(resourceArn=table["lookupTableArn"])["tags"] == {"a": "b"}
    assert client.describe_query_definitions()["queryDefinitions"][0]["queryDefinitionId"] == saved
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    put(client, "g", now, ['{"user":1}'])
    started = client.start_query(logGroupName="g", startTime=now // 1000 - 60, endTime=now // 1000,
                                 queryString="lookup kept id as user OUTPUT name | display name")["queryId"]
    deadline = time.monotonic() + 60
    while (answer := client.get_query_results(queryId=started))["status"] in ("Scheduled", "Running"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [f["value"] for f in answer["results"][0] if f["field"] == "name"] == ["ada"]


def test_the_command_line_runs_saved_queries_and_explains_them(own_place, program):
    own_place.start()
    client = own_place.client()
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    put(client, "g", int(time.time() * 1000), ["ERROR a", "ERROR b", "INFO c"])
    client.put_query_definition(name="by-level", queryString='filter @message like "{{level}}" | stats count(*) as n', logGroupNames=["g"],
                                parameters=[{"name": "level", "defaultValue": "ERROR"}])

    def run(*arguments):
        done = subprocess.run([program, "query", "--endpoint", own_place.server.url, "--output", "json", *arguments], capture_output=True, text=True, timeout=60,
                              env={"AWS_ACCESS_KEY_ID": own_place.keys[0], "AWS_SECRET_ACCESS_KEY": own_place.keys[1], "HOME": "/nonexistent"})
        return done.returncode, done.stdout, done.stderr

    assert json.loads(run("--definition", "by-level")[1]) == [{"n": "2"}]
    assert json.loads(run("--definition", "by-level", "--param", "level=INFO")[1]) == [{"n": "1"}]
    code, _, text = run("--definition", "by-level", "--param", "other=1")
    assert code != 0 and "no parameter other" in text
    code, _, text = run("--definition", "by")
    assert code != 0 and "by-level" in text
    code, out, text = run("--definition", "by-level", "--explain")
    assert code == 0, text
    lines = out.splitlines()
    assert lines[0].startswith("scan: ") and lines[-1] == "output: 1 rows"
    assert any(line.startswith("filter ") and "-> 2 rows" in line for line in lines) and any(line.startswith("stats ") for line in lines)


def test_results_outlive_the_server(own_place):
    """Rows, pages, lists and groups of a finished query after a restart, and after kill -9."""
    own_place.start()
    client = own_place.client()
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    put(client, "g", now, [f"line {i}" for i in range(30)])
    started = client.start_query(logGroupName="g", startTime=now // 1000 - 60, endTime=now // 1000, queryString="fields @message | sort @message")["queryId"]

    def answer(**page):
        deadline = time.monotonic() + 60
        while (found := client.get_query_results(queryId=started, **page))["status"] in ("Scheduled", "Running"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return found

    first = answer()
    assert first["status"] == "Complete" and len(first["results"]) == 30
    files = own_place.data / "queries"
    deadline = time.monotonic() + 60
    while not files.is_dir() or not any(name.suffix == ".query" for name in files.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for how in ("stop", "kill"):
        if how == "stop":
            assert own_place.server.stop() == 0
        else:
            own_place.server.process.kill()
            own_place.server.process.wait(timeout=60)
        own_place.start()
        client = own_place.client()
        again = answer()
        assert (again["results"], again["statistics"], again["status"]) == (first["results"], first["statistics"], "Complete")
        page = answer(maxItems=20)
        assert page["results"] + answer(maxItems=20, nextToken=page["nextToken"])["results"] == first["results"]
        assert [q["queryId"] for q in client.describe_queries(logGroupName="g")["queries"]] == [started]
        assert client.list_log_groups_for_query(queryId=started)["logGroupIdentifiers"] == ["g"]
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.stop_query(queryId=started)
