// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/delete_query_definition.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DeleteQueryDefinition forgets a saved query.
aws::Reply<DeleteQueryDefinitionResponse> delete_query_definition(
    Service& service, const aws::CallContext& context, const DeleteQueryDefinitionRequest& in) {
    SKY_TRY(service.query_definitions.remove(tenant_of(context), in.query_definition_id));
    return DeleteQueryDefinitionResponse{.success = true};
}

}  // namespace sky::logs::api
