// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/condition.h - `= 4*`, `>= 75`, `IS NULL`, and how && and || join
              // them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "logs/patterns/number_text.h"
#include "logs/patterns/text_match.h"

namespace sky::logs {

enum class Comparison : std::uint8_t {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIsNull,
    kIsTrue,
    kIsFalse,
    kNotExists,
};

/// A value of an event.
struct Scalar {
    enum class Kind : std::uint8_t {
        kText,    // A JSON string: has no order.
        kNumber,  // A JSON number.
        kField,   // Of a space-delimited event: a number where it reads as one.
        kTrue,
        kFalse,
        kNull,
    };
    Kind kind;
    std::string_view text;  // Unescaped; of a number as it is written; of a literal its name.
};

struct Condition {
    Comparison comparison = Comparison::kEqual;
    std::size_t subject = 0;  // Which selector or field.
    // What it is compared with. A bare number has a text as well: `= 404` is the string "404" too.
    std::optional<Wildcard> text;
    std::string number_text;  // What `number` views.
    bool has_number = false;
    std::optional<PatternRegex> regex;

    bool holds(const Scalar& value) const;
};

/// Conditions joined by && and ||.
class Formula {
public:
    struct Node {
        enum class Kind : std::uint8_t { kCondition, kAnd, kOr };
        Kind kind;
        std::size_t left, right;  // Nodes; of a condition, `left` is which.
    };
    std::size_t add(Node node) {
        nodes_.push_back(node);
        return nodes_.size() - 1;
    }
    void set_root(std::size_t root) { root_ = root; }
    const Node& node(std::size_t index) const { return nodes_[index]; }
    std::size_t root() const { return root_; }
    /// `holds[i]`: whether condition i does.
    bool evaluate(std::span<const std::uint8_t> holds) const { return at(root_, holds); }

private:
    bool at(std::size_t index, std::span<const std::uint8_t> holds) const {
        const Node& node = nodes_[index];
        switch (node.kind) {
            case Node::Kind::kCondition:
                return holds[node.left] != 0;
            case Node::Kind::kAnd:
                return at(node.left, holds) && at(node.right, holds);
            case Node::Kind::kOr:
                return at(node.left, holds) || at(node.right, holds);
        }
        return false;
    }
    std::vector<Node> nodes_;
    std::size_t root_ = 0;
};

}  // namespace sky::logs
