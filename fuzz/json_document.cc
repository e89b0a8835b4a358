// SPDX-License-Identifier: Apache-2.0
// JSON from outside: whatever parses writes to text that parses to the same text; mending lone
// surrogates happens once.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "json/document.h"
#include "json/writer.h"

namespace {

using namespace sky::json;

void write(Writer& out, const Value& value) {
    switch (value.kind()) {
        case Kind::kNull:
            return out.null();
        case Kind::kBool:
            return out.boolean(value.boolean());
        case Kind::kInt:
            return out.integer(value.integer());
        case Kind::kUint:
            return out.unsigned_integer(value.unsigned_integer());
        case Kind::kDouble:
            return out.number(value.number());
        case Kind::kString:
            return out.string(value.string());
        case Kind::kArray:
            out.begin_array();
            for (const Value& element : value.elements()) write(out, element);
            return out.end_array();
        case Kind::kObject:
            out.begin_object();
            for (const MemberRef& member : value.members()) {
                out.key(member.name);
                write(out, member.value);
            }
            return out.end_object();
    }
}

std::string written(const Document& document) {
    std::string text;
    Writer out(text);
    write(out, document.root());
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto mended = replace_lone_surrogates(text)) {
        SKY_ASSERT(!replace_lone_surrogates(*mended), "mended text has no lone surrogate");
    }
    const auto document = Document::parse(text);
    if (!document) return 0;
    const std::string first = written(*document);
    const auto again = Document::parse(first);
    SKY_ASSERT(again.has_value(), "what we write is JSON");
    // A double without a fraction is written as an integer, so the second text is the fixed point.
    const std::string second = written(*again);
    const auto third = Document::parse(second);
    SKY_ASSERT(third && written(*third) == second, "writing settles");
    return 0;
}
