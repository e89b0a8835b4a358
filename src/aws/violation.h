// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/violation.h - the constraints that a request breaks, and the two ways to
              // say so.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aws/error.h"
#include "aws/path.h"
#include "aws/shape.h"

namespace sky::aws {

enum class Rule : std::uint8_t { kNotNull, kLength, kRange, kPattern, kEnum };

struct Violation {
    Rule rule = Rule::kNotNull;
    std::string dotted;   // "a.1.member.b", lists from 1.
    std::string slashed;  // "/a/0/b", lists from 0.
    // Whose constraint it is; null for kNotNull. Of a broken map key: the key's shape.
    const Shape* shape = nullptr;
    bool of_key = false;     // The map at this path has a key that breaks `rule`.
    bool at_most = false;    // kLength, kRange: the upper bound.
    std::int64_t size = 0;   // kLength: what was counted.
    std::string value = {};  // As the classic text shows it; for keys the map.
};

/// What is wrong with one request, in the order of the model.
struct Violations {
    std::vector<Violation> list;  // At most limits::kViolationsMax.
    std::size_t count = 0;        // All of them.
    // A recorded text that replaces everything else (Shape::max_text).
    std::string_view whole_text = {};

    bool empty() const { return count == 0; }
};

/// "1 validation error detected: Value 'x' at 'a.1.member' failed to satisfy constraint: Member
/// must have length less than or equal to 5" (logs-api.md 1): JSON 1.x, CBOR, Query, and REST
/// services whose error has no list of fields.
std::string classic_text(const Violations& violations);

/// "1 validation error detected. Value with length 6 at '/a/0' failed to satisfy constraint: Member
/// must have length between 2 and 5, inclusive", and the same by field: the published REST form.
std::string field_text(const Violations& violations);
std::vector<FieldFault> field_faults(const Violations& violations);

}  // namespace sky::aws
