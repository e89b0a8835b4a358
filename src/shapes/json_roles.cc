// SPDX-License-Identifier: Apache-2.0
#include "shapes/json_roles.h"

#include "json/fields.h"
#include "shapes/limits.h"

namespace sky::shapes {

JsonRoles roles_of(std::string_view text, JsonRoles asked) {
    JsonRoles out;
    if (asked.has(JsonRole::kString) && json::is_string_content(text)) out.add(JsonRole::kString);
    if (asked.has(JsonRole::kScalar) && json::is_scalar(text)) out.add(JsonRole::kScalar);
    if (asked.has(JsonRole::kElements) && json::are_elements(text, limits::kJsonOpeningsMax))
        out.add(JsonRole::kElements);
    return out;
}

}  // namespace sky::shapes
