// SPDX-License-Identifier: Apache-2.0
#include "oam/api/shapes/list_sinks.h"

#include "oam/api/operations.h"

namespace sky::oam::api {

// ListSinks says whether this is a monitoring account. It is not: CreateSink is not built. Grafana
// then offers no choice of accounts.
aws::Reply<ListSinksOutput> list_sinks(Service&, const aws::CallContext&,
                                       const ListSinksInput& in) {
    if (in.next_token && !in.next_token->empty()) {
        return aws::fault("InvalidParameterException", "The specified nextToken is invalid.");
    }
    return ListSinksOutput{};
}

}  // namespace sky::oam::api
