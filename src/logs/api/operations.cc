// SPDX-License-Identifier: Apache-2.0
#include "logs/api/operations.h"

#include "logs/api/errors.h"
#include "logs/api/limits.h"
#include "logs/api/shapes/associate_kms_key.h"
#include "logs/api/shapes/create_log_group.h"
#include "logs/api/shapes/create_log_stream.h"
#include "logs/api/shapes/create_lookup_table.h"
#include "logs/api/shapes/delete_log_group.h"
#include "logs/api/shapes/delete_log_stream.h"
#include "logs/api/shapes/delete_lookup_table.h"
#include "logs/api/shapes/delete_query_definition.h"
#include "logs/api/shapes/delete_retention_policy.h"
#include "logs/api/shapes/describe_log_groups.h"
#include "logs/api/shapes/describe_log_streams.h"
#include "logs/api/shapes/describe_lookup_tables.h"
#include "logs/api/shapes/describe_queries.h"
#include "logs/api/shapes/describe_query_definitions.h"
#include "logs/api/shapes/disassociate_kms_key.h"
#include "logs/api/shapes/filter_log_events.h"
#include "logs/api/shapes/get_log_events.h"
#include "logs/api/shapes/get_log_fields.h"
#include "logs/api/shapes/get_log_group_fields.h"
#include "logs/api/shapes/get_log_object.h"
#include "logs/api/shapes/get_log_record.h"
#include "logs/api/shapes/get_lookup_table.h"
#include "logs/api/shapes/get_query_results.h"
#include "logs/api/shapes/get_storage_tier_policy.h"
#include "logs/api/shapes/list_aggregate_log_group_summaries.h"
#include "logs/api/shapes/list_log_groups.h"
#include "logs/api/shapes/list_log_groups_for_query.h"
#include "logs/api/shapes/list_tags_for_resource.h"
#include "logs/api/shapes/list_tags_log_group.h"
#include "logs/api/shapes/put_bearer_token_authentication.h"
#include "logs/api/shapes/put_log_group_deletion_protection.h"
#include "logs/api/shapes/put_query_definition.h"
#include "logs/api/shapes/put_retention_policy.h"
#include "logs/api/shapes/put_storage_tier_policy.h"
#include "logs/api/shapes/service.h"
#include "logs/api/shapes/start_query.h"
#include "logs/api/shapes/stop_query.h"
#include "logs/api/shapes/tag_log_group.h"
#include "logs/api/shapes/tag_resource.h"
#include "logs/api/shapes/test_metric_filter.h"
#include "logs/api/shapes/untag_log_group.h"
#include "logs/api/shapes/untag_resource.h"
#include "logs/api/shapes/update_lookup_table.h"

