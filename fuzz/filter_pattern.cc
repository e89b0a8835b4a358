// SPDX-License-Identifier: Apache-2.0
// A pattern is refused with a text or compiled; then every way to ask about a message says the
// same, what rules messages out is right, and JSON events are those that the query language's
// scanner takes for an object.
#include "logs/patterns/filter_pattern.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "columnar/text_column.h"
#include "json/fields.h"
#include "logs/patterns/json_event.h"

namespace {

class Ignore final : public sky::logs::JsonPlaces {
public:
    void found(std::size_t, const sky::json::Token&) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The pattern up to the first zero byte; a message behind each further one.
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    std::size_t at = std::min(bytes.find('\0'), bytes.size());
    const auto pattern = sky::logs::FilterPattern::compile(bytes.substr(0, at));
    if (!pattern) {
        SKY_ASSERT(pattern.error().code == sky::ErrorCode::kInvalidArgument &&
                       !pattern.error().message.empty(),
                   "a refusal says why");
    }
    sky::columnar::TextColumn messages;
    std::vector<std::uint32_t> expected;
    while (at < bytes.size()) {
        const std::size_t end = std::min(bytes.find('\0', at + 1), bytes.size());
        const std::string_view message = bytes.substr(at + 1, end - at - 1);
        at = end;
        Ignore ignore;
        SKY_ASSERT(sky::logs::walk_json(message, {}, ignore) ==
                       (sky::json::scan(message).type == sky::json::Type::kObject),
                   "both readers of JSON agree");
        if (!pattern) continue;
        const bool matches = pattern->matches(message);
        SKY_ASSERT(pattern->extract(message).has_value() == matches, "extraction is of matches");
        const bool may = pattern->may_match(
            [&](std::string_view text) { return message.find(text) != std::string_view::npos; });
        SKY_ASSERT(may || !matches, "only what cannot match is ruled out");
        if (matches) expected.push_back(static_cast<std::uint32_t>(messages.size()));
        messages.push_back(message);
    }
    if (!pattern) return 0;
    std::vector<std::uint32_t> rows;
    pattern->select(messages, rows);
    SKY_ASSERT(rows == expected, "a column gives what each message gives");
    return 0;
}
