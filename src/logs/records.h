// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/records.h - GetLogRecord and GetLogGroupFields.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "logs/groups.h"
#include "logs/query_engine.h"

namespace sky::logs {

struct FieldShare {
    std::string name;
    std::int32_t percent;  // Of the sampled events, 0..100.
};

/// Threads: any.
class Records {
public:
    Records(store::Store& store, const Clock& clock, const QueryEngine& engine)
        : store_(store), clock_(clock), engine_(engine) {}

    /// Every field of the event that an @ptr names. Errors: kInvalidArgument (no pointer of ours),
    /// kNotFound (expired, deleted, another tenant's), kCorruption, kInternal.
    Result<std::map<std::string, std::string>> record(const Tenant& tenant,
                                                      std::string_view pointer) const;

    /// Fields of the newest events around `time_s` (8 minutes each way) or of the last 15 minutes,
    /// the most frequent first; at most kFieldsMax.
    Result<std::vector<FieldShare>> fields(const GroupInfo& group,
                                           std::optional<std::int64_t> time_s) const;

private:
    store::Store& store_;
    const Clock& clock_;
    const QueryEngine& engine_;
};

}  // namespace sky::logs
