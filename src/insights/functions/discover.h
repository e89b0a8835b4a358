// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/discover.h - fields found in messages: JSON, Lambda, VPC
              // flow logs, Route 53 (logs-insights-ql.md 9.1, 9.2).

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "insights/functions/table.h"

namespace sky::json {
class FieldPaths;
}

namespace sky::insights {

/// Resolves a fixed list of field names over columns of messages, one pass a message for all
/// names. Which rules apply is told by the group's name and each message's form.
/// Immutable; any thread.
class Discovery {
public:
    /// Names as the query has them, without backticks: `a.b.0.c`, `items[0].id`, `@duration`.
    /// A name that begins with `@@` is the JSON key with one `@` less.
    explicit Discovery(std::span<const std::string> names);
    Discovery(Discovery&&) noexcept;
    Discovery& operator=(Discovery&&) noexcept;
    ~Discovery();

    /// Element i is the column of names[i]. Strings are views into `messages` where they carry no
    /// escapes. Numbers keep their source text; booleans carry a spelling; objects and arrays are
    /// compact JSON.
    /// `log` is "<account>:<group>" or the group's name.
    std::vector<const Vector*> resolve(EvalContext& context, std::string_view log,
                                       const Vector* messages) const;

    std::size_t size() const;
    /// What is looked for in messages that are JSON objects; of names[i] it is path path_of(i).
    const json::FieldPaths& json_paths() const;
    static constexpr std::size_t kNoPath = ~std::size_t{0};
    std::size_t path_of(std::size_t name) const;
    /// Whether some path may name an element of an array.
    bool has_index() const;
    /// Whether messages that are no JSON may have some of the fields. Those whose first byte,
    /// blanks aside, is `{` have what JSON has, and nothing where they are no object; but in
    /// Lambda's logs.
    bool looks_beyond_json() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether a name can be discovered at all: not the automatic fields (@timestamp, @message, ...).
bool is_discoverable(std::string_view name);

struct DiscoveredField {
    std::string name, value;
};
/// Every field of one message in its order, at most limits::kFieldsPerEventMax.
std::vector<DiscoveredField> discover_all(std::string_view log, std::string_view message);

/// `j.status`, `j.users[0].name`, ``j.`user.id` `` on MAP and LIST values: `path` is what follows
/// `j.`, written like a field name. Missing where there is no such member.
const Vector* member(EvalContext& context, const Vector* structures, std::string_view path);

}  // namespace sky::insights
