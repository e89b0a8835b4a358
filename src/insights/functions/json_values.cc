// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/json_values.h"

#include "insights/functions/kernels.h"

namespace sky::insights {
namespace {

std::string_view keep(EvalContext& context, std::string_view text) {
    char* const copy = kernels::grow_text(context, text.size());
    if (copy == nullptr) return {};
    text.copy(copy, text.size());
    return {copy, text.size()};
}

}  // namespace

Value value_of_token(EvalContext& context, const json::Token& token, std::string& scratch) {
    switch (token.type) {
        case json::Type::kNone:
        case json::Type::kNull:
            return Value::missing();
        case json::Type::kTrue:
        case json::Type::kFalse: {
            Value out = Value::of_boolean(token.type == json::Type::kTrue);
            out.text = token.raw;
            return out;
        }
        case json::Type::kNumber:
            return Value::of_text(token.raw);
        case json::Type::kString: {
            const std::string_view text = json::string_text(token, scratch);
            const bool is_view = text.empty() || text.data() != scratch.data();
            return Value::of_text(is_view ? text : keep(context, text));
        }
        case json::Type::kObject:
        case json::Type::kArray: {
            if (json::is_compact(token)) return Value::of_json(token.raw);
            scratch.clear();
            json::append_compact(token, scratch);
            return Value::of_json(keep(context, scratch));
        }
    }
    return Value::missing();
}

}  // namespace sky::insights
