// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/glob.h - `parse @message "[*] * *"`: compiled once, matched
              // as a chain of finds.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/functions/table.h"

namespace sky::insights {

/// Source of the algorithm: logs-insights-ql.md 6.7 and store.md 5 ("Reference for globs").
/// Immutable; any thread.
class Glob {
public:
    /// Errors: kMalformedQuery (no `*`, more than limits::kCapturesMax of them).
    static Result<Glob> compile(std::string_view pattern);

    std::size_t captures() const { return literals_.size() - 1; }
    /// The texts before, between and after the stars: captures() + 1 of them.
    std::span<const std::string> literals() const { return literals_; }
    /// Matches one text; on true captures[i] are views into it. `captures` has captures() entries.
    bool match(std::string_view text, std::span<std::string_view> captures) const;

    /// Matches a column (missing rows do not match; numbers are matched as rendered). Element i is
    /// capture i as a text vector, missing where the row did not match, or null unless needed[i].
    std::vector<const Vector*> parse(EvalContext& context, const Vector* source,
                                     std::span<const bool> needed) const;

private:
    std::vector<std::string> literals_;  // Before, between and after the stars.
};

/// Offset of the first `needle` at or after `from`, or npos. An empty needle is found at `from`.
std::size_t find_literal(std::string_view text, std::string_view needle, std::size_t from);

}  // namespace sky::insights
