// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/describe_log_streams.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/identifiers.h"
#include "logs/tokens.h"

namespace sky::logs::api {

// DescribeLogStreams lists the streams of a group.
aws::Reply<DescribeLogStreamsResponse> describe_log_streams(Service& service,
                                                            const aws::CallContext& context,
                                                            const DescribeLogStreamsRequest& in) {
    const GroupPtr group =
        SKY_TRY(requested_group(service, context, in.log_group_name, in.log_group_identifier));
    StreamQuery query;
    query.prefix = in.log_stream_name_prefix;
    query.order = in.order_by.value_or("LogStreamName") == "LastEventTime"
                      ? StreamOrder::kLastEventTime
                      : StreamOrder::kName;
    query.descending = in.descending.value_or(false);
    query.limit = in.limit;
    query.token = in.next_token;
    StreamPage page = SKY_TRY(service.streams.describe(*group, query));

    DescribeLogStreamsResponse out;
    out.next_token = std::move(page.next_token);
    std::vector<LogStream>& streams = out.log_streams.emplace();
    streams.reserve(page.streams.size());
    for (const StreamInfo& stream : page.streams) {
        LogStream& item = streams.emplace_back();
        item.log_stream_name = stream.name;
        item.creation_time = stream.creation_ms;
        item.first_event_timestamp = stream.first_event_ms;
        item.last_event_timestamp = stream.last_event_ms;
        item.last_ingestion_time = stream.last_ingestion_ms;
        // Deprecated and never checked; older clients send it back (clients.md 3.13).
        if (stream.last_ingestion_ms)
            item.upload_sequence_token = event_id({*stream.last_ingestion_ms, 0});
        item.arn = stream_arn(group->tenant, group->name, stream.name);
        item.stored_bytes = 0;  // Always, at the service too (logs-api.md 3).
    }
    return out;
}

}  // namespace sky::logs::api
