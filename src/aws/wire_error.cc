// SPDX-License-Identifier: Apache-2.0
#include "aws/wire_error.h"

#include <algorithm>

namespace sky::aws {
namespace {

constexpr std::size_t kOperationNameMax = 128;  // Our choice; the longest published name has 44.

}  // namespace

http::Response wire_error(Protocol protocol, const WireContext& context,
                          const ServiceError& error) {
    return codec_of(protocol).encode_error(context, error);
}

http::Response wire_error(Protocol protocol, const WireContext& context, const AuthError& error) {
    const bool query = protocol == Protocol::kQuery || protocol == Protocol::kEc2Query;
    const AuthFailureRow& row = auth_failure_row(error.why);
    ServiceError out(std::string(query ? row.query_code : row.type),
                     Error{ErrorCode::kAccessDenied, error.message});
    out.http_status = query                             ? row.query_status
                      : protocol == Protocol::kRestJson ? row.rest_status
                                                        : row.json_status;
    return wire_error(protocol, context, out);
}

ServiceError validation_failure(const ServiceModel* service, const OperationModel& operation,
                                Protocol protocol, const Violations& violations) {
    const std::string type(operation.validation_error);
    const Shape* shape = service == nullptr ? nullptr : service->find_error(type);
    const bool by_field =
        protocol == Protocol::kRestJson && shape != nullptr &&
        std::ranges::find(shape->members, "fieldList", &Member::name) != shape->members.end();
    ServiceError error(type, Error{ErrorCode::kInvalidArgument,
                                   by_field ? field_text(violations) : classic_text(violations)});
    if (by_field) error.fields = field_faults(violations);
    return error;
}

ServiceError unknown_operation(Protocol protocol, std::string_view operation) {
    std::string name;
    for (const char c : operation.substr(0, kOperationNameMax)) {
        if (c > 0x20 && c < 0x7F) name.push_back(c);
    }
    ServiceError error(std::string(error_types::kUnknownOperation),
                       Error{ErrorCode::kNotFound, "Operation " + name +
                                                       " is not supported by skywatch (see "
                                                       "docs/compatibility.md)"});
    error.http_status = protocol == Protocol::kRestJson || protocol == Protocol::kCbor ? 404 : 400;
    return error;
}

}  // namespace sky::aws
