// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/error.h - what a client is told: a wire type, a message, modelled extra
              // members.

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/shape.h"
#include "base/result.h"

namespace sky::aws {

/// One broken constraint in the form of the published REST validation error.
struct FieldFault {
    std::string path, message;  // "/a/0/b"
};

/// An error on its way to a client. Made from a plain sky::Error (SKY_TRY does it), it has no type
/// yet: the service's ErrorMap names one. Handlers that know the type use fault().
struct ServiceError {
    std::string type;  // Bare wire name, "ResourceNotFoundException"; empty until mapped.
    Error error;
    int http_status = 0;  // 0: what the error's shape or the protocol says.
    // The error's modelled structure, for members beside `message` (queryCompileError).
    std::shared_ptr<const void> detail = nullptr;
    const Shape* detail_shape = nullptr;
    // Of a validation error whose shape has a `fieldList` (violation.h); else empty.
    std::vector<FieldFault> fields = {};

    ServiceError(Error plain) : error(std::move(plain)) {}
    ServiceError(std::string wire_type, Error plain)
        : type(std::move(wire_type)), error(std::move(plain)) {}

    /// Adds the error's generated structure, e.g. MalformedQueryException.
    template <class E>
    ServiceError with(E structure) && {
        detail_shape = &shape_of(static_cast<const E*>(nullptr));
        detail = std::make_shared<const E>(std::move(structure));
        return std::move(*this);
    }
};

/// Bytes that do not have the modelled form.
std::unexpected<ServiceError> malformed(std::string message);

/// What a handler returns. Result<T> is accepted as well.
template <class T>
using Reply = std::expected<T, ServiceError>;

/// return aws::fault("ValidationException", "...");
inline std::unexpected<ServiceError> fault(std::string type, std::string message,
                                           ErrorCode code = ErrorCode::kInvalidArgument) {
    return std::unexpected(ServiceError(std::move(type), Error{code, std::move(message)}));
}

/// One function per service (src/<service>/api/errors.cc): gives an untyped error its wire type,
/// and its members beside the message. Must name a type for every ErrorCode. Typed errors do not
/// come here.
using ErrorMap = ServiceError (*)(const OperationModel& operation, const Error& error);

/// An ErrorMap for services whose handlers name the types of their own errors: what happens below
/// them is no access, too much load or a full disk, each under its common name, and else our fault.
ServiceError map_common_error(const OperationModel& operation, const Error& error);

}  // namespace sky::aws
