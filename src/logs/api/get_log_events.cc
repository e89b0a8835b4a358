// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_log_events.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// GetLogEvents reads one stream.
aws::Reply<GetLogEventsResponse> get_log_events(Service& service, const aws::CallContext& context,
                                                const GetLogEventsRequest& in) {
    const GroupPtr group =
        SKY_TRY(requested_group(service, context, in.log_group_name, in.log_group_identifier));
    GetEvents request;
    request.stream = in.log_stream_name;
    request.start_ms = in.start_time;
    request.end_ms = in.end_time;
    request.token = in.next_token;
    request.limit = in.limit;
    request.from_head = in.start_from_head.value_or(false);
    StreamEvents page = SKY_TRY(service.reading.get(*group, request));

    GetLogEventsResponse out;
    std::vector<OutputLogEvent>& events = out.events.emplace();
    events.reserve(page.events.size());
    for (ReadEvent& event : page.events)
        events.push_back({.timestamp = event.position.timestamp_ms,
                          .message = std::move(event.message),
                          .ingestion_time = event.ingestion_ms});
    out.next_forward_token = std::move(page.forward_token);
    out.next_backward_token = std::move(page.backward_token);
    return out;
}

}  // namespace sky::logs::api
