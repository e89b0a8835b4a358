// SPDX-License-Identifier: Apache-2.0
#include "aws/error.h"

#include <array>

#include "aws/codec.h"

namespace sky::aws {
namespace {

struct CommonError {
    std::string_view type;
    int status;
};
constexpr auto kCommonErrors = std::to_array<CommonError>({
    {error_types::kSerialization, 400},
    {error_types::kUnknownOperation, 400},
    {error_types::kMissingAuthentication, 400},
    {error_types::kIncompleteSignature, 400},
    {error_types::kUnrecognizedClient, 400},
    {error_types::kInvalidSignature, 400},
    {error_types::kExpiredToken, 400},
    {error_types::kAccessDenied, 400},
    {error_types::kThrottling, 400},
    {error_types::kServiceUnavailable, 503},
    {error_types::kInternalFailure, 500},
    {error_types::kRequestTooLarge, 413},
    {error_types::kRequestTimeout, 400},
});

const CommonError* find_common(std::string_view type) {
    for (const CommonError& row : kCommonErrors) {
        if (row.type == type) return &row;
    }
    return nullptr;
}

}  // namespace

bool is_common_error(std::string_view type) { return find_common(type) != nullptr; }

int http_status_of(const ServiceModel* service, const ServiceError& error) {
    if (error.http_status != 0) return error.http_status;
    if (const CommonError* row = find_common(error.type)) return row->status;
    if (const Shape* shape = service == nullptr ? nullptr : service->find_error(error.type)) {
        if (shape->http_status != 0) return shape->http_status;
        if (shape->is_fault) return 500;
    }
    return 400;
}

}  // namespace sky::aws
