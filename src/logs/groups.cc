// SPDX-License-Identifier: Apache-2.0
#include "logs/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

constexpr auto kRetentionDays =
    std::to_array<std::int32_t>({1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653});
static_assert(std::is_sorted(kRetentionDays.begin(), kRetentionDays.end()));

Status missing() { return fail(ErrorCode::kNotFound, std::string(kGroupMissing)); }

Status check_tags(const Tags& tags) {
    for (const auto& [key, value] : tags)
        if (key.starts_with("aws:"))
            return fail(ErrorCode::kInvalidArgument,
                        "Tag keys starting with aws: are reserved: " + key);
    return {};
}

/// Walks names in order after `after` and keeps those that `wanted` accepts.
template <class Wanted>
GroupPage walk(const store::Catalog& catalog, const Tenant& tenant, std::string_view prefix,
               std::string after, std::size_t limit, std::size_t stride, Wanted wanted) {
    GroupPage page;
    bool more = false;
    for (;;) {
        const auto batch = catalog.list_groups(tenant, prefix, after, stride);
        for (const GroupPtr& group : batch) {
            if (!wanted(*group)) continue;
            if (page.groups.size() == limit) {
                more = true;
                break;
            }
            page.groups.push_back(group);
        }
        if (more || batch.size() < stride) break;
        after = batch.back()->name;
    }
    if (more) page.next_token = page.groups.back()->name;
    return page;
}

/// Empty means "mine": linked accounts need a monitoring account, which this server is not.
bool names_account(const std::vector<std::string>& accounts, const Tenant& tenant) {
    return accounts.empty() ||
           std::find(accounts.begin(), accounts.end(), tenant.account) != accounts.end();
}

bool ends_match(std::string_view pattern, std::string_view value) {
    const bool open_front = pattern.starts_with('*');
    if (open_front) pattern.remove_prefix(1);
    const bool open_back = pattern.ends_with('*');
    if (open_back) pattern.remove_suffix(1);
    if (open_front && open_back) return value.find(pattern) != std::string_view::npos;
    if (open_front) return value.ends_with(pattern);
    if (open_back) return value.starts_with(pattern);
    return value == pattern;
}

}  // namespace

bool is_retention_days(std::int64_t days) {
    return std::binary_search(kRetentionDays.begin(), kRetentionDays.end(), days);
}

Result<NamePattern> NamePattern::parse(std::string_view text) {
    constexpr std::size_t kPartsMax = 5, kPartCharsMin = 3, kPartCharsMax = 24;  // logs-api.md 2.
    NamePattern pattern;
    while (true) {
        const auto bar = text.find('|');
        std::string_view part = text.substr(0, bar);
        const bool prefix = part.starts_with('^');
        if (prefix) part.remove_prefix(1);
        if (part.size() < kPartCharsMin || part.size() > kPartCharsMax)
            return fail(ErrorCode::kInvalidArgument,
                        "Each text of logGroupNamePattern must have 3 to 24 characters.");
        pattern.parts_.push_back({std::string(part), prefix});
        if (pattern.parts_.size() > kPartsMax)
            return fail(ErrorCode::kInvalidArgument,
                        "logGroupNamePattern must not have more than 5 texts.");
        if (bar == std::string_view::npos) return pattern;
        text.remove_prefix(bar + 1);
    }
}

bool NamePattern::matches(std::string_view name) const {
    return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
        return part.prefix ? name.starts_with(part.text)
                           : name.find(part.text) != std::string_view::npos;
    });
}

bool tag_matches(const TagCondition& condition, const Tags& tags) {
    const auto found = tags.find(condition.key);
    if (found == tags.end()) return false;
    if (condition.values.empty()) return true;
    return std::any_of(condition.values.begin(), condition.values.end(), [&](std::string_view v) {
        return v.starts_with('!') ? !ends_match(v.substr(1), found->second)
                                  : ends_match(v, found->second);
    });
}

Status Groups::create(const Tenant& tenant, const NewGroup& wanted) {
    SKY_TRY(check_group_name(wanted.name));
    if (wanted.name.starts_with("aws/"))
        return fail(ErrorCode::kInvalidArgument,
                    "Log group names starting with aws/ are reserved.");
    if (wanted.tags.size() > limits::kTagsMax)
        return fail(ErrorCode::kInvalidArgument, "A log group can have at most 50 tags.");
    SKY_TRY(check_tags(wanted.tags));
    if (store_.catalog().find_group(tenant, wanted.name))
        return fail(ErrorCode::kAlreadyExists, std::string(kGroupExists));
    if (wanted.kms_key_id) SKY_TRY(check_key(tenant, wanted.name, *wanted.kms_key_id));

    GroupInfo group;
    group.tenant = tenant;
    group.name = wanted.name;
    group.creation_ms = clock_.now_ms();
    group.log_class = wanted.log_class;
    if (wanted.log_class == kClassDelivery) group.retention_days = limits::kDeliveryRetentionDays;
    group.kms_key_id = wanted.kms_key_id;
    group.deletion_protection = wanted.deletion_protection;
    group.tags = wanted.tags;
    const auto made = store_.catalog().create_group(std::move(group));
    if (made) return {};
    if (made.error().code == ErrorCode::kAlreadyExists)
        return fail(ErrorCode::kAlreadyExists, std::string(kGroupExists));
    return std::unexpected(made.error());
}

