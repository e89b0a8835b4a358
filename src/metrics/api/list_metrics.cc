// SPDX-License-Identifier: Apache-2.0
#include "metrics/api/shapes/list_metrics.h"

#include "metrics/api/operations.h"

namespace sky::metrics::api {

// ListMetrics lists nothing: no metric can be stored yet.
aws::Reply<ListMetricsOutput> list_metrics(Service&, const aws::CallContext&,
                                           const ListMetricsInput& in) {
    if (in.next_token && !in.next_token->empty()) {
        return aws::fault("InvalidParameterValueException", "Invalid nextToken");
    }
    ListMetricsOutput out;
    out.metrics.emplace();
    // As many as metrics; clients index it without looking (clients.md trap 28).
    if (in.include_linked_accounts.value_or(false)) out.owning_accounts.emplace();
    return out;
}

}  // namespace sky::metrics::api
