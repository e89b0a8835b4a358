// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/operations.h - the operations that are built, one file each, and their
              // table.

#include <span>

#include "aws/handler.h"
#include "logs/service.h"

namespace sky::logs::api {

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct AssociateKmsKeyRequest;
struct AssociateKmsKeyResponse;
struct CreateLogGroupRequest;
struct CreateLogGroupResponse;
struct CreateLogStreamRequest;
struct CreateLogStreamResponse;
struct CreateLookupTableRequest;
struct CreateLookupTableResponse;
struct DeleteLogGroupRequest;
struct DeleteLogGroupResponse;
struct DeleteLogStreamRequest;
struct DeleteLogStreamResponse;
struct DeleteLookupTableRequest;
struct DeleteLookupTableResponse;
struct DeleteQueryDefinitionRequest;
struct DeleteQueryDefinitionResponse;
struct DeleteRetentionPolicyRequest;
struct DeleteRetentionPolicyResponse;
struct DescribeLogGroupsRequest;
struct DescribeLogGroupsResponse;
struct DescribeLogStreamsRequest;
struct DescribeLogStreamsResponse;
struct DescribeLookupTablesRequest;
struct DescribeLookupTablesResponse;
struct DescribeQueriesRequest;
struct DescribeQueriesResponse;
struct DescribeQueryDefinitionsRequest;
struct DescribeQueryDefinitionsResponse;
struct DisassociateKmsKeyRequest;
struct DisassociateKmsKeyResponse;
struct FilterLogEventsRequest;
struct FilterLogEventsResponse;
struct GetLogEventsRequest;
struct GetLogEventsResponse;
struct GetLogFieldsRequest;
struct GetLogFieldsResponse;
struct GetLogGroupFieldsRequest;
struct GetLogGroupFieldsResponse;
struct GetLogRecordRequest;
struct GetLogRecordResponse;
struct GetLookupTableRequest;
struct GetLookupTableResponse;
struct GetQueryResultsRequest;
struct GetQueryResultsResponse;
struct GetStorageTierPolicyRequest;
struct GetStorageTierPolicyResponse;
struct ListAggregateLogGroupSummariesRequest;
struct ListAggregateLogGroupSummariesResponse;
struct ListLogGroupsRequest;
struct ListLogGroupsResponse;
struct ListLogGroupsForQueryRequest;
struct ListLogGroupsForQueryResponse;
struct ListTagsForResourceRequest;
struct ListTagsForResourceResponse;
struct ListTagsLogGroupRequest;
struct ListTagsLogGroupResponse;
struct PutBearerTokenAuthenticationRequest;
struct PutBearerTokenAuthenticationResponse;
struct PutLogGroupDeletionProtectionRequest;
struct PutLogGroupDeletionProtectionResponse;
struct PutQueryDefinitionRequest;
struct PutQueryDefinitionResponse;
struct PutRetentionPolicyRequest;
struct PutRetentionPolicyResponse;
struct PutStorageTierPolicyRequest;
struct PutStorageTierPolicyResponse;
struct StartQueryRequest;
struct StartQueryResponse;
struct StopQueryRequest;
struct StopQueryResponse;
struct TagLogGroupRequest;
struct TagLogGroupResponse;
struct TagResourceRequest;
struct TagResourceResponse;
struct TestMetricFilterRequest;
struct TestMetricFilterResponse;
struct UntagLogGroupRequest;
struct UntagLogGroupResponse;
struct UntagResourceRequest;
struct UntagResourceResponse;
struct UpdateLookupTableRequest;
struct UpdateLookupTableResponse;

aws::Reply<CreateLogGroupResponse> create_log_group(Service&, const aws::CallContext&,
                                                    const CreateLogGroupRequest&);
aws::Reply<CreateLogStreamResponse> create_log_stream(Service&, const aws::CallContext&,
                                                      const CreateLogStreamRequest&);
aws::Reply<CreateLookupTableResponse> create_lookup_table(Service&, const aws::CallContext&,
                                                          const CreateLookupTableRequest&);
aws::Reply<DeleteLogGroupResponse> delete_log_group(Service&, const aws::CallContext&,
                                                    const DeleteLogGroupRequest&);
aws::Reply<DeleteLogStreamResponse> delete_log_stream(Service&, const aws::CallContext&,
                                                      const DeleteLogStreamRequest&);
aws::Reply<DeleteLookupTableResponse> delete_lookup_table(Service&, const aws::CallContext&,
                                                          const DeleteLookupTableRequest&);
aws::Reply<DeleteQueryDefinitionResponse> delete_query_definition(
    Service&, const aws::CallContext&, const DeleteQueryDefinitionRequest&);
aws::Reply<DeleteRetentionPolicyResponse> delete_retention_policy(
    Service&, const aws::CallContext&, const DeleteRetentionPolicyRequest&);
aws::Reply<DescribeLogGroupsResponse> describe_log_groups(Service&, const aws::CallContext&,
                                                          const DescribeLogGroupsRequest&);
aws::Reply<DescribeLogStreamsResponse> describe_log_streams(Service&, const aws::CallContext&,
                                                            const DescribeLogStreamsRequest&);
aws::Reply<DescribeLookupTablesResponse> describe_lookup_tables(Service&, const aws::CallContext&,
                                                                const DescribeLookupTablesRequest&);
aws::Reply<DescribeQueriesResponse> describe_queries(Service&, const aws::CallContext&,
                                                     const DescribeQueriesRequest&);
aws::Reply<DescribeQueryDefinitionsResponse> describe_query_definitions(
    Service&, const aws::CallContext&, const DescribeQueryDefinitionsRequest&);
aws::Reply<FilterLogEventsResponse> filter_log_events(Service&, const aws::CallContext&,
                                                      const FilterLogEventsRequest&);
aws::Reply<GetLogEventsResponse> get_log_events(Service&, const aws::CallContext&,
                                                const GetLogEventsRequest&);
aws::Reply<GetLogGroupFieldsResponse> get_log_group_fields(Service&, const aws::CallContext&,
                                                           const GetLogGroupFieldsRequest&);
aws::Reply<GetLogRecordResponse> get_log_record(Service&, const aws::CallContext&,
                                                const GetLogRecordRequest&);
aws::Reply<GetLookupTableResponse> get_lookup_table(Service&, const aws::CallContext&,
                                                    const GetLookupTableRequest&);
aws::Reply<ListLogGroupsResponse> list_log_groups(Service&, const aws::CallContext&,
                                                  const ListLogGroupsRequest&);
aws::Reply<ListLogGroupsForQueryResponse> list_log_groups_for_query(
    Service&, const aws::CallContext&, const ListLogGroupsForQueryRequest&);
aws::Reply<ListTagsForResourceResponse> list_tags_for_resource(Service&, const aws::CallContext&,
                                                               const ListTagsForResourceRequest&);
aws::Reply<ListTagsLogGroupResponse> list_tags_log_group(Service&, const aws::CallContext&,
                                                         const ListTagsLogGroupRequest&);
aws::Reply<PutBearerTokenAuthenticationResponse> put_bearer_token_authentication(
    Service&, const aws::CallContext&, const PutBearerTokenAuthenticationRequest&);
aws::Reply<PutLogGroupDeletionProtectionResponse> put_log_group_deletion_protection(
    Service&, const aws::CallContext&, const PutLogGroupDeletionProtectionRequest&);
aws::Reply<PutQueryDefinitionResponse> put_query_definition(Service&, const aws::CallContext&,
                                                            const PutQueryDefinitionRequest&);
aws::Reply<PutRetentionPolicyResponse> put_retention_policy(Service&, const aws::CallContext&,
                                                            const PutRetentionPolicyRequest&);
aws::Reply<StartQueryResponse> start_query(Service&, const aws::CallContext&,
                                           const StartQueryRequest&);
aws::Reply<StopQueryResponse> stop_query(Service&, const aws::CallContext&,
                                         const StopQueryRequest&);
aws::Reply<TagLogGroupResponse> tag_log_group(Service&, const aws::CallContext&,
                                              const TagLogGroupRequest&);
aws::Reply<TagResourceResponse> tag_resource(Service&, const aws::CallContext&,
                                             const TagResourceRequest&);
aws::Reply<UntagLogGroupResponse> untag_log_group(Service&, const aws::CallContext&,
                                                  const UntagLogGroupRequest&);
aws::Reply<UntagResourceResponse> untag_resource(Service&, const aws::CallContext&,
                                                 const UntagResourceRequest&);
aws::Reply<UpdateLookupTableResponse> update_lookup_table(Service&, const aws::CallContext&,
                                                          const UpdateLookupTableRequest&);
aws::Reply<AssociateKmsKeyResponse> associate_kms_key(Service&, const aws::CallContext&,
                                                      const AssociateKmsKeyRequest&);
aws::Reply<DisassociateKmsKeyResponse> disassociate_kms_key(Service&, const aws::CallContext&,
                                                            const DisassociateKmsKeyRequest&);
aws::Reply<GetLogFieldsResponse> get_log_fields(Service&, const aws::CallContext&,
                                                const GetLogFieldsRequest&);
aws::Reply<ListAggregateLogGroupSummariesResponse> list_aggregate_log_group_summaries(
    Service&, const aws::CallContext&, const ListAggregateLogGroupSummariesRequest&);
aws::Reply<TestMetricFilterResponse> test_metric_filter(Service&, const aws::CallContext&,
                                                        const TestMetricFilterRequest&);
aws::Reply<GetStorageTierPolicyResponse> get_storage_tier_policy(
    Service&, const aws::CallContext&, const GetStorageTierPolicyRequest&);
aws::Reply<PutStorageTierPolicyResponse> put_storage_tier_policy(
    Service&, const aws::CallContext&, const PutStorageTierPolicyRequest&);
/// Writes its answer by hand; see get_query_results.cc.
void get_query_results(Service& service, aws::Call call);
/// Decodes by hand and answers when the store has synced; see put_log_events.cc.
void put_log_events(Service& service, aws::Call call);
/// Answer with a stream of events; see get_log_object.cc and start_live_tail.cc.
void get_log_object(Service& service, aws::Call call);
void start_live_tail(Service& service, aws::Call call);

}  // namespace sky::logs::api
