// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_log_record.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetLogRecord answers with every field of one event.
aws::Reply<GetLogRecordResponse> get_log_record(Service& service, const aws::CallContext& context,
                                                const GetLogRecordRequest& in) {
    GetLogRecordResponse out;
    out.log_record = SKY_TRY(service.records.record(tenant_of(context), in.log_record_pointer));
    return out;
}

}  // namespace sky::logs::api
