// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/groups.h - log groups: create, delete, list, retention, tags, protection.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "logs/encryption_keys.h"
#include "store/store.h"

namespace sky::logs {

using store::GroupInfo;
using store::Tenant;
using GroupPtr = std::shared_ptr<const GroupInfo>;
using Tags = std::map<std::string, std::string>;

inline constexpr std::string_view kClassStandard = "STANDARD";
inline constexpr std::string_view kClassInfrequent = "INFREQUENT_ACCESS";
inline constexpr std::string_view kClassDelivery = "DELIVERY";

struct NewGroup {
    std::string name;
    std::optional<std::string> kms_key_id;
    Tags tags;
    std::string log_class{kClassStandard};
    bool deletion_protection = false;
};

struct GroupPage {
    std::vector<GroupPtr> groups;
    std::optional<std::string> next_token;
};

/// DescribeLogGroups. Names ascend by byte.
struct GroupQuery {
    std::optional<std::string> prefix, substring;  // Mutually exclusive.
    std::vector<std::string> identifiers;          // Names or ARNs.
    std::optional<std::string> log_class;
    std::vector<std::string> accounts;
    bool linked_accounts = false;
    std::optional<std::int64_t> limit;  // 1..50, 50 when absent.
    std::optional<std::string> token;
};

/// One condition of ListLogGroups on tags: the key is there and, unless `values` is empty, one
/// value fits; "!x" means not x, "*" at an end stands for any text (logs-api.md 2).
struct TagCondition {
    std::string key;
    std::vector<std::string> values;
};

/// ListLogGroups: conditions are AND-ed.
struct GroupSearch {
    std::optional<std::string> pattern;  // "^a|b": up to 5 texts of 3..24 characters.
    std::optional<std::string> log_class;
    std::vector<std::string> accounts;
    std::vector<TagCondition> tags;
    std::optional<std::int64_t> limit;  // 1..1000, 50 when absent.
    std::optional<std::string> token;
};

/// Errors of every member: kNotFound (kGroupMissing), kInvalidArgument, and the catalog's kNoSpace,
/// kInternal, kUnavailable. Threads: any.
class Groups {
public:
    /// All outlive the groups.
    Groups(store::Store& store, const Clock& clock,
           const EncryptionKeys& keys = no_encryption_keys())
        : store_(store), clock_(clock), keys_(keys) {}

    /// Errors: kAlreadyExists (kGroupExists).
    Status create(const Tenant& tenant, const NewGroup& wanted);
    /// Errors: kInvalidState (deletion protection is on).
    Status remove(const Tenant& tenant, std::string_view name);
    Result<GroupPtr> find(const Tenant& tenant, std::string_view name) const;
    /// By name or ARN, in every form of identifiers.h.
    Result<GroupPtr> resolve(const Tenant& tenant, std::string_view identifier) const;

    /// Every group of the tenant, by name.
    std::vector<GroupPtr> all(const Tenant& tenant) const;

    Result<GroupPage> describe(const Tenant& tenant, const GroupQuery& query) const;
    Result<GroupPage> search(const Tenant& tenant, const GroupSearch& search) const;

    /// `days` must be one of the service's values; nullopt removes the setting.
    Status set_retention(const Tenant& tenant, std::string_view name,
                         std::optional<std::int32_t> days);
    Status set_deletion_protection(const Tenant& tenant, std::string_view identifier, bool on);
    /// nullopt takes the key away. Errors: kInvalidArgument (no usable key).
    Status set_key(const Tenant& tenant, std::string_view name,
                   const std::optional<std::string>& key_id);
    /// Adds or replaces. Errors: kLimitExceeded (more than 50 afterwards; nothing is changed).
    Status tag(const Tenant& tenant, std::string_view name, const Tags& tags);
    /// Keys that are not there are ignored.
    Status untag(const Tenant& tenant, std::string_view name, const std::vector<std::string>& keys);

private:
    Status check_key(const Tenant& tenant, std::string_view name, std::string_view key_id) const;
    template <class Change>
    Status update(const Tenant& tenant, std::string_view name, Change change);

    store::Store& store_;
    const Clock& clock_;
    const EncryptionKeys& keys_;
    std::mutex change_;  // Read-modify-write of settings: no change is lost.
};

/// Whether the service knows that number of days (logs-api.md 2).
bool is_retention_days(std::int64_t days);

/// A ListLogGroups pattern. Public for the tests.
class NamePattern {
public:
    /// Errors: kInvalidArgument (more than 5 texts, one shorter than 3 or longer than 24).
    static Result<NamePattern> parse(std::string_view text);
    bool matches(std::string_view name) const;

private:
    struct Part {
        std::string text;
        bool prefix;
    };
    std::vector<Part> parts_;
};

bool tag_matches(const TagCondition& condition, const Tags& tags);

}  // namespace sky::logs
