// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/put_log_events.h"

#include "logs/api/operations.h"
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
    PutLogEventsRequest in;
    if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
    std::vector<store::Event> events;
    events.reserve(in.log_events.size());
    for (const InputLogEvent& event : in.log_events)
        events.push_back({event.timestamp, event.message});
    const Tenant tenant = tenant_of(call.context());
    // std::function wants copies; the call is one.
    auto shared = std::make_shared<aws::Call>(std::move(call));
    service.ingest.put(tenant, in.log_group_name, in.log_stream_name, events,
                       [shared](Result<PutOutcome> outcome) {
                           if (outcome)
                               shared->respond(response_of(*std::move(outcome)));
                           else
                               shared->fail(aws::ServiceError(std::move(outcome).error()));
                       });
}

}  // namespace sky::logs::api
