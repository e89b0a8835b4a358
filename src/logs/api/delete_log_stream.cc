// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/delete_log_stream.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// DeleteLogStream deletes a stream with its events.
aws::Reply<DeleteLogStreamResponse> delete_log_stream(Service& service,
                                                      const aws::CallContext& context,
                                                      const DeleteLogStreamRequest& in) {
    SKY_TRY(service.streams.remove(tenant_of(context), in.log_group_name, in.log_stream_name));
    return DeleteLogStreamResponse{};
}

}  // namespace sky::logs::api
