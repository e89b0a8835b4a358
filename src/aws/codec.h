// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/codec.h - one wire protocol: bytes to structs and back, driven by shape
              // tables.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "aws/shape.h"
#include "http/message.h"

namespace sky::aws {

enum class Protocol : std::uint8_t { kJson10, kJson11, kRestJson, kQuery, kCbor };

/// A part of the path that the route bound to a member, still URI-encoded.
struct PathLabel {
    std::string_view name, value;
};

/// What a protocol may decode from. `body` is inflated; the head is there for REST bindings.
struct WireRequest {
    const http::RequestHead* head = nullptr;
    std::span<const PathLabel> labels = {};
    std::string_view body;
};

/// What a protocol needs besides the value.
struct WireContext {
    const ServiceModel* service = nullptr;      // Null where no service could be told.
    const OperationModel* operation = nullptr;  // Null for an unknown one.
    std::string_view request_id;
};

/// Required members that were absent, as paths ("logEvents.1.member.message"): a plain member
/// cannot tell.
using MissingMembers = std::vector<std::string>;

/// Stateless; knows no service. Threads: every member may be called from any thread.
class Codec {
public:
    virtual ~Codec() = default;
    virtual Protocol protocol() const = 0;

    /// Fills `out`, a default-made struct of `shape`. Unknown members are skipped, null is absent.
    /// Errors: kInvalidArgument: the bytes do not have the modelled form (SerializationException);
    /// constraints are not looked at (validate.h).
    virtual Status decode(const WireRequest& request, const Shape& shape, void* out,
                          MissingMembers& missing) const = 0;

    /// `shape` and `value` are null where the operation has no output. Status, content type and
    /// body; the dispatcher adds the request id.
    virtual http::Response encode(const WireContext& context, const Shape* shape,
                                  const void* value) const = 0;

    /// The error's type is set.
    virtual http::Response encode_error(const WireContext& context,
                                        const ServiceError& error) const = 0;
};

/// AWS JSON 1.1 and 1.0 (clients.md 5.2).
const Codec& json11_codec();
const Codec& json10_codec();

/// Errors that the dispatcher itself answers in any service; operations do not list them.
namespace error_types {
inline constexpr std::string_view kSerialization = "SerializationException";
inline constexpr std::string_view kUnknownOperation = "UnknownOperationException";
inline constexpr std::string_view kMissingAuthentication = "MissingAuthenticationTokenException";
inline constexpr std::string_view kIncompleteSignature = "IncompleteSignatureException";
inline constexpr std::string_view kUnrecognizedClient = "UnrecognizedClientException";
inline constexpr std::string_view kInvalidSignature = "InvalidSignatureException";
inline constexpr std::string_view kExpiredToken = "ExpiredTokenException";
inline constexpr std::string_view kAccessDenied = "AccessDeniedException";
inline constexpr std::string_view kThrottling = "ThrottlingException";
inline constexpr std::string_view kServiceUnavailable = "ServiceUnavailableException";
inline constexpr std::string_view kInternalFailure = "InternalFailure";
inline constexpr std::string_view kRequestTooLarge = "RequestEntityTooLargeException";
inline constexpr std::string_view kRequestTimeout = "RequestTimeoutException";
}  // namespace error_types

/// True for the names above.
bool is_common_error(std::string_view type);

/// The error's own status if it has one; else the common errors' (500, 503, 413), the model's, or
/// 400. `service` may be null.
int http_status_of(const ServiceModel* service, const ServiceError& error);

}  // namespace sky::aws
