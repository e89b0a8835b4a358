// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_sources.h - SOURCE: which log groups a query's text names
              // (logs-insights-ql.md 6.16).

#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/syntax/ast.h"
#include "logs/groups.h"

namespace sky::logs {

/// What StartQuery answers about a group that is not there (logs-api.md 1.2).
std::unexpected<Error> unknown_group(const Tenant& tenant, std::string_view identifier,
                                     std::string_view request_id);

/// The groups of a SOURCE, each once. Listings leave out what cannot be queried and, without a
/// class, everything but STANDARD. Empty when a dataSource() is asked for: no group has one.
/// Errors: kNotFound (a named group), kInvalidArgument (a DELIVERY group is named, more than
/// kSourceGroupsMax).
Result<std::vector<GroupPtr>> source_groups(const Groups& groups, const Tenant& tenant,
                                            const insights::SourceClause& source,
                                            std::string_view request_id);

}  // namespace sky::logs
