// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/json_event.h - selectors like $.a.b[0], found in one pass of a
              // JSON event.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/fields.h"

namespace sky::logs {

struct JsonStep {
    enum class Kind : std::uint8_t { kName, kIndex, kEach };
    Kind kind = Kind::kName;
    std::string name;
    std::uint64_t index = 0;
    bool operator==(const JsonStep&) const = default;
};

struct JsonSelector {
    std::string text;  // As the pattern writes it.
    std::vector<JsonStep> steps;
};

class JsonPlaces {
public:
    virtual ~JsonPlaces() = default;
    /// A place that the selector names, in the order of the text; objects and arrays as well.
    virtual void found(std::size_t selector, const json::Token& value) = 0;
};

/// Walks the event once, checking all of it. Of equal keys the first counts. False when the message
/// is not exactly one JSON object (RFC 8259) or nests deeper than limits::kEventNestingMax; places
/// that were told by then count for nothing.
bool walk_json(std::string_view message, std::span<const JsonSelector> selectors,
               JsonPlaces& places);

}  // namespace sky::logs
