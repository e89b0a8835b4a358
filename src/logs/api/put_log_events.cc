// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_log_events.h"

#include "logs/api/operations.h"
#include "logs/api/put_log_events_decoder.h"
#include "logs/api/request.h"

namespace sky::logs::api {
namespace {

PutLogEventsResponse response_of(PutOutcome outcome) {
    PutLogEventsResponse out;
    out.next_sequence_token = std::move(outcome.next_sequence_token);
    // A client takes the member's mere presence as a failed delivery (clients.md trap 5).
    if (outcome.rejected.any()) {
        RejectedLogEventsInfo& info = out.rejected_log_events_info.emplace();
        info.too_old_log_event_end_index = outcome.rejected.too_old_end;
        info.expired_log_event_end_index = outcome.rejected.expired_end;
        info.too_new_log_event_start_index = outcome.rejected.too_new_start;
    }
    return out;
}

}  // namespace

// PutLogEvents stores a batch and answers once the store has synced it, on the committer's thread.
void put_log_events(Service& service, aws::Call call) {
    std::optional<DecodedPut> fast;
    PutLogEventsRequest slow;
    std::vector<store::Event> slow_events;
    if (call.protocol() == aws::Protocol::kJson11) fast = decode_put_log_events(call.body());
    if (!fast) {
        if (auto decoded = call.decode(slow); !decoded)
            return call.fail(std::move(decoded).error());
        slow_events.reserve(slow.log_events.size());
        for (const InputLogEvent& event : slow.log_events)
            slow_events.push_back({event.timestamp, event.message});
    }
    const Tenant tenant = tenant_of(call.context());
    const std::string_view group = fast ? fast->group : std::string_view(slow.log_group_name);
    const std::string_view stream = fast ? fast->stream : std::string_view(slow.log_stream_name);
    // std::function wants copies; the call is one. The body lives in it while put() reads.
    auto shared = std::make_shared<aws::Call>(std::move(call));
    service.ingest.put(tenant, group, stream, fast ? fast->events : slow_events,
                       [shared](Result<PutOutcome> outcome) {
                           if (outcome)
                               shared->respond(response_of(*std::move(outcome)));
                           else
                               shared->fail(aws::ServiceError(std::move(outcome).error()));
                       });
}

}  // namespace sky::logs::api
