// SPDX-License-Identifier: Apache-2.0
#include "logs/api/lookup_content.h"

#include "logs/csv_table.h"

namespace sky::logs::api {

aws::Reply<LookupContent> lookup_content(Service& service, const Tenant& tenant,
                                         const std::optional<std::string>& csv,
                                         const std::optional<std::string>& query_id) {
    if (csv.has_value() == query_id.has_value())
        return fail(ErrorCode::kInvalidArgument,
                    "Exactly one of tableBody and queryId must be given.");
    LookupContent content;
    if (csv) {
        content.csv = *csv;
        return content;
    }
    auto view = service.queries.results(tenant, *query_id);
    // ResourceNotFoundException would speak of the table, and CreateLookupTable has none.
    if (!view && view.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kInvalidArgument, std::move(view).error().message);
    if (!view) return std::unexpected(std::move(view).error());
    if (view->status != QueryStatus::kComplete && view->status != QueryStatus::kCancelled)
        return fail(ErrorCode::kInvalidArgument,
                    "A lookup table is made of a query that is Complete or Cancelled; this one's "
                    "status is " +
                        std::string(query_status_name(view->status)) + ".");
    content.csv = csv_of(*view->result);
    return content;
}

}  // namespace sky::logs::api
