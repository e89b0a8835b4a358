// SPDX-License-Identifier: Apache-2.0
#include "logs/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {

Result<Admission> admit(std::span<const store::Event> events, std::int64_t now_ms,
                        std::optional<std::int32_t> retention_days) {
    if (events.empty() || events.size() > limits::kBatchEventsMax)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("A batch must hold 1 to {} log events.", limits::kBatchEventsMax));
    std::uint64_t bytes = 0;
    bool sorted = true;
    std::int64_t previous = events.front().timestamp_ms;
    for (const store::Event& event : events) {
        if (event.message.size() > limits::kEventBytesMax)
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("Log event too large: {} bytes exceeds limit of {}",
                                    event.message.size() + limits::kEventOverheadBytes,
                                    limits::kEventBytesMax + limits::kEventOverheadBytes));
        bytes += event.message.size() + limits::kEventOverheadBytes;
        sorted = sorted && event.timestamp_ms >= previous;
        previous = event.timestamp_ms;
    }
    if (bytes > limits::kBatchBytesMax)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes,
                                limits::kBatchBytesMax));
    if (!sorted)
        return fail(ErrorCode::kInvalidArgument,
                    "Log events in a single PutLogEvents request must be in chronological order.");

    const auto first_from = [&](std::int64_t at_ms) {
        const auto it = std::lower_bound(
            events.begin(), events.end(), at_ms,
            [](const store::Event& event, std::int64_t ms) { return event.timestamp_ms < ms; });
        return static_cast<std::size_t>(it - events.begin());
    };
    const std::size_t old_end = first_from(now_ms - limits::kTooOldMs);
    const std::size_t expired_end =
        retention_days ? first_from(now_ms - std::int64_t{*retention_days} * 24 * 3'600 * 1'000)
                       : 0;
    const std::size_t new_start = first_from(now_ms + limits::kTooNewMs + 1);

    Admission admission;
    admission.begin = std::max(old_end, expired_end);
    admission.end = std::max(new_start, admission.begin);
    if (old_end > 0) admission.rejected.too_old_end = static_cast<std::int32_t>(old_end);
    if (expired_end > 0) admission.rejected.expired_end = static_cast<std::int32_t>(expired_end);
    if (new_start < events.size())
        admission.rejected.too_new_start = static_cast<std::int32_t>(new_start);
    if (admission.begin < admission.end &&
        events[admission.end - 1].timestamp_ms - events[admission.begin].timestamp_ms >
            limits::kBatchSpanMsMax)
        return fail(ErrorCode::kInvalidArgument,
                    "The batch of log events in a single PutLogEvents request cannot span more "
                    "than 24 hours.");
    return admission;
}

Result<PutOutcome> Ingest::prepare(const Tenant& tenant, std::string_view group,
                                   std::string_view stream, std::span<const store::Event> events,
                                   store::AppendBatch& batch) {
    SKY_TRY(check_group_name(group));
    SKY_TRY(check_stream_name(stream));
    const GroupPtr found = SKY_TRY(groups_.find(tenant, group));
    const StreamInfo target = SKY_TRY(streams_.find(*found, stream));
    const std::int64_t now_ms = clock_.now_ms();
    const Admission admission = SKY_TRY(admit(events, now_ms, found->retention_days));
    batch.group = found->id;
    batch.stream = target.id;
    batch.ingestion_ms = now_ms;
    batch.events = events.subspan(admission.begin, admission.end - admission.begin);
    return PutOutcome{admission.rejected, event_id({now_ms, batches_.fetch_add(1) + 1})};
}

void Ingest::put(const Tenant& tenant, std::string_view group, std::string_view stream,
                 std::span<const store::Event> events, Done done) {
    store::AppendBatch batch{};
    auto outcome = prepare(tenant, group, stream, events, batch);
    if (!outcome || batch.events.empty()) {  // All rejected is still a success (logs-api.md 4).
        done(std::move(outcome));
        return;
    }
    store_.append(batch, [done = std::move(done), outcome = *std::move(outcome), id = batch.group,
                          this](const Status& stored) mutable {
        if (stored) {
            done(std::move(outcome));
        } else if (stored.error().code == ErrorCode::kNotFound) {
            // Lost against a delete: the text says which of the two went (logs-api.md 1.4).
            const bool group_left = store_.catalog().find_group(id) != nullptr;
            done(fail(ErrorCode::kNotFound,
                      std::string(group_left ? kStreamMissing : kGroupMissing)));
        } else {
            done(std::unexpected(stored.error()));
        }
    });
}

}  // namespace sky::logs
