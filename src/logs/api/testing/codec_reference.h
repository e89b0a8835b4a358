// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/testing/codec_reference.h - PutLogEvents by the shape tables, to hold
              // the hand-written decoder to.

#include <optional>
#include <string_view>

#include "aws/codec.h"
#include "aws/validate.h"
#include "logs/api/put_log_events_decoder.h"
#include "logs/api/shapes/put_log_events.h"

namespace sky::logs::api::testing {

inline std::optional<PutLogEventsRequest> decode_by_tables(std::string_view body) {
    PutLogEventsRequest out;
    const aws::Shape& shape = shape_of(&out);
    aws::MissingMembers missing;
    aws::WireRequest request;
    request.body = body;
    if (!aws::json11_codec().decode(request, shape, &out, missing)) return std::nullopt;
    if (!aws::validate(shape, &out, missing)) return std::nullopt;
    return out;
}

enum class Agreement { kBothRead, kLeftToTables, kDiffer };

/// The property: what the hand-written decoder accepts, the tables accept with equal values.
inline Agreement compare_decoders(std::string_view body) {
    const auto fast = decode_put_log_events(body);
    if (!fast) return Agreement::kLeftToTables;
    const auto slow = decode_by_tables(body);
    if (!slow || fast->group != slow->log_group_name || fast->stream != slow->log_stream_name ||
        fast->has_entity != slow->entity.has_value() ||
        fast->events.size() != slow->log_events.size())
        return Agreement::kDiffer;
    for (std::size_t i = 0; i < fast->events.size(); ++i)
        if (fast->events[i].timestamp_ms != slow->log_events[i].timestamp ||
            fast->events[i].message != slow->log_events[i].message)
            return Agreement::kDiffer;
    return Agreement::kBothRead;
}

}  // namespace sky::logs::api::testing
