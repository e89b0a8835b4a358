// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/create_log_stream.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// CreateLogStream makes a stream.
aws::Reply<CreateLogStreamResponse> create_log_stream(Service& service,
                                                      const aws::CallContext& context,
                                                      const CreateLogStreamRequest& in) {
    SKY_TRY(service.streams.create(tenant_of(context), in.log_group_name, in.log_stream_name));
    return CreateLogStreamResponse{};
}

}  // namespace sky::logs::api