Status Groups::remove(const Tenant& tenant, std::string_view name) {
    SKY_TRY(check_group_name(name));
    const std::lock_guard lock(change_);  // Protection cannot be switched on in between.
    const GroupPtr group = store_.catalog().find_group(tenant, name);
    if (!group) return missing();
    if (group->deletion_protection)
        return fail(ErrorCode::kInvalidState,
                    "The log group has deletion protection enabled. Disable it first.");
    Status removed = store_.catalog().delete_group(tenant, name);
    if (!removed && removed.error().code == ErrorCode::kNotFound) return missing();
    return removed;
}

Result<GroupPtr> Groups::find(const Tenant& tenant, std::string_view name) const {
    SKY_TRY(check_group_name(name));
    if (GroupPtr group = store_.catalog().find_group(tenant, name)) return group;
    return fail(ErrorCode::kNotFound, std::string(kGroupMissing));
}

Result<GroupPtr> Groups::resolve(const Tenant& tenant, std::string_view identifier) const {
    const std::string name = SKY_TRY(group_name_of(tenant, identifier));
    return find(tenant, name);
}

std::vector<GroupPtr> Groups::all(const Tenant& tenant) const {
    std::vector<GroupPtr> list;
    std::string after;
    while (true) {
        const std::vector<GroupPtr> page =
            store_.catalog().list_groups(tenant, "", after, limits::kCatalogStride);
        list.insert(list.end(), page.begin(), page.end());
        if (page.size() < limits::kCatalogStride) return list;
        after = page.back()->name;
    }
}

Result<GroupPage> Groups::describe(const Tenant& tenant, const GroupQuery& query) const {
    if (query.prefix && query.substring)
        return fail(ErrorCode::kInvalidArgument,
                    "LogGroup name prefix and LogGroup name pattern are mutually exclusive "
                    "parameters.");
    if (!query.identifiers.empty() && (query.prefix || query.substring || query.log_class ||
                                       !query.accounts.empty() || query.limit || query.token))
        return fail(ErrorCode::kInvalidArgument,
                    "logGroupIdentifiers can only be combined with includeLinkedAccounts.");
    const auto limit = static_cast<std::size_t>(query.limit.value_or(limits::kDescribePageMax));

    FilterHash hash;
    hash.add(tenant.account).add(tenant.region).add(query.prefix.value_or(""));
    hash.add(query.substring.value_or("")).add(query.log_class.value_or(""));
    for (const std::string& account : query.accounts) hash.add(account);
    std::string after;
    if (query.token)
        after = SKY_TRY(decode_token(TokenKind::kGroups, hash.value(), clock_.now_ms(),
                                     limits::kTokenLifeMs, *query.token));

    if (!query.identifiers.empty()) {
        GroupPage page;
        for (const std::string& identifier : query.identifiers) {
            auto group = resolve(tenant, identifier);
            // The operation has no error for an unknown group: it is left out.
            if (group)
                page.groups.push_back(*std::move(group));
            else if (group.error().code != ErrorCode::kNotFound)
                return std::unexpected(group.error());
        }
        const auto by_name = [](const GroupPtr& a, const GroupPtr& b) { return a->name < b->name; };
        const auto same = [](const GroupPtr& a, const GroupPtr& b) { return a->name == b->name; };
        std::sort(page.groups.begin(), page.groups.end(), by_name);
        page.groups.erase(std::unique(page.groups.begin(), page.groups.end(), same),
                          page.groups.end());
        return page;
    }
    if (!names_account(query.accounts, tenant)) return GroupPage{};
    const bool plain = !query.substring && !query.log_class;
    GroupPage page = walk(
        store_.catalog(), tenant, query.prefix.value_or(""), std::move(after), limit,
        plain ? limit + 1 : limits::kCatalogStride, [&](const GroupInfo& group) {
            return (!query.substring || group.name.find(*query.substring) != std::string::npos) &&
                   (!query.log_class || group.log_class == *query.log_class);
        });
    if (page.next_token)
        page.next_token =
            encode_token(TokenKind::kGroups, hash.value(), clock_.now_ms(), *page.next_token);
    return page;
}

