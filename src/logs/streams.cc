// SPDX-License-Identifier: Apache-2.0
#include "logs/streams.h"

#include <algorithm>
#include <tuple>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

/// Where a listing goes on: names compare as bytes, times before names.
using TimeKey = std::pair<std::int64_t, std::string>;

/// Streams without events sort first when ascending (logs-api.md 3).
TimeKey time_key(const StreamInfo& stream) {
    return {stream.last_event_ms.value_or(-1), stream.name};
}

std::string encode_time_key(const TimeKey& key) {
    return encode_position({key.first, 0}) + key.second;
}

std::optional<TimeKey> decode_time_key(std::string_view bytes) {
    const auto position = decode_position(bytes.substr(0, std::min<std::size_t>(16, bytes.size())));
    if (!position) return std::nullopt;
    return TimeKey{position->timestamp_ms, std::string(bytes.substr(16))};
}

}  // namespace

Status Streams::create(const Tenant& tenant, std::string_view group, std::string_view stream) {
    SKY_TRY(check_group_name(group));
    SKY_TRY(check_stream_name(stream));
    const GroupPtr found = SKY_TRY(groups_.find(tenant, group));
    const auto made = store_.catalog().create_stream(found->id, stream, clock_.now_ms());
    if (made) return {};
    if (made.error().code == ErrorCode::kAlreadyExists)
        return fail(ErrorCode::kAlreadyExists, std::string(kStreamExists));
    if (made.error().code == ErrorCode::kNotFound)  // The group went away meanwhile.
        return fail(ErrorCode::kNotFound, std::string(kGroupMissing));
    return std::unexpected(made.error());
}

Status Streams::remove(const Tenant& tenant, std::string_view group, std::string_view stream) {
    SKY_TRY(check_group_name(group));
    SKY_TRY(check_stream_name(stream));
    const GroupPtr found = SKY_TRY(groups_.find(tenant, group));
    if (!store_.catalog().find_stream(found->id, stream))
        return fail(ErrorCode::kNotFound, std::string(kStreamMissing));
    if (found->deletion_protection)
        return fail(ErrorCode::kInvalidState,
                    "The log group has deletion protection enabled. Disable it first.");
    Status removed = store_.catalog().delete_stream(found->id, stream);
    if (!removed && removed.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kNotFound, std::string(kStreamMissing));
    return removed;
}

Result<StreamInfo> Streams::find(const GroupInfo& group, std::string_view stream) const {
    SKY_TRY(check_stream_name(stream));
    if (auto found = store_.catalog().find_stream(group.id, stream)) return *std::move(found);
    return fail(ErrorCode::kNotFound, std::string(kStreamMissing));
}

Result<StreamPage> Streams::describe(const GroupInfo& group, const StreamQuery& query) const {
    const bool by_time = query.order == StreamOrder::kLastEventTime;
    if (by_time && query.prefix)
        return fail(ErrorCode::kInvalidArgument,
                    "Cannot order by LastEventTime with a logStreamNamePrefix.");
    const auto limit = static_cast<std::size_t>(query.limit.value_or(limits::kDescribePageMax));
    const TokenKind kind = by_time ? TokenKind::kStreamsByTime : TokenKind::kStreamsByName;
    const std::string prefix = query.prefix.value_or("");
    const std::uint64_t filter =
        FilterHash().add(group.id).add(prefix).add(query.descending ? 1U : 0U).value();
    std::optional<std::string> after;
    if (query.token)
        after = SKY_TRY(
            decode_token(kind, filter, clock_.now_ms(), limits::kTokenLifeMs, *query.token));

    StreamPage page;
    const auto keep = [&](auto begin, auto end) {
        for (; begin != end && page.streams.size() < limit; ++begin) page.streams.push_back(*begin);
        return begin != end;
    };
    bool more = false;
    const store::Catalog& catalog = store_.catalog();
    if (!by_time && !query.descending) {
        const auto batch = catalog.list_streams(group.id, prefix, after.value_or(""), limit + 1);
        more = keep(batch.begin(), batch.end());
    } else if (by_time) {
        auto all = catalog.list_streams_by_time(group.id);
        if (query.descending) std::reverse(all.begin(), all.end());
        auto begin = all.begin();
        if (after) {
            const auto key = decode_time_key(*after);
            if (!key) return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
            begin = std::partition_point(all.begin(), all.end(), [&](const StreamInfo& stream) {
                const TimeKey at = time_key(stream);
                return query.descending ? at >= *key : at <= *key;
            });
        }
        more = keep(begin, all.end());
    } else {
        // Rarely asked for: walk all names once, then from the back.
        std::vector<StreamInfo> all;
        std::string last;
        for (;;) {
            auto batch = catalog.list_streams(group.id, prefix, last, limits::kCatalogStride);
            const bool end = batch.size() < limits::kCatalogStride;
            if (!batch.empty()) last = batch.back().name;
            std::move(batch.begin(), batch.end(), std::back_inserter(all));
            if (end) break;
        }
        std::reverse(all.begin(), all.end());
        auto begin = all.begin();
        if (after)
            begin = std::partition_point(all.begin(), all.end(), [&](const StreamInfo& stream) {
                return stream.name >= *after;
            });
        more = keep(begin, all.end());
    }
    if (more) {
        const StreamInfo& last = page.streams.back();
        page.next_token = encode_token(kind, filter, clock_.now_ms(),
                                       by_time ? encode_time_key(time_key(last)) : last.name);
    }
    return page;
}

}  // namespace sky::logs
