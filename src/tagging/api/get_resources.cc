// SPDX-License-Identifier: Apache-2.0
#include "tagging/api/shapes/get_resources.h"

#include <algorithm>

#include "logs/identifiers.h"
#include "tagging/api/operations.h"

namespace sky::tagging::api {
namespace {

constexpr std::int64_t kPageDefault = 50, kPageMax = 100;  // Source: the published operation.
constexpr std::int64_t kGroupsAtOnce = 1'000;              // The most that one search gives.

// "logs" and "logs:log-group" ask for log groups; no filter asks for everything.
bool wants_log_groups(const GetResourcesInput& in) {
    const auto& types = in.resource_type_filters;
    return !types || types->empty() || std::ranges::any_of(*types, [](const std::string& type) {
        return type == "logs" || type == "logs:log-group";
    });
}

// All filters must hold; of one filter's values any. A filter without values asks for the key.
bool holds(const logs::Tags& tags, const std::vector<TagFilter>& filters) {
    return std::ranges::all_of(filters, [&](const TagFilter& filter) {
        const auto tag = tags.find(filter.key.value_or(""));
        if (tag == tags.end()) return false;
        return !filter.values || filter.values->empty() ||
               std::ranges::find(*filter.values, tag->second) != filter.values->end();
    });
}

}  // namespace

// GetResources lists what has tags, by ARN. The token is the last ARN of a page: names are listed
// in order.
aws::Reply<GetResourcesOutput> get_resources(Service& service, const aws::CallContext& context,
                                             const GetResourcesInput& in) {
    const bool by_arn = in.resource_arn_list.has_value();
    if (by_arn && (in.tag_filters || in.resource_type_filters || in.resources_per_page ||
                   in.tags_per_page || !in.pagination_token.value_or("").empty())) {
        return aws::fault("InvalidParameterException",
                          "ResourceARNList cannot be combined with filters or paging.");
    }
    const std::int64_t page = in.resources_per_page.value_or(kPageDefault);
    if (page < 1 || page > kPageMax) {
        return aws::fault("InvalidParameterException",
                          "ResourcesPerPage must be between 1 and 100.");
    }
    if (in.include_compliance_details.value_or(false) ||
        in.exclude_compliant_resources.value_or(false)) {
        return aws::fault("InvalidParameterException",
                          "Tag policies are not supported by skywatch (see "
                          "docs/compatibility.md).");
    }
    const logs::Tenant tenant{context.account, context.region};
    const std::string after = in.pagination_token.value_or("");
    const std::vector<TagFilter> filters = in.tag_filters.value_or(std::vector<TagFilter>{});
    GetResourcesOutput out;
    out.pagination_token = "";  // Always there; empty at the end, as the service does it.
    std::vector<ResourceTagMapping>& found = out.resource_tag_mapping_list.emplace();
    logs::GroupSearch search;
    search.limit = kGroupsAtOnce;
    while (wants_log_groups(in)) {
        const logs::GroupPage groups = SKY_TRY(service.logs.groups.search(tenant, search));
        for (const logs::GroupPtr& group : groups.groups) {
            const std::string arn = logs::group_arn(tenant, group->name);
            if (group->tags.empty() || arn <= after || !holds(group->tags, filters)) continue;
            if (by_arn &&
                std::ranges::find(*in.resource_arn_list, arn) == in.resource_arn_list->end()) {
                continue;
            }
            if (!by_arn && std::ssize(found) == page) {
                out.pagination_token = found.back().resource_arn;
                return out;
            }
            ResourceTagMapping& row = found.emplace_back();
            row.resource_arn = arn;
            for (const auto& [key, value] : group->tags) {
                row.tags = row.tags.value_or(std::vector<Tag>{});
                row.tags->push_back({key, value});
            }
        }
        if (!groups.next_token) break;
        search.token = groups.next_token;
    }
    return out;
}

}  // namespace sky::tagging::api
