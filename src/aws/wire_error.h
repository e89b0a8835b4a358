// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/wire_error.h - an error that no handler made, in any of the protocols.

#include "aws/authenticate.h"
#include "aws/codec.h"
#include "aws/violation.h"

namespace sky::aws {

/// Status, headers and body (clients.md 5.2-5.5); the dispatcher adds the request id. The error's
/// type is set; `http_status` 0 means the protocol's own for that type.
http::Response wire_error(Protocol protocol, const WireContext& context, const ServiceError& error);

/// A failed authentication with the code and status that this protocol's clients know.
http::Response wire_error(Protocol protocol, const WireContext& context, const AuthError& error);

/// Broken constraints as the operation's own validation error, in the words of its protocol.
/// `service` may be null.
ServiceError validation_failure(const ServiceModel* service, const OperationModel& operation,
                                Protocol protocol, const Violations& violations);

/// "Operation <Op> is not supported by skywatch (see docs/compatibility.md)": never a 5xx, which
/// clients would retry (clients.md 5.1 item 7). `operation` is the client's word; a long or odd one
/// is cut.
ServiceError unknown_operation(Protocol protocol, std::string_view operation);

}  // namespace sky::aws
