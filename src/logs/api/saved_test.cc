// SPDX-License-Identifier: Apache-2.0
// Lookup tables and query definitions over the wire.
#include <doctest/doctest.h>

#include "logs/api/testing/client.h"

namespace sky::logs::api {
using testing::Client;

namespace {

/// "$1" stands for the id that the latest answer with "queryDefinitionId" or "queryId" held.
struct Step {
    const char* operation;
    std::string body, answer;
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

void run(Client& client, const std::vector<Step>& steps) {
    std::string id;
    for (const Step& step : steps) {
        CAPTURE(step.operation);
        CAPTURE(step.body);
        std::string body = step.body;
        replace_all(body, "$1", id);
        std::string answer = client.ask(step.operation, body);
        for (const std::string_view member : {R"("queryDefinitionId":")", R"("queryId":")"}) {
            if (const auto at = answer.find(member); at != std::string::npos)
                id = answer.substr(at + member.size(), 36);
        }
        if (!id.empty()) replace_all(answer, id, "$1");
        replace_all(answer, std::to_string(testing::kNow), "$NOW");
        CHECK(answer == step.answer);
        client.service.queries.wait_until_idle();
    }
}

const std::string kArn = "arn:aws:logs:us-east-1:123456789012:lookup-table:users";

}  // namespace

TEST_CASE("lookup tables over the wire") {
    Client client;
    const std::string by_arn = R"({"lookupTableArn":")" + kArn + "\"}";
    const std::string described = R"("lookupTableArn":")" + kArn + R"(","lookupTableName":"users")";
    run(client,
        {
            {"CreateLookupTable",
             R"({"lookupTableName":"users","tableBody":"id,name\n1,ada\n",)"
             R"("description":"d","tags":{"a":"b"}})",
             R"(200 {"lookupTableArn":")" + kArn + R"(","createdAt":$NOW})"},
            {"CreateLookupTable", R"({"lookupTableName":"users","tableBody":"id\n"})",
             "400 ResourceAlreadyExistsException: The lookup table users already exists."},
            {"CreateLookupTable", R"({"lookupTableName":"x-y","tableBody":"id\n"})",
             "400 InvalidParameterException: 1 validation error detected: Value 'x-y' at "
             "'lookupTableName' failed to satisfy constraint: Member must satisfy regular "
             "expression pattern: ^[a-zA-Z0-9_]+$"},
            {"CreateLookupTable", R"({"lookupTableName":"t"})",
             "400 InvalidParameterException: Exactly one of tableBody and queryId must be given."},
            {"CreateLookupTable", R"({"lookupTableName":"t","tableBody":"id\n","queryId":"q"})",
             "400 InvalidParameterException: Exactly one of tableBody and queryId must be given."},
            {"CreateLookupTable", R"({"lookupTableName":"t","tableBody":"a,b\n1\n"})",
             "400 InvalidParameterException: The table is not valid CSV, line 2: 1 values where "
             "the header has 2 columns."},
            {"CreateLookupTable", R"({"lookupTableName":"t","queryId":"none"})",
             "400 InvalidParameterException: The query with id [none] does not exist."},
            {"GetLookupTable", by_arn,
             "200 {" + described +
                 R"(,"description":"d","tableBody":"id,name\n1,ada\n","sizeBytes":14,)"
                 R"("lastUpdatedTime":$NOW})"},
            {"DescribeLookupTables", "{}",
             R"(200 {"lookupTables":[{)" + described +
                 R"(,"description":"d","tableFields":["id","name"],"recordsCount":1,)"
                 R"("sizeBytes":14,"lastUpdatedTime":$NOW}]})"},
            {"DescribeLookupTables", R"({"lookupTableNamePrefix":"v"})",
             R"(200 {"lookupTables":[]})"},
            {"ListTagsForResource", R"({"resourceArn":")" + kArn + "\"}",
             R"(200 {"tags":{"a":"b"}})"},
            {"TagResource", R"({"resourceArn":")" + kArn + R"(","tags":{"c":"d"}})", "200 "},
            {"UntagResource", R"({"resourceArn":")" + kArn + R"(","tagKeys":["a"]})", "200 "},
            {"ListTagsForResource", R"({"resourceArn":")" + kArn + "\"}",
             R"(200 {"tags":{"c":"d"}})"},
            {"UpdateLookupTable", R"({"lookupTableArn":")" + kArn + R"(","tableBody":"id\n"})",
             R"(200 {"lookupTableArn":")" + kArn + R"(","lastUpdatedTime":$NOW})"},
            {"UpdateLookupTable", R"({"lookupTableArn":")" + kArn + R"(2","tableBody":"id\n"})",
             "400 ResourceNotFoundException: The lookup table users2 does not exist."},
            {"DeleteLookupTable", by_arn, "200 "},
            {"DeleteLookupTable", by_arn,
             "400 ResourceNotFoundException: The lookup table users does not exist."},
            {"GetLookupTable", by_arn,
             "400 ResourceNotFoundException: The lookup table users does not exist."},
            // From a query's rows.
            {"CreateLogGroup", R"({"logGroupName":"g"})", "200 "},
            {"StartQuery",
             R"({"logGroupName":"g","startTime":0,"endTime":1,"queryString":"rows 2"})",
             R"(200 {"queryId":"$1"})"},
            {"CreateLookupTable", R"({"lookupTableName":"users","queryId":"$1"})",
             R"(200 {"lookupTableArn":")" + kArn + R"(","createdAt":$NOW})"},
            {"GetLookupTable", by_arn,
             "200 {" + described +
                 R"(,"tableBody":"n\n0\n1\n","sizeBytes":6,"lastUpdatedTime":$NOW})"},
            {"StartQuery", R"({"logGroupName":"g","startTime":0,"endTime":1,"queryString":"fail"})",
             R"(200 {"queryId":"$1"})"},
            {"UpdateLookupTable", R"({"lookupTableArn":")" + kArn + R"(","queryId":"$1"})",
             "400 InvalidParameterException: A lookup table is made of a query that is Complete "
             "or Cancelled; this one's status is Failed."},
        });
}

