// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/lookup_tables.h - tables that queries look values up in (logs-api.md 6.2).

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "insights/exec/query.h"
#include "logs/groups.h"
#include "store/store.h"

namespace sky::logs {

struct LookupTableInfo {
    std::string name, arn;
    std::optional<std::string> description;
    std::vector<std::string> fields;
    std::int64_t records = 0;
    std::uint64_t bytes = 0;
    std::int64_t creation_ms = 0, modified_ms = 0;
    Tags tags;
};

/// What a request says of a table's content.
struct LookupContent {
    std::string csv;
    std::optional<std::string> description, kms_key_id;
};

struct LookupTablePage {
    std::vector<LookupTableInfo> tables;  // By name.
    std::optional<std::string> next_token;
};

/// arn:aws:logs:<region>:<account>:lookup-table:<name> (logs-api.md 1.3).
std::string lookup_table_arn(const Tenant& tenant, std::string_view name);
/// Whether the ARN names a lookup table, of whatever account.
bool is_lookup_table_arn(std::string_view arn);

/// Kept in the catalog; at most kLookupTablesMax an account and region.
/// Errors of every member that takes an ARN: kInvalidArgument (no lookup table's ARN, another
/// region), kNotFound. Threads: any.
class LookupTables {
public:
    LookupTables(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    /// Errors: kAlreadyExists, kLimitExceeded, kInvalidArgument (the CSV, its size, a KMS key, tag
    /// keys).
    Result<LookupTableInfo> create(const Tenant& tenant, const std::string& name,
                                   const LookupContent& content, const Tags& tags);
    /// Replaces content and description; tags stay. Errors: as create().
    Result<LookupTableInfo> replace(const Tenant& tenant, std::string_view arn,
                                    const LookupContent& content);
    Result<LookupTableInfo> find(const Tenant& tenant, std::string_view arn) const;
    /// The CSV as it was sent. Errors: kNotFound.
    Result<std::string> csv(const Tenant& tenant, std::string_view name) const;
    Result<LookupTablePage> list(const Tenant& tenant, std::string_view prefix,
                                 std::optional<std::int64_t> count,
                                 const std::optional<std::string>& token) const;
    Status remove(const Tenant& tenant, std::string_view arn);
    /// Errors: kLimitExceeded (more than 50).
    Status tag(const Tenant& tenant, std::string_view arn, const Tags& tags);
    Status untag(const Tenant& tenant, std::string_view arn, const std::vector<std::string>& keys);

    /// The table for a query; parsed ones are kept up to kLookupCacheBytesMax. Errors: kNotFound.
    Result<std::shared_ptr<const insights::LookupTable>> table(const Tenant& tenant,
                                                               std::string_view name) const;

private:
    using DocumentPtr = std::shared_ptr<const store::Document>;
    struct Parsed {
        DocumentPtr document;  // Another one of the same name: the table was replaced.
        std::shared_ptr<const insights::LookupTable> table;
    };

    Result<DocumentPtr> document_of(const Tenant& tenant, std::string_view arn) const;
    Result<LookupTableInfo> put(const Tenant& tenant, LookupTableInfo info,
                                const LookupContent& content);
    template <class Change>
    Status change_tags(const Tenant& tenant, std::string_view arn, Change change);

    store::Store& store_;
    const Clock& clock_;
    std::mutex change_;  // Held from looking at a table to writing it.
    mutable std::mutex cache_mutex_;
    mutable std::list<Parsed> cache_;  // The latest used first.
};

}  // namespace sky::logs
