// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/update_lookup_table.h"

#include "logs/api/lookup_content.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// UpdateLookupTable replaces a table's content and description.
aws::Reply<UpdateLookupTableResponse> update_lookup_table(Service& service,
                                                          const aws::CallContext& context,
                                                          const UpdateLookupTableRequest& in) {
    const Tenant tenant = tenant_of(context);
    LookupContent content = SKY_TRY(lookup_content(service, tenant, in.table_body, in.query_id));
    content.description = in.description;
    content.kms_key_id = in.kms_key_id;
    LookupTableInfo changed =
        SKY_TRY(service.lookup_tables.replace(tenant, in.lookup_table_arn, content));
    return UpdateLookupTableResponse{.lookup_table_arn = std::move(changed.arn),
                                     .last_updated_time = changed.modified_ms};
}

}  // namespace sky::logs::api
