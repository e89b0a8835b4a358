// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/streams.h - log streams of a group: create, delete, list.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "logs/groups.h"
#include "store/store.h"

namespace sky::logs {

using store::StreamInfo;

struct StreamPage {
    std::vector<StreamInfo> streams;
    std::optional<std::string> next_token;
};

enum class StreamOrder : std::uint8_t { kName, kLastEventTime };

struct StreamQuery {
    std::optional<std::string> prefix;
    StreamOrder order = StreamOrder::kName;
    bool descending = false;
    std::optional<std::int64_t> limit;  // 1..50, 50 when absent.
    std::optional<std::string> token;
};

/// Errors: kNotFound (kGroupMissing, kStreamMissing), kInvalidArgument, and the catalog's.
/// Threads: any.
class Streams {
public:
    Streams(store::Store& store, const Clock& clock, const Groups& groups)
        : store_(store), clock_(clock), groups_(groups) {}

    /// Errors: kAlreadyExists (kStreamExists).
    Status create(const Tenant& tenant, std::string_view group, std::string_view stream);
    /// Errors: kInvalidState (the group has deletion protection).
    Status remove(const Tenant& tenant, std::string_view group, std::string_view stream);
    Result<StreamInfo> find(const GroupInfo& group, std::string_view stream) const;
    Result<StreamPage> describe(const GroupInfo& group, const StreamQuery& query) const;

private:
    store::Store& store_;
    const Clock& clock_;
    const Groups& groups_;
};

}  // namespace sky::logs
