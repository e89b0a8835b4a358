// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/query_definitions.h - saved queries (logs-api.md 6).

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "store/store.h"

namespace sky::logs {

using store::Tenant;

/// `{{name}}` in the text stands for a value that is given when the query runs
/// (insights/syntax/parameters.h).
struct QueryParameter {
    std::string name;
    std::optional<std::string> default_value, description;
    friend bool operator==(const QueryParameter&, const QueryParameter&) = default;
};

struct QueryDefinition {
    std::string id;  // Empty in a request that makes one.
    std::string name, text;
    std::string language = "CWLI";
    std::vector<std::string> groups;
    std::vector<QueryParameter> parameters;
    std::int64_t modified_ms = 0;
};

struct QueryDefinitionPage {
    std::vector<QueryDefinition> definitions;  // By name, then id.
    std::optional<std::string> next_token;
};

/// Kept in the catalog; at most kQueryDefinitionsMax an account and region. The text is not parsed:
/// the service's own operation has no error for a query that does not compile. Threads: any.
class QueryDefinitions {
public:
    QueryDefinitions(store::Store& store, const Clock& clock, Random& random)
        : store_(store), clock_(clock), random_(random) {}

    /// Makes one (`wanted.id` empty) or replaces all of one; its id. The same request with the same
    /// client token again makes no second one. Errors: kNotFound (the id), kInvalidArgument (two
    /// parameters of one name, parameters in another language, too many groups, the token came with
    /// another request), kLimitExceeded.
    Result<std::string> put(const Tenant& tenant, const QueryDefinition& wanted,
                            const std::optional<std::string>& client_token);
    Result<QueryDefinitionPage> list(const Tenant& tenant, std::string_view prefix,
                                     const std::optional<std::string>& language,
                                     std::optional<std::int64_t> count,
                                     const std::optional<std::string>& token) const;
    /// Errors: kNotFound.
    Status remove(const Tenant& tenant, std::string_view id);

private:
    Result<std::vector<QueryDefinition>> all(const Tenant& tenant) const;

    store::Store& store_;
    const Clock& clock_;
    Random& random_;
    std::mutex change_;  // Held from looking at definitions to writing one.
};

}  // namespace sky::logs
