// SPDX-License-Identifier: Apache-2.0
// What is found in a document is valid JSON itself and lies inside it; compact text is a fixed
// point; looking a flattened name up finds a value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "json/fields.h"

using namespace sky::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kFieldsMax = 50;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Token whole = scan(text);
    const Token inside = find_object(text, 8);
    if (inside.type != Type::kNone) {
        SKY_ASSERT(scan(inside.raw).type == Type::kObject, "an embedded object is one");
    }
    if (whole.type == Type::kNone) {
        SKY_ASSERT(flatten(text, kFieldsMax).empty(), "no fields in what is no JSON");
        return 0;
    }
    std::string compact;
    append_compact(whole, compact);
    const Token again = scan(compact);
    SKY_ASSERT(again.type == whole.type && is_compact(again), "compact text is JSON and compact");
    std::string scratch;
    if (whole.type == Type::kString) {
        std::string quoted;
        append_quoted(string_text(whole, scratch), quoted);
        std::string second;
        SKY_ASSERT(string_text(scan(quoted), second) == string_text(whole, scratch),
                   "quoting and reading gives the text back");
    }
    const std::vector<Field> fields = flatten(text, kFieldsMax);
    std::vector<std::string> names;
    for (const Field& field : fields) {
        SKY_ASSERT(scan(field.value.raw).type == field.value.type, "a leaf is valid JSON");
        names.push_back(field.name);
    }
    std::vector<Token> found(names.size());
    const FieldPaths paths(names);
    const bool resolved = paths.resolve(text, found);
    SKY_ASSERT(resolved == (whole.type == Type::kObject || whole.type == Type::kArray),
               "objects and arrays are walked");
    for (std::size_t i = 0; i < names.size(); ++i) {
        // A name with brackets is read as an index; an empty one names nothing for sure.
        if (names[i].find('[') != std::string::npos) continue;
        SKY_ASSERT(found[i].type != Type::kNone, "every listed field is found by its name");
    }
    return 0;
}
