// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/describe_log_groups.h"

#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/identifiers.h"

namespace sky::logs::api {

// DescribeLogGroups lists groups with their settings.
aws::Reply<DescribeLogGroupsResponse> describe_log_groups(Service& service,
                                                          const aws::CallContext& context,
                                                          const DescribeLogGroupsRequest& in) {
    GroupQuery query;
    query.prefix = in.log_group_name_prefix;
    query.substring = in.log_group_name_pattern;
    query.identifiers = in.log_group_identifiers.value_or(std::vector<std::string>{});
    query.log_class = in.log_group_class;
    query.accounts = in.account_identifiers.value_or(std::vector<std::string>{});
    query.linked_accounts = in.include_linked_accounts.value_or(false);
    query.limit = in.limit;
    query.token = in.next_token;
    const Tenant tenant = tenant_of(context);
    GroupPage page = SKY_TRY(service.groups.describe(tenant, query));

    DescribeLogGroupsResponse out;
    out.next_token = std::move(page.next_token);
    std::vector<LogGroup>& groups = out.log_groups.emplace();
    groups.reserve(page.groups.size());
    for (const GroupPtr& group : page.groups) {
        LogGroup& item = groups.emplace_back();
        item.log_group_name = group->name;
        item.creation_time = group->creation_ms;
        item.retention_in_days = group->retention_days;
        item.metric_filter_count = 0;
        item.log_group_arn = group_arn(tenant, group->name);
        item.arn = *item.log_group_arn + ":*";
        item.log_group_class = group->log_class;
        item.kms_key_id = group->kms_key_id;
        // Recorded: with a pattern the service leaves these two out (logs-api.md 2).
        if (query.substring) continue;
        item.stored_bytes = static_cast<std::int64_t>(service.store.stored_bytes(group->id));
        item.deletion_protection_enabled = group->deletion_protection;
    }
    return out;
}

}  // namespace sky::logs::api