TEST_CASE("query definitions over the wire") {
    Client client;
    run(client,
        {
            {"DescribeQueryDefinitions", "{}", R"(200 {"queryDefinitions":[]})"},
            {"PutQueryDefinition",
             R"({"name":"q","queryString":"limit {{n}}","logGroupNames":["g"],)"
             R"("parameters":[{"name":"n","defaultValue":"1","description":"d"}]})",
             R"(200 {"queryDefinitionId":"$1"})"},
            {"DescribeQueryDefinitions", R"({"queryDefinitionNamePrefix":"q"})",
             R"(200 {"queryDefinitions":[{"queryLanguage":"CWLI","queryDefinitionId":"$1",)"
             R"("name":"q","queryString":"limit {{n}}","lastModified":$NOW,"logGroupNames":["g"],)"
             R"("parameters":[{"name":"n","defaultValue":"1","description":"d"}]}]})"},
            {"PutQueryDefinition",
             R"({"queryDefinitionId":"$1","name":"r","queryString":"SELECT 1","queryLanguage":"SQL"})",
             R"(200 {"queryDefinitionId":"$1"})"},
            {"DescribeQueryDefinitions", R"({"queryLanguage":"SQL"})",
             R"(200 {"queryDefinitions":[{"queryLanguage":"SQL","queryDefinitionId":"$1",)"
             R"("name":"r","queryString":"SELECT 1","lastModified":$NOW,"logGroupNames":[]}]})"},
            {"DescribeQueryDefinitions", R"({"queryLanguage":"CWLI"})",
             R"(200 {"queryDefinitions":[]})"},
            {"PutQueryDefinition", R"({"queryDefinitionId":"none","name":"r","queryString":"x"})",
             "400 ResourceNotFoundException: The query definition with id [none] does not exist."},
            {"PutQueryDefinition", R"({"name":"","queryString":"x"})",
             "400 InvalidParameterException: 1 validation error detected: Value '' at 'name' "
             "failed to satisfy constraint: Member must have length greater than or equal to 1"},
            {"PutQueryDefinition", R"({"name":"r","queryString":"x","parameters":[{"name":"1a"}]})",
             "400 InvalidParameterException: 1 validation error detected: Value '1a' at "
             "'parameters.1.member.name' failed to satisfy constraint: Member must satisfy regular "
             "expression pattern: ^[a-zA-Z_][a-zA-Z0-9_]*"},
            {"DescribeQueryDefinitions", R"({"nextToken":"x"})",
             "400 InvalidParameterException: The specified nextToken is invalid."},
            {"DeleteQueryDefinition", R"({"queryDefinitionId":"$1"})", R"(200 {"success":true})"},
            {"DeleteQueryDefinition", R"({"queryDefinitionId":"gone"})",
             "400 ResourceNotFoundException: The query definition with id [gone] does not exist."},
        });
}

}  // namespace sky::logs::api
