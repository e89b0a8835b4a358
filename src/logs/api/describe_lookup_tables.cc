// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/describe_lookup_tables.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DescribeLookupTables lists tables by name, without their content.
aws::Reply<DescribeLookupTablesResponse> describe_lookup_tables(
    Service& service, const aws::CallContext& context, const DescribeLookupTablesRequest& in) {
    LookupTablePage page = SKY_TRY(
        service.lookup_tables.list(tenant_of(context), in.lookup_table_name_prefix.value_or(""),
                                   in.max_results, in.next_token));
    DescribeLookupTablesResponse out;
    out.next_token = std::move(page.next_token);
    std::vector<LookupTable>& tables = out.lookup_tables.emplace();
    for (LookupTableInfo& info : page.tables) {
        LookupTable& item = tables.emplace_back();
        item.lookup_table_arn = std::move(info.arn);
        item.lookup_table_name = std::move(info.name);
        item.description = std::move(info.description);
        item.table_fields = std::move(info.fields);
        item.records_count = info.records;
        item.size_bytes = static_cast<std::int64_t>(info.bytes);
        item.last_updated_time = info.modified_ms;
    }
    return out;
}

}  // namespace sky::logs::api
