// SPDX-License-Identifier: Apache-2.0
#include "logs/reading.h"

#include <algorithm>
#include <limits>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

/// Where events of some streams can be: a quiet stream of a busy group is not searched for.
/// The catalog knows a stream's times before its put is answered, so nothing acknowledged is cut.
class EventSpan {
public:
    void add(const StreamInfo& stream) {
        if (!stream.first_event_ms || !stream.last_event_ms) return;
        begin_ms_ = std::min(begin_ms_, *stream.first_event_ms);
        end_ms_ = std::max(end_ms_, *stream.last_event_ms);
    }
    void clip(store::TimeRange& range) const {
        range.begin_ms = std::max(range.begin_ms, begin_ms_);
        range.end_ms = std::min(range.end_ms, end_ms_);
    }

private:
    std::int64_t begin_ms_ = kEndOfTime, end_ms_ = -1;  // No event: no range.
};

}  // namespace

Result<std::shared_ptr<const store::Snapshot>> Reading::snapshot_of(const GroupInfo& group) const {
    if (auto snapshot = store_.snapshot(group.id)) return snapshot;
    return fail(ErrorCode::kNotFound, std::string(kGroupMissing));
}

Result<StreamEvents> Reading::get(const GroupInfo& group, const GetEvents& request) const {
    const StreamInfo stream = SKY_TRY(streams_.find(group, request.stream));
    const std::uint64_t stream_hash = FilterHash().add(group.id).add(stream.id).value();
    std::optional<TwoWayToken> token;
    if (request.token) token = SKY_TRY(decode_two_way(*request.token, stream_hash));

    PageSpec spec{};
    spec.range.begin_ms = std::max<std::int64_t>(request.start_ms.value_or(0), 0);
    spec.range.end_ms =
        request.end_ms ? std::max<std::int64_t>(*request.end_ms, 0) - 1 : kEndOfTime;
    EventSpan span;
    span.add(stream);
    span.clip(spec.range);
    spec.events_max = static_cast<std::size_t>(
        request.limit.value_or(static_cast<std::int64_t>(limits::kPageEventsMax)));
    spec.bytes_max = limits::kPageBytesMax;
    spec.morsels_max = limits::kPageMorselsMax;
    const store::StreamId ids[] = {stream.id};
    spec.streams = ids;
    const bool forward = token ? token->forward : request.from_head;
    spec.direction = forward ? Direction::kForward : Direction::kBackward;
    if (token) spec.from = token->position;

    const auto snapshot = SKY_TRY(snapshot_of(group));
    EventPage page = SKY_TRY(read_page(*snapshot, spec));
    if (!forward) std::reverse(page.events.begin(), page.events.end());

    // The positions of an empty page: where it was asked for, or where reading ended early.
    Position first, last;
    if (!page.events.empty()) {
        first = page.events.front().position;
        last = page.events.back().position;
    } else {
        first = last = page.resume.value_or(token ? token->position : Position{});
    }
    return StreamEvents{std::move(page.events), encode_two_way({true, last}, stream_hash),
                        encode_two_way({false, first}, stream_hash)};
}

Result<FilteredEvents> Reading::filter(const GroupInfo& group, const FilterEvents& request) const {
    if (!request.streams.empty() && request.stream_prefix)
        return fail(ErrorCode::kInvalidArgument,
                    "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
    const std::string pattern_text = request.pattern.value_or("");
    const FilterPattern pattern = SKY_TRY(FilterPattern::compile(pattern_text));

    std::vector<std::string> names = request.streams;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    FilterHash hash;
    hash.add(group.id).add(names.size());
    for (const std::string& name : names) hash.add(name);
    hash.add(request.stream_prefix ? 1U : 0U).add(request.stream_prefix.value_or(""));
    hash.add(pattern.matches_everything() ? std::string_view() : pattern_text);

    Direction direction = request.from_head ? Direction::kForward : Direction::kBackward;
    std::optional<Position> from;
    if (request.token) {  // The direction of the token wins over startFromHead.
        const std::string bytes =
            SKY_TRY(decode_token(TokenKind::kFilterEvents, hash.value(), clock_.now_ms(),
                                 limits::kTokenLifeMs, *request.token));
        if (!bytes.empty()) from = decode_position(std::string_view(bytes).substr(1));
        if (!from || (bytes[0] != 'f' && bytes[0] != 'b'))
            return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
        direction = bytes[0] == 'f' ? Direction::kForward : Direction::kBackward;
    }
    if (direction == Direction::kBackward &&
        request.start_ms.value_or(0) < limits::kDescendingStartMsMin)
        return fail(ErrorCode::kInvalidArgument,
                    "startFromHead=false needs a startTime of 2024-01-01 or later.");

    std::vector<store::StreamId> ids;
    EventSpan span;
    for (const std::string& name : names) {
        const StreamInfo stream = SKY_TRY(streams_.find(group, name));
        ids.push_back(stream.id);
        span.add(stream);
    }
    if (request.stream_prefix) {
        std::string after;
        for (;;) {
            const auto batch = store_.catalog().list_streams(group.id, *request.stream_prefix,
                                                             after, limits::kCatalogStride);
            for (const StreamInfo& stream : batch) {
                ids.push_back(stream.id);
                span.add(stream);
            }
            if (batch.size() < limits::kCatalogStride) break;
            after = batch.back().name;
        }
        if (ids.empty()) return FilteredEvents{};  // No stream is not "all streams".
    }
    std::sort(ids.begin(), ids.end());

    PageSpec spec{};
    spec.range.begin_ms = std::max<std::int64_t>(request.start_ms.value_or(0), 0);
    spec.range.end_ms = request.end_ms.value_or(kEndOfTime);
    if (!ids.empty()) span.clip(spec.range);
    spec.direction = direction;
    spec.from = from;
    spec.streams = ids;
    spec.events_max = static_cast<std::size_t>(
        request.limit.value_or(static_cast<std::int64_t>(limits::kPageEventsMax)));
    spec.bytes_max = limits::kPageBytesMax;
    spec.morsels_max = limits::kPageMorselsMax;
    if (!pattern.matches_everything()) {
        spec.pattern = &pattern;
        spec.morsels_max = limits::kFilterMorselsMax;
    }

    const auto snapshot = SKY_TRY(snapshot_of(group));
    EventPage page = SKY_TRY(read_page(*snapshot, spec));
    FilteredEvents out;
    out.events.reserve(page.events.size());
    for (ReadEvent& event : page.events) {
        std::string id = event_id(event.position);
        std::string stream_name = snapshot->stream_name(event.stream);
        out.events.push_back({std::move(event), std::move(stream_name), std::move(id)});
    }
    if (page.resume)
        out.next_token = encode_token(
            TokenKind::kFilterEvents, hash.value(), clock_.now_ms(),
            (direction == Direction::kForward ? "f" : "b") + encode_position(*page.resume));
    return out;
}

}  // namespace sky::logs
