// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_query_definition.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// PutQueryDefinition saves a query, or replaces all of a saved one.
aws::Reply<PutQueryDefinitionResponse> put_query_definition(Service& service,
                                                            const aws::CallContext& context,
                                                            const PutQueryDefinitionRequest& in) {
    logs::QueryDefinition definition;
    definition.id = in.query_definition_id.value_or("");
    definition.name = in.name;
    definition.text = in.query_string;
    definition.language = in.query_language.value_or("CWLI");
    definition.groups = in.log_group_names.value_or(std::vector<std::string>());
    if (in.parameters) {
        for (const QueryParameter& parameter : *in.parameters)
            definition.parameters.push_back(
                {parameter.name, parameter.default_value, parameter.description});
    }
    std::string id =
        SKY_TRY(service.query_definitions.put(tenant_of(context), definition, in.client_token));
    return PutQueryDefinitionResponse{.query_definition_id = std::move(id)};
}

}  // namespace sky::logs::api
