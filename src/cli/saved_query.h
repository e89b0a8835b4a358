// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/saved_query.h - query definitions by name, their parameters filled in.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/logs_client.h"

namespace sky::cli {

struct SavedQuery {
    std::string text;                 // With every parameter's value in place.
    std::vector<std::string> groups;  // May be none.
};

/// `given` are "name=value". Errors: kNotFound (no definition of that name; says which are near),
/// kInvalidArgument (several of that name, another language, a parameter that the definition does
/// not have, no value and no default), what DescribeQueryDefinitions refuses, those of
/// LogsClient::call().
Result<SavedQuery> find_saved_query(LogsClient& client, std::string_view name,
                                    const std::vector<std::string>& given);

/// The part behind the connection, for tests: `answer` is DescribeQueryDefinitions'.
Result<SavedQuery> choose_saved_query(const json::Value& answer, std::string_view name,
                                      const std::vector<std::string>& given);

}  // namespace sky::cli
