// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/filter_pattern.h - filter patterns: terms, JSON conditions,
              // space-delimited fields (logs-api.md 7).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/text_column.h"

namespace sky::logs {

/// A compiled pattern, as FilterLogEvents, TestMetricFilter, StartLiveTail, metric and subscription
/// filters take it. Always case-sensitive. Immutable, cheap to copy. Threads: any.
class FilterPattern {
public:
    /// Errors: kInvalidArgument with the service's texts: "Invalid filter pattern", "Invalid
    /// character(s) in term ':'", "If a filter pattern starts with '{' it must end with '}'".
    static Result<FilterPattern> compile(std::string_view text);
    /// Matches everything, as a blank pattern does.
    FilterPattern();

    bool matches_everything() const;
    /// Linear in the message, whatever the pattern. `message` is valid UTF-8.
    bool matches(std::string_view message) const;

    /// What a match extracts, by the name that the pattern gives it: "$.user.id" of a JSON pattern;
    /// "$ip" of a space-delimited one, "$3" where the third field has no name. Nothing for terms.
    using Values = std::map<std::string, std::string>;
    /// nullopt when the message does not match.
    std::optional<Values> extract(std::string_view message) const;
    /// True: extract() may give values.
    bool has_values() const;
    /// How many %regexes% it has; metric and subscription filters have a quota of them a group.
    std::size_t regexes() const;

    /// Appends the rows that match, ascending. Searches the whole column for a text that matches
    /// need, where there is one, and looks only at rows that have it.
    void select(const columnar::TextColumn& messages, std::vector<std::uint32_t>& rows) const;
    /// False: no message matches of a lot for which `may_contain` answers, text by text, whether
    /// some message may contain it.
    bool may_match(const std::function<bool(std::string_view)>& may_contain) const;
    /// Lists of texts, the most telling one first: every match contains, of each list, some text,
    /// byte for byte. No text is empty. Lives as long as the pattern.
    std::vector<std::span<const std::string>> needed() const;

    struct Impl;

private:
    explicit FilterPattern(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
    std::shared_ptr<const Impl> impl_;
};

}  // namespace sky::logs