Result<GroupPage> Groups::search(const Tenant& tenant, const GroupSearch& search) const {
    std::optional<NamePattern> pattern;
    if (search.pattern) pattern = SKY_TRY(NamePattern::parse(*search.pattern));
    const auto limit = static_cast<std::size_t>(search.limit.value_or(limits::kDescribePageMax));

    FilterHash hash;
    hash.add(tenant.account).add(tenant.region).add(search.pattern.value_or(""));
    hash.add(search.log_class.value_or(""));
    for (const std::string& account : search.accounts) hash.add(account);
    for (const TagCondition& tag : search.tags) {
        hash.add(tag.key);
        for (const std::string& value : tag.values) hash.add(value);
    }
    std::string after;
    if (search.token)
        after = SKY_TRY(decode_token(TokenKind::kListGroups, hash.value(), clock_.now_ms(),
                                     limits::kTokenLifeMs, *search.token));
    if (!names_account(search.accounts, tenant)) return GroupPage{};
    GroupPage page = walk(store_.catalog(), tenant, "", std::move(after), limit,
                          limits::kCatalogStride, [&](const GroupInfo& group) {
                              return (!pattern || pattern->matches(group.name)) &&
                                     (!search.log_class || group.log_class == *search.log_class) &&
                                     std::all_of(search.tags.begin(), search.tags.end(),
                                                 [&](const TagCondition& tag) {
                                                     return tag_matches(tag, group.tags);
                                                 });
                          });
    if (page.next_token)
        page.next_token =
            encode_token(TokenKind::kListGroups, hash.value(), clock_.now_ms(), *page.next_token);
    return page;
}

template <class Change>
Status Groups::update(const Tenant& tenant, std::string_view name, Change change) {
    SKY_TRY(check_group_name(name));
    const std::lock_guard lock(change_);
    const GroupPtr group = store_.catalog().find_group(tenant, name);
    if (!group) return missing();
    GroupInfo changed = *group;
    SKY_TRY(change(changed));
    Status updated = store_.catalog().update_group(changed);
    if (!updated && updated.error().code == ErrorCode::kNotFound) return missing();
    return updated;
}

Status Groups::set_retention(const Tenant& tenant, std::string_view name,
                             std::optional<std::int32_t> days) {
    return update(tenant, name, [&](GroupInfo& group) -> Status {
        if (group.log_class == kClassDelivery)
            return fail(ErrorCode::kInvalidArgument,
                        "The retention of a log group of class DELIVERY is fixed.");
        if (days && !is_retention_days(*days))
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed "
                            "to satisfy constraint: Member must satisfy enum value set: [{}]",
                            *days, fmt::join(kRetentionDays, ", ")));
        group.retention_days = days;
        return {};
    });
}

Status Groups::check_key(const Tenant& tenant, std::string_view name,
                         std::string_view key_id) const {
    if (keys_.is_usable(tenant, key_id)) return {};
    // As users report it of the service.
    return fail(ErrorCode::kInvalidArgument,
                "The specified KMS key does not exist or is not allowed to be used with LogGroup "
                "'" +
                    group_arn(tenant, name) + "'");
}

Status Groups::set_key(const Tenant& tenant, std::string_view name,
                       const std::optional<std::string>& key_id) {
    return update(tenant, name, [&](GroupInfo& group) -> Status {
        if (key_id) SKY_TRY(check_key(tenant, name, *key_id));
        group.kms_key_id = key_id;
        return {};
    });
}

Status Groups::set_deletion_protection(const Tenant& tenant, std::string_view identifier, bool on) {
    const std::string name = SKY_TRY(group_name_of(tenant, identifier));
    return update(tenant, name, [&](GroupInfo& group) -> Status {
        group.deletion_protection = on;
        return {};
    });
}

Status Groups::tag(const Tenant& tenant, std::string_view name, const Tags& tags) {
    return update(tenant, name, [&](GroupInfo& group) -> Status {
        SKY_TRY(check_tags(tags));
        for (const auto& [key, value] : tags) group.tags.insert_or_assign(key, value);
        if (group.tags.size() > limits::kTagsMax)
            return fail(ErrorCode::kLimitExceeded, "A resource can have at most 50 tags.");
        return {};
    });
}

Status Groups::untag(const Tenant& tenant, std::string_view name,
                     const std::vector<std::string>& keys) {
    return update(tenant, name, [&](GroupInfo& group) -> Status {
        for (const std::string& key : keys) group.tags.erase(key);
        return {};
    });
}

}  // namespace sky::logs
