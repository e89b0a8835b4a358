// SPDX-License-Identifier: Apache-2.0
#include "logs/query_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/query_sessions.h"

namespace sky::logs {
namespace {

using Condition = insights::SourceClause::Groups;

bool in(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool fits(const Condition& condition, const GroupInfo& group, bool named) {
    if (group.log_class == kClassDelivery) return false;
    if (condition.classes.empty()) {
        if (!named && group.log_class != kClassStandard) return false;
    } else if (!in(condition.classes, group.log_class)) {
        return false;
    }
    const bool prefixed =
        condition.prefixes.empty() ||
        std::any_of(condition.prefixes.begin(), condition.prefixes.end(),
                    [&](const std::string& prefix) { return group.name.starts_with(prefix); });
    return prefixed && std::all_of(condition.tags.begin(), condition.tags.end(),
                                   [&](const insights::SourceClause::Tag& tag) {
                                       return tag_matches({tag.key, tag.values}, group.tags);
                                   });
}

}  // namespace

std::unexpected<Error> unknown_group(const Tenant& tenant, std::string_view identifier,
                                     std::string_view request_id) {
    const auto name = group_name_of(tenant, identifier);
    return fail(ErrorCode::kNotFound, unknown_group_message(name ? *name : std::string(identifier),
                                                            tenant.account, request_id));
}

Result<std::vector<GroupPtr>> source_groups(const Groups& groups, const Tenant& tenant,
                                            const insights::SourceClause& source,
                                            std::string_view request_id) {
    std::vector<GroupPtr> found;
    std::set<store::GroupId> known;
    const auto add = [&](GroupPtr group) {
        if (known.insert(group->id).second) found.push_back(std::move(group));
    };
    for (const Condition& condition : source.groups) {
        if (!condition.accounts.empty() && !in(condition.accounts, tenant.account)) continue;
        for (const std::string& identifier : condition.identifiers) {
            auto group = groups.resolve(tenant, identifier);
            if (!group && group.error().code == ErrorCode::kNotFound) {
                return unknown_group(tenant, identifier, request_id);
            }
            if (!group) return std::unexpected(std::move(group).error());
            if ((*group)->log_class == kClassDelivery) {
                return fail(ErrorCode::kInvalidArgument,
                            "Log groups of class DELIVERY cannot be queried: " + (*group)->name);
            }
            if (fits(condition, **group, true)) add(*std::move(group));
        }
        if (!condition.identifiers.empty()) continue;
        for (const GroupPtr& group : groups.all(tenant)) {
            if (fits(condition, *group, false)) add(group);
        }
    }
    if (found.size() > limits::kSourceGroupsMax) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("SOURCE names {} log groups; a query reads at most {}.",
                                found.size(), limits::kSourceGroupsMax));
    }
    // logs-insights-ql.md 6.16: a data source cuts the groups down to those that carry it.
    if (source.has_data) found.clear();
    return found;
}

}  // namespace sky::logs
