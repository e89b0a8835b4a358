// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/create_lookup_table.h"

#include "logs/api/lookup_content.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// CreateLookupTable keeps a CSV text, or a query's rows, for lookup commands.
aws::Reply<CreateLookupTableResponse> create_lookup_table(Service& service,
                                                          const aws::CallContext& context,
                                                          const CreateLookupTableRequest& in) {
    const Tenant tenant = tenant_of(context);
    LookupContent content = SKY_TRY(lookup_content(service, tenant, in.table_body, in.query_id));
    content.description = in.description;
    content.kms_key_id = in.kms_key_id;
    LookupTableInfo made = SKY_TRY(service.lookup_tables.create(tenant, in.lookup_table_name,
                                                                content, in.tags.value_or(Tags{})));
    return CreateLookupTableResponse{.lookup_table_arn = std::move(made.arn),
                                     .created_at = made.creation_ms};
}

}  // namespace sky::logs::api
