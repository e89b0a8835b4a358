// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/source_parser.h - SOURCE in all its forms (logs-insights-ql.md
              // 6.16, clients.md trap 30).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "insights/syntax/expression_parser.h"

namespace sky::insights {

/// Reads `text` as a whole number from `least` to `most`.
bool read_integer(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out);

class SourceParser : public ExpressionParser {
public:
    using ExpressionParser::ExpressionParser;

protected:
    /// One stage, whose first word is SOURCE; adds to what the stages before named.
    Status source_stage(std::optional<SourceClause>& clause);

private:
    Status log_groups(SourceClause& clause);
    Status log_groups_argument(SourceClause::Groups& groups);
    Status tags(std::vector<SourceClause::Tag>& list);
    Status data_sources(SourceClause& clause);
    Result<std::vector<std::string>> texts_list();
    Result<std::string> text_value();
    Status time(std::optional<SourceTime>& known);
};

}  // namespace sky::insights