namespace sky::logs::api {
namespace {

using aws::Access;
using aws::OperationDef;
using limits::kBodyBytesMax;

// Rows without these: reading events takes read, ingest takes write, all the rest admin. What
// agents call before their first event is open to writers, with the action list of AWS's own agent
// policy (CloudWatchAgentServerPolicy); StopQuery is as good as its query.
constexpr aws::Permissions kReaders = {aws::Permission::kRead};
constexpr aws::Permissions kWriters = {aws::Permission::kWrite, aws::Permission::kAdmin};
constexpr aws::Permissions kAll = {aws::Permission::kRead, aws::Permission::kWrite,
                                   aws::Permission::kAdmin};

constexpr auto kOperations = std::to_array<OperationDef>({
    {"AssociateKmsKey", Access::kControl, kBodyBytesMax, aws::typed<associate_kms_key>},
    {"CreateLogGroup", Access::kControl, kBodyBytesMax, aws::typed<create_log_group>, kWriters},
    {"CreateLogStream", Access::kControl, kBodyBytesMax, aws::typed<create_log_stream>, kWriters},
    {"CreateLookupTable", Access::kControl, limits::kLookupBodyBytesMax,
     aws::typed<create_lookup_table>},
    {"DeleteLogGroup", Access::kControl, kBodyBytesMax, aws::typed<delete_log_group>},
    {"DeleteLogStream", Access::kControl, kBodyBytesMax, aws::typed<delete_log_stream>},
    {"DeleteLookupTable", Access::kControl, kBodyBytesMax, aws::typed<delete_lookup_table>},
    {"DeleteQueryDefinition", Access::kControl, kBodyBytesMax, aws::typed<delete_query_definition>},
    {"DeleteRetentionPolicy", Access::kControl, kBodyBytesMax, aws::typed<delete_retention_policy>},
    {"DescribeLogGroups", Access::kControl, kBodyBytesMax, aws::typed<describe_log_groups>, kAll},
    {"DescribeLogStreams", Access::kControl, kBodyBytesMax, aws::typed<describe_log_streams>, kAll},
    {"DescribeLookupTables", Access::kControl, kBodyBytesMax, aws::typed<describe_lookup_tables>,
     kReaders},
    {"DescribeQueries", Access::kControl, kBodyBytesMax, aws::typed<describe_queries>, kReaders},
    {"DescribeQueryDefinitions", Access::kControl, kBodyBytesMax,
     aws::typed<describe_query_definitions>, kReaders},
    {"DisassociateKmsKey", Access::kControl, kBodyBytesMax, aws::typed<disassociate_kms_key>},
    {"FilterLogEvents", Access::kRead, kBodyBytesMax, aws::typed<filter_log_events>},
    {"GetLogEvents", Access::kRead, kBodyBytesMax, aws::typed<get_log_events>},
    {"GetLogFields", Access::kRead, kBodyBytesMax, aws::typed<get_log_fields>},
    {"GetLogGroupFields", Access::kRead, kBodyBytesMax, aws::typed<get_log_group_fields>},
    {"GetLogObject", Access::kRead, kBodyBytesMax, aws::raw<get_log_object>},
    {"GetLogRecord", Access::kRead, kBodyBytesMax, aws::typed<get_log_record>},
    {"GetLookupTable", Access::kControl, kBodyBytesMax, aws::typed<get_lookup_table>, kReaders},
    {"GetQueryResults", Access::kRead, kBodyBytesMax, aws::raw<get_query_results>},
    {"GetStorageTierPolicy", Access::kControl, kBodyBytesMax, aws::typed<get_storage_tier_policy>,
     kAll},
    {"ListAggregateLogGroupSummaries", Access::kControl, kBodyBytesMax,
     aws::typed<list_aggregate_log_group_summaries>, kAll},
    {"ListLogGroups", Access::kControl, kBodyBytesMax, aws::typed<list_log_groups>, kAll},
    {"ListLogGroupsForQuery", Access::kControl, kBodyBytesMax,
     aws::typed<list_log_groups_for_query>, kAll},
    {"ListTagsForResource", Access::kControl, kBodyBytesMax, aws::typed<list_tags_for_resource>,
     kAll},
    {"ListTagsLogGroup", Access::kControl, kBodyBytesMax, aws::typed<list_tags_log_group>, kAll},
    {"PutBearerTokenAuthentication", Access::kControl, kBodyBytesMax,
     aws::typed<put_bearer_token_authentication>},
    {"PutLogEvents", Access::kWrite, limits::kPutBodyBytesMax, aws::raw<put_log_events>},
    {"PutLogGroupDeletionProtection", Access::kControl, kBodyBytesMax,
     aws::typed<put_log_group_deletion_protection>},
    {"PutQueryDefinition", Access::kControl, kBodyBytesMax, aws::typed<put_query_definition>},
    {"PutRetentionPolicy", Access::kControl, kBodyBytesMax, aws::typed<put_retention_policy>,
     kWriters},
    {"PutStorageTierPolicy", Access::kControl, kBodyBytesMax, aws::typed<put_storage_tier_policy>},
    {"StartLiveTail", Access::kRead, kBodyBytesMax, aws::raw<start_live_tail>},
    {"StartQuery", Access::kRead, kBodyBytesMax, aws::typed<start_query>},
    {"StopQuery", Access::kControl, kBodyBytesMax, aws::typed<stop_query>, kReaders},
    {"TagLogGroup", Access::kControl, kBodyBytesMax, aws::typed<tag_log_group>, kWriters},
    {"TagResource", Access::kControl, kBodyBytesMax, aws::typed<tag_resource>, kWriters},
    {"TestMetricFilter", Access::kRead, kBodyBytesMax, aws::typed<test_metric_filter>},
    {"UntagLogGroup", Access::kControl, kBodyBytesMax, aws::typed<untag_log_group>},
    {"UntagResource", Access::kControl, kBodyBytesMax, aws::typed<untag_resource>},
    {"UpdateLookupTable", Access::kControl, limits::kLookupBodyBytesMax,
     aws::typed<update_lookup_table>},
});

constexpr bool strictly_sorted(std::span<const OperationDef> rows) {
    for (std::size_t i = 1; i < rows.size(); ++i)
        if (rows[i - 1].name >= rows[i].name) return false;
    return true;
}
static_assert(strictly_sorted(kOperations), "sorted by name, no duplicates");

}  // namespace

std::span<const OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &map_error, service);
}

}  // namespace sky::logs::api
