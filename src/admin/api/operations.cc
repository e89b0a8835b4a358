// SPDX-License-Identifier: Apache-2.0
#include "admin/api/operations.h"

#include <array>

#include "admin/api/keys.h"
#include "admin/api/limits.h"
#include "admin/api/shapes/create_access_key.h"
#include "admin/api/shapes/create_backup.h"
#include "admin/api/shapes/delete_access_key.h"
#include "admin/api/shapes/explain_query.h"
#include "admin/api/shapes/get_access_key.h"
#include "admin/api/shapes/list_access_keys.h"
#include "admin/api/shapes/rotate_access_key.h"
#include "admin/api/shapes/service.h"
#include "admin/api/shapes/update_access_key.h"

namespace sky::admin::api {
namespace {

Actor actor_of(const aws::CallContext& call) {
    return {call.account, call.session_issuer.empty() ? call.access_key_id : call.session_issuer,
            call.permissions};
}

// The model's enum has checked each word.
std::optional<aws::Permissions> permissions_of(const std::optional<std::vector<std::string>>& in) {
    if (!in) return std::nullopt;
    std::string words;
    for (const std::string& word : *in) words += word + " ";
    return aws::parse_permissions(words).value_or(aws::Permissions{});
}

std::vector<std::string> words_of(std::string_view permissions) {
    std::vector<std::string> out;
    while (!permissions.empty()) {
        const std::size_t end = std::min(permissions.find(' '), permissions.size());
        out.emplace_back(permissions.substr(0, end));
        permissions.remove_prefix(std::min(end + 1, permissions.size()));
    }
    return out;
}

AccessKeyMetadata metadata_of(const store::AccessKey& key) {
    AccessKeyMetadata out;
    out.access_key_id = key.id;
    out.account = key.account;
    out.create_date = key.creation_ms;
    if (!key.description.empty()) out.description = key.description;
    out.expire_date = key.expires_ms;
    out.last_used_date = key.last_used_ms;
    out.permissions = words_of(key.permissions);
    out.status = key.enabled ? "Active" : "Inactive";
    return out;
}

template <class Response>
Response with_secret(const store::AccessKey& key) {
    Response out;
    out.access_key_id = key.id;
    out.secret_access_key = key.secret;
    out.account = key.account;
    out.create_date = key.creation_ms;
    return out;
}

Result<CreateAccessKeyResponse> create_access_key(Service& service, const aws::CallContext& call,
                                                  const CreateAccessKeyRequest& in) {
    KeyWish wish;
    wish.account = call.account;
    wish.id = in.access_key_id;
    wish.secret = in.secret_access_key;
    wish.allow_short = in.allow_short_pair.value_or(false);
    wish.description = in.description.value_or("");
    wish.permissions = permissions_of(in.permissions);
    wish.expires_ms = in.expire_date;
    return with_secret<CreateAccessKeyResponse>(
        SKY_TRY(create_key(service.catalog, actor_of(call), wish, service.clock, service.random)));
}

Result<DeleteAccessKeyResponse> delete_access_key(Service& service, const aws::CallContext& call,
                                                  const DeleteAccessKeyRequest& in) {
    SKY_TRY(delete_key(service.catalog, actor_of(call), in.access_key_id));
    return DeleteAccessKeyResponse{};
}

Result<GetAccessKeyResponse> get_access_key(Service& service, const aws::CallContext& call,
                                            const GetAccessKeyRequest& in) {
    GetAccessKeyResponse out;
    out.access_key =
        metadata_of(SKY_TRY(find_key(service.catalog, actor_of(call), in.access_key_id)));
    return out;
}

Result<ListAccessKeysResponse> list_access_keys(Service& service, const aws::CallContext& call,
                                                const ListAccessKeysRequest&) {
    ListAccessKeysResponse out;
    for (const store::AccessKey& key : list_keys(service.catalog, actor_of(call)))
        out.access_keys.push_back(metadata_of(key));
    return out;
}

Result<RotateAccessKeyResponse> rotate_access_key(Service& service, const aws::CallContext& call,
                                                  const RotateAccessKeyRequest& in) {
    return with_secret<RotateAccessKeyResponse>(
        SKY_TRY(rotate_key(service.catalog, actor_of(call), in.access_key_id, in.old_expire_date,
                           service.clock, service.random)));
}

Result<UpdateAccessKeyResponse> update_access_key(Service& service, const aws::CallContext& call,
                                                  const UpdateAccessKeyRequest& in) {
    KeyChange change;
    change.description = in.description;
    change.permissions = permissions_of(in.permissions);
    if (in.status) change.enabled = *in.status == "Active";
    // 0 ends an expiry: the wire has no null.
    if (in.expire_date) change.expires_ms = *in.expire_date == 0 ? Expiry() : in.expire_date;
    UpdateAccessKeyResponse out;
    out.access_key = metadata_of(SKY_TRY(
        update_key(service.catalog, actor_of(call), in.access_key_id, change, service.clock)));
    return out;
}

constexpr aws::Access kControl = aws::Access::kControl;
constexpr aws::Permissions kAdmins = {aws::Permission::kAdmin};
constexpr aws::Permissions kReaders = {aws::Permission::kRead};
constexpr auto kBody = limits::kBodyBytesMax;
Result<CreateBackupResponse> create_backup(Service& service, const aws::CallContext&,
                                           const CreateBackupRequest& in) {
    const store::BackupSummary made = SKY_TRY(service.store.backup(in.directory));
    CreateBackupResponse out;
    out.directory = in.directory;
    out.bytes = static_cast<std::int64_t>(made.bytes);
    out.segments = static_cast<std::int64_t>(made.segments);
    out.linked_segments = static_cast<std::int64_t>(made.linked);
    return out;
}

Result<ExplainQueryResponse> explain_query(Service& service, const aws::CallContext& call,
                                           const ExplainQueryRequest& in) {
    ExplainQueryResponse out;
    out.explanation = SKY_TRY(service.explain_query({call.account, call.region}, in.query_id));
    return out;
}

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"CreateAccessKey", kControl, kBody, aws::typed<&create_access_key>, kAdmins},
    // It copies up to a whole log: not on the lane of short calls.
    {"CreateBackup", aws::Access::kRead, kBody, aws::typed<&create_backup>, kAdmins},
    {"DeleteAccessKey", kControl, kBody, aws::typed<&delete_access_key>, kAdmins},
    {"ExplainQuery", kControl, kBody, aws::typed<&explain_query>, kReaders},
    {"GetAccessKey", kControl, kBody, aws::typed<&get_access_key>, kAdmins},
    {"ListAccessKeys", kControl, kBody, aws::typed<&list_access_keys>, kAdmins},
    {"RotateAccessKey", kControl, kBody, aws::typed<&rotate_access_key>, kAdmins},
    {"UpdateAccessKey", kControl, kBody, aws::typed<&update_access_key>, kAdmins},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceDef service_definition(Service& service) {
    return aws::service_def(service_model(), operations(), &map_error, service);
}

aws::ServiceError map_error(const aws::OperationModel&, const Error& error) {
    switch (error.code) {
        case ErrorCode::kNotFound:
            return {"ResourceNotFoundException", error};
        case ErrorCode::kAlreadyExists:
            return {"ResourceAlreadyExistsException", error};
        case ErrorCode::kLimitExceeded:
            return {"LimitExceededException", error};
        case ErrorCode::kInvalidArgument:
            return {"InvalidParameterException", error};
        case ErrorCode::kAccessDenied:
            return {std::string(aws::error_types::kAccessDenied), error};
        case ErrorCode::kThrottled:
            return {std::string(aws::error_types::kThrottling), error};
        case ErrorCode::kUnavailable:
        case ErrorCode::kNoSpace:
            return {std::string(aws::error_types::kServiceUnavailable), error};
        default:
            return {std::string(aws::error_types::kInternalFailure), error};
    }
}

}  // namespace sky::admin::api
