// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/delete_lookup_table.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DeleteLookupTable forgets a table; queries that run already have it.
aws::Reply<DeleteLookupTableResponse> delete_lookup_table(Service& service,
                                                          const aws::CallContext& context,
                                                          const DeleteLookupTableRequest& in) {
    SKY_TRY(service.lookup_tables.remove(tenant_of(context), in.lookup_table_arn));
    return DeleteLookupTableResponse{};
}

}  // namespace sky::logs::api
