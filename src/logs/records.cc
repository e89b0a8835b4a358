// SPDX-License-Identifier: Apache-2.0
#include "logs/records.h"

#include <algorithm>
#include <limits>

#include "logs/event_page.h"
#include "logs/identifiers.h"
#include "logs/limits.h"

namespace sky::logs {
namespace {

std::string log_name(const GroupInfo& group) { return group.tenant.account + ":" + group.name; }

}  // namespace

Result<std::map<std::string, std::string>> Records::record(const Tenant& tenant,
                                                           std::string_view pointer) const {
    const EventPointer at = SKY_TRY(engine_.decode_pointer(pointer));
    const GroupPtr group = store_.catalog().find_group(at.group);
    const auto missing = [] {
        return fail(ErrorCode::kNotFound, "The specified log record does not exist.");
    };
    if (!group || group->tenant != tenant) return missing();
    const auto snapshot = store_.snapshot(at.group);
    if (!snapshot) return missing();
    const store::TimeRange moment{at.position.timestamp_ms, at.position.timestamp_ms};
    for (const store::Morsel& morsel : snapshot->morsels(moment)) {
        const store::EventBatch batch =
            SKY_TRY(snapshot->read(morsel, moment, store::Columns::kAll));
        const auto found =
            std::find(batch.sequence.begin(), batch.sequence.end(), at.position.sequence);
        if (found == batch.sequence.end()) continue;
        const auto row = static_cast<std::size_t>(found - batch.sequence.begin());
        store::EventBatch one;
        one.timestamp_ms = {batch.timestamp_ms[row]};
        one.sequence = {batch.sequence[row]};
        one.ingestion_ms = {batch.ingestion_ms[row]};
        one.stream = {batch.stream[row]};
        one.message.push_back(batch.message[row]);
        std::map<std::string, std::string> out;
        for (insights::Cell& cell : engine_.record_fields(
                 one, log_name(*group), snapshot->stream_name(one.stream[0]), pointer))
            out.emplace(std::move(cell.field), std::move(cell.value));
        return out;
    }
    return missing();
}

Result<std::vector<FieldShare>> Records::fields(const GroupInfo& group,
                                                std::optional<std::int64_t> time_s) const {
    const auto snapshot = store_.snapshot(group.id);
    if (!snapshot) return fail(ErrorCode::kNotFound, std::string(kGroupMissing));
    PageSpec spec{};
    if (time_s) {
        // The model's time is in seconds; a value from 10^11 on is in milliseconds, as StartQuery.
        const std::int64_t at_ms =
            std::min(*time_s >= limits::kQueryMillisMin ? *time_s : *time_s * 1'000,
                     limits::kQueryMillisMax);
        spec.range = {at_ms - limits::kFieldsAroundMs, at_ms + limits::kFieldsAroundMs};
    } else {
        spec.range = {clock_.now_ms() - limits::kFieldsDefaultMs,
                      std::numeric_limits<std::int64_t>::max()};
    }
    spec.range.begin_ms = std::max<std::int64_t>(spec.range.begin_ms, 0);
    spec.direction = Direction::kBackward;
    spec.events_max = limits::kFieldsSampleEventsMax;
    spec.bytes_max = limits::kFieldsSampleBytesMax;
    spec.morsels_max = limits::kPageMorselsMax;
    const EventPage page = SKY_TRY(read_page(*snapshot, spec));
    std::vector<FieldShare> shares;
    if (page.events.empty()) return shares;

    std::map<std::string, std::size_t> counts;
    for (const char* automatic :
         {"@ingestionTime", "@log", "@logStream", "@message", "@ptr", "@timestamp"})
        counts[automatic] = page.events.size();
    const std::string log = log_name(group);
    for (const ReadEvent& event : page.events)
        for (std::string& name : engine_.discover_fields(log, event.message)) {
            const auto found = counts.find(name);
            if (found != counts.end())
                ++found->second;
            else if (counts.size() < limits::kFieldsMax)
                counts.emplace(std::move(name), 1);
        }
    for (const auto& [name, count] : counts) {
        const std::size_t percent = count * 100 / page.events.size();
        shares.push_back({name, static_cast<std::int32_t>(std::min<std::size_t>(percent, 100))});
    }
    // The map gave the names in order; equal shares keep it.
    std::sort(shares.begin(), shares.end(), [](const FieldShare& a, const FieldShare& b) {
        return std::tie(b.percent, a.name) < std::tie(a.percent, b.name);
    });
    return shares;
}

}  // namespace sky::logs
