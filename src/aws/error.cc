// SPDX-License-Identifier: Apache-2.0
#include "aws/error.h"

#include <array>

#include "aws/codec.h"

namespace sky::aws {
namespace {

struct CommonError {
    std::string_view type;
    int status;
    std::string_view query_code = {};  // Where Query has its own word; clients retry by it.
    int rest_status = 0;               // Where REST has its own (clients.md 5.4).
};
constexpr auto kCommonErrors = std::to_array<CommonError>({
    {error_types::kSerialization, 400, "MalformedInput"},
    {error_types::kUnknownOperation, 400},
    {error_types::kMissingAuthentication, 400},
    {error_types::kIncompleteSignature, 400},
    {error_types::kUnrecognizedClient, 400},
    {error_types::kInvalidSignature, 400},
    {error_types::kExpiredToken, 400},
    {error_types::kAccessDenied, 400, "AccessDenied", 403},
    {error_types::kThrottling, 400, "Throttling", 429},
    {error_types::kServiceUnavailable, 503, "ServiceUnavailable"},
    {error_types::kInternalFailure, 500},
    {error_types::kRequestTooLarge, 413},
    {error_types::kRequestTimeout, 400, "RequestTimeout"},
    {error_types::kUnsupportedMediaType, 415},
    {error_types::kNotAcceptable, 406},
});

const CommonError* find_common(std::string_view type) {
    for (const CommonError& row : kCommonErrors) {
        if (row.type == type) return &row;
    }
    return nullptr;
}

}  // namespace

ServiceError map_common_error(const OperationModel&, const Error& error) {
    std::string_view type = error_types::kInternalFailure;
    if (error.code == ErrorCode::kAccessDenied) type = error_types::kAccessDenied;
    if (error.code == ErrorCode::kThrottled) type = error_types::kThrottling;
    if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kNoSpace) {
        type = error_types::kServiceUnavailable;
    }
    // Texts about our own faults are for our log.
    if (type == error_types::kInternalFailure) {
        return {std::string(type), Error{error.code, "An internal error occurred."}};
    }
    return {std::string(type), error};
}

std::unexpected<ServiceError> malformed(std::string message) {
    return fault(std::string(error_types::kSerialization), std::move(message));
}

bool is_common_error(std::string_view type) { return find_common(type) != nullptr; }

int http_status_of(const ServiceModel* service, const ServiceError& error, Protocol protocol) {
    if (error.http_status != 0) return error.http_status;
    if (const Shape* shape = service == nullptr ? nullptr : service->find_error(error.type)) {
        const bool query = protocol == Protocol::kQuery || protocol == Protocol::kEc2Query;
        if (query && shape->query_status != 0) return shape->query_status;
        if (shape->http_status != 0) return shape->http_status;
        if (shape->is_fault && find_common(error.type) == nullptr) return 500;
    }
    if (const CommonError* row = find_common(error.type)) {
        return protocol == Protocol::kRestJson && row->rest_status != 0 ? row->rest_status
                                                                        : row->status;
    }
    return 400;
}

namespace {
// Empty where an error has no name of its own in Query.
std::string_view explicit_query_code(const ServiceModel* service, std::string_view type) {
    if (const Shape* shape = service == nullptr ? nullptr : service->find_error(type)) {
        return shape->error_code;
    }
    const CommonError* row = find_common(type);
    return row == nullptr ? std::string_view{} : row->query_code;
}
}  // namespace

std::string_view query_code_of(const ServiceModel* service, std::string_view type) {
    const std::string_view code = explicit_query_code(service, type);
    return code.empty() ? type : code;
}

std::optional<std::string_view> message_member(const ServiceModel* service,
                                               const ServiceError& error) {
    const Shape* shape = service == nullptr ? nullptr : service->find_error(error.type);
    for (const Shape* one : {error.detail_shape, shape}) {
        if (one == nullptr) continue;
        for (const Member& member : one->members) {
            if (member.name != "message" && member.name != "Message") continue;
            const bool carried =
                one == error.detail_shape &&
                member.slot->get(static_cast<const std::byte*>(error.detail.get()) +
                                 member.offset) != nullptr;
            if (carried) return std::nullopt;
            return member.name;
        }
    }
    if (error.error.message.empty()) return std::nullopt;
    return "message";
}

std::optional<http::Header> query_error_header(const WireContext& context,
                                               const ServiceError& error, int status) {
    if (context.service == nullptr || !context.service->query_compatible) return std::nullopt;
    const std::string_view code = explicit_query_code(context.service, error.type);
    if (code.empty()) return std::nullopt;
    return http::Header{"x-amzn-query-error",
                        std::string(code) + (status >= 500 ? ";Receiver" : ";Sender")};
}

}  // namespace sky::aws
