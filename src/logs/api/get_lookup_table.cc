// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_lookup_table.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetLookupTable answers with a table's CSV text.
aws::Reply<GetLookupTableResponse> get_lookup_table(Service& service,
                                                    const aws::CallContext& context,
                                                    const GetLookupTableRequest& in) {
    const Tenant tenant = tenant_of(context);
    LookupTableInfo info = SKY_TRY(service.lookup_tables.find(tenant, in.lookup_table_arn));
    GetLookupTableResponse out;
    out.table_body = SKY_TRY(service.lookup_tables.csv(tenant, info.name));
    out.lookup_table_arn = std::move(info.arn);
    out.lookup_table_name = std::move(info.name);
    out.description = std::move(info.description);
    out.size_bytes = static_cast<std::int64_t>(info.bytes);
    out.last_updated_time = info.modified_ms;
    return out;
}

}  // namespace sky::logs::api
