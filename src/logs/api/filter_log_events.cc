// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/filter_log_events.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {

// FilterLogEvents reads the streams of a group interleaved.
aws::Reply<FilterLogEventsResponse> filter_log_events(Service& service,
                                                      const aws::CallContext& context,
                                                      const FilterLogEventsRequest& in) {
    const GroupPtr group =
        SKY_TRY(requested_group(service, context, in.log_group_name, in.log_group_identifier));
    FilterEvents request;
    request.streams = in.log_stream_names.value_or(std::vector<std::string>{});
    request.stream_prefix = in.log_stream_name_prefix;
    request.start_ms = in.start_time;
    request.end_ms = in.end_time;
    request.pattern = in.filter_pattern;
    request.token = in.next_token;
    request.limit = in.limit;
    request.from_head = in.start_from_head.value_or(true);
    FilteredEvents page = SKY_TRY(service.reading.filter(*group, request));

    FilterLogEventsResponse out;
    out.next_token = std::move(page.next_token);
    out.searched_log_streams.emplace();  // Always empty (logs-api.md 5.2).
    std::vector<FilteredLogEvent>& events = out.events.emplace();
    events.reserve(page.events.size());
    for (FilteredEvent& found : page.events)
        events.push_back({.log_stream_name = std::move(found.stream_name),
                          .timestamp = found.event.position.timestamp_ms,
                          .message = std::move(found.event.message),
                          .ingestion_time = found.event.ingestion_ms,
                          .event_id = std::move(found.id)});
    return out;
}

}  // namespace sky::logs::api
