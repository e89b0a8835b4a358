// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/describe_query_definitions.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DescribeQueryDefinitions lists saved queries by name.
aws::Reply<DescribeQueryDefinitionsResponse> describe_query_definitions(
    Service& service, const aws::CallContext& context, const DescribeQueryDefinitionsRequest& in) {
    QueryDefinitionPage page = SKY_TRY(service.query_definitions.list(
        tenant_of(context), in.query_definition_name_prefix.value_or(""), in.query_language,
        in.max_results, in.next_token));
    DescribeQueryDefinitionsResponse out;
    out.next_token = std::move(page.next_token);
    std::vector<QueryDefinition>& definitions = out.query_definitions.emplace();
    for (logs::QueryDefinition& definition : page.definitions) {
        QueryDefinition& item = definitions.emplace_back();
        item.query_definition_id = std::move(definition.id);
        item.name = std::move(definition.name);
        item.query_string = std::move(definition.text);
        item.query_language = std::move(definition.language);
        item.last_modified = definition.modified_ms;
        item.log_group_names = std::move(definition.groups);
        if (definition.parameters.empty()) continue;
        std::vector<QueryParameter>& parameters = item.parameters.emplace();
        for (logs::QueryParameter& parameter : definition.parameters)
            parameters.push_back({.name = std::move(parameter.name),
                                  .default_value = std::move(parameter.default_value),
                                  .description = std::move(parameter.description)});
    }
    return out;
}

}  // namespace sky::logs::api
