// SPDX-License-Identifier: Apache-2.0
#include "admin/api/operations.h"

#include <array>

#include "admin/api/shapes/create_access_key.h"
#include "admin/api/shapes/delete_access_key.h"
#include "admin/api/shapes/list_access_keys.h"
#include "crypto/encoding.h"

namespace sky::admin::api {
namespace {

constexpr std::uint64_t kBodyBytesMax = 16 * 1024;  // Names and secrets only.

Result<CreateAccessKeyResponse> create_access_key(Service& service, const aws::CallContext& call,
                                                  const CreateAccessKeyRequest& in) {
    if (in.access_key_id.has_value() != in.secret_access_key.has_value()) {
        return fail(ErrorCode::kInvalidArgument,
                    "AccessKeyId and SecretAccessKey are imported together or not at all.");
    }
    store::AccessKey key = make_access_key(call.account, service.clock, service.random);
    if (in.access_key_id) {
        key.id = *in.access_key_id;
        key.secret = *in.secret_access_key;
        if (service.catalog.find_key(key.id)) {
            return fail(ErrorCode::kAlreadyExists, "The access key already exists.");
        }
    }
    SKY_TRY(service.catalog.put_key(key));
    CreateAccessKeyResponse out;
    out.access_key_id = key.id;
    out.secret_access_key = key.secret;
    out.account = key.account;
    out.create_date = key.creation_ms;
    return out;
}

Result<DeleteAccessKeyResponse> delete_access_key(Service& service, const aws::CallContext& call,
                                                  const DeleteAccessKeyRequest& in) {
    // The last key must stay, or nobody could ask for another one.
    if (in.access_key_id == call.access_key_id) {
        return fail(ErrorCode::kInvalidArgument,
                    "A key cannot delete itself; sign the request with another one.");
    }
    const auto key = service.catalog.find_key(in.access_key_id);
    if (!key || key->account != call.account) {
        return fail(ErrorCode::kNotFound, "The access key does not exist.");
    }
    SKY_TRY(service.catalog.delete_key(in.access_key_id));
    return DeleteAccessKeyResponse{};
}

Result<ListAccessKeysResponse> list_access_keys(Service& service, const aws::CallContext& call,
                                                const ListAccessKeysRequest&) {
    ListAccessKeysResponse out;
    for (const store::AccessKey& key : service.catalog.list_keys()) {
        if (key.account != call.account) continue;
        AccessKeyMetadata& row = out.access_keys.emplace_back();
        row.access_key_id = key.id;
        row.account = key.account;
        row.create_date = key.creation_ms;
    }
    return out;
}

constexpr auto kOperations = std::to_array<aws::OperationDef>({
    {"CreateAccessKey", aws::Access::kControl, kBodyBytesMax, aws::typed<&create_access_key>},
    {"DeleteAccessKey", aws::Access::kControl, kBodyBytesMax, aws::typed<&delete_access_key>},
    {"ListAccessKeys", aws::Access::kControl, kBodyBytesMax, aws::typed<&list_access_keys>},
});

}  // namespace

std::span<const aws::OperationDef> operations() { return kOperations; }

aws::ServiceError map_error(const aws::OperationModel&, const Error& error) {
    switch (error.code) {
        case ErrorCode::kNotFound:
            return {"ResourceNotFoundException", error};
        case ErrorCode::kAlreadyExists:
            return {"ResourceAlreadyExistsException", error};
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

store::AccessKey make_access_key(std::string account, const Clock& clock, Random& random) {
    static constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::array<std::uint8_t, 16> id_bytes{};
    random.fill(std::as_writable_bytes(std::span(id_bytes)));
    std::array<std::byte, 30> secret_bytes{};
    random.fill(secret_bytes);
    store::AccessKey key;
    key.id = "AKIA";
    for (const std::uint8_t byte : id_bytes) key.id += kBase32[byte % 32];
    key.secret = crypto::base64_encode(
        std::string_view(reinterpret_cast<const char*>(secret_bytes.data()), secret_bytes.size()));
    key.account = std::move(account);
    key.creation_ms = clock.now_ms();
    return key;
}

}  // namespace sky::admin::api
