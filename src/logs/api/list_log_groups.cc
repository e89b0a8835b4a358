// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/list_log_groups.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/identifiers.h"

namespace sky::logs::api {

// ListLogGroups searches groups by pattern, class and tags.
aws::Reply<ListLogGroupsResponse> list_log_groups(Service& service, const aws::CallContext& context,
                                                  const ListLogGroupsRequest& in) {
    if ((in.data_sources && !in.data_sources->empty()) ||
        (in.field_index_names && !in.field_index_names->empty()))
        return fail(ErrorCode::kInvalidArgument,
                    "dataSources and fieldIndexNames are not supported by skywatch (see "
                    "docs/compatibility.md).");
    GroupSearch search;
    search.pattern = in.log_group_name_pattern;
    search.log_class = in.log_group_class;
    search.accounts = in.account_identifiers.value_or(std::vector<std::string>{});
    if (in.log_group_tags)
        for (const TagFilter& filter : *in.log_group_tags)
            search.tags.push_back({filter.key, filter.values.value_or(std::vector<std::string>{})});
    search.limit = in.limit;
    search.token = in.next_token;
    const Tenant tenant = tenant_of(context);
    GroupPage page = SKY_TRY(service.groups.search(tenant, search));

    ListLogGroupsResponse out;
    out.next_token = std::move(page.next_token);
    std::vector<LogGroupSummary>& groups = out.log_groups.emplace();
    for (const GroupPtr& group : page.groups) {
        LogGroupSummary& item = groups.emplace_back();
        item.log_group_name = group->name;
        item.log_group_arn = group_arn(tenant, group->name);
        item.log_group_class = group->log_class;
    }
    return out;
}

}  // namespace sky::logs::api
