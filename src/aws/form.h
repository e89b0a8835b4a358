// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/form.h - the parameters of a Query request as a tree.

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sky::aws {

/// "Filters.member.1.Name=a&Action=b": one node a part of a key.
struct FormNode {
    std::optional<std::string_view> value;  // Decoded.
    std::map<std::string_view, FormNode> children;

    const FormNode* find(std::string_view part) const {
        const auto at = children.find(part);
        return at == children.end() ? nullptr : &at->second;
    }
    /// Children whose part is a whole number, by that number; a list's elements. Gaps are allowed.
    std::vector<std::pair<std::size_t, const FormNode*>> numbered() const;
};

/// Immutable once parsed. Views in the nodes are valid while the form lives.
class Form {
public:
    /// The pairs of the body, then those of the query string; of equal keys the first counts.
    /// Errors: kInvalidArgument (a broken escape, no UTF-8), kLimitExceeded (too many pairs or
    /// parts).
    static Result<Form> parse(std::string_view body, std::string_view query);
    const FormNode& root() const { return root_; }

private:
    Status add(std::string_view pairs);

    std::unique_ptr<std::deque<std::string>> texts_ = std::make_unique<std::deque<std::string>>();
    FormNode root_;
    std::size_t pairs_ = 0;
};

}  // namespace sky::aws
