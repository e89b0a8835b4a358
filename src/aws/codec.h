// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/codec.h - one wire protocol: bytes to structs and back, driven by shape
              // tables.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "aws/shape.h"
#include "http/message.h"

namespace sky::aws {

/// A part of the path that the route bound to a member, still URI-encoded.
struct PathLabel {
    std::string_view name;  // Of the model.
    std::string value;
};

/// What a protocol may decode from. `body` is inflated; the head is there for REST's bindings and
/// Query's requests without a body, the operation for REST's content types. Null where nothing of
/// that is known.
struct WireRequest {
    const http::RequestHead* head = nullptr;
    std::span<const PathLabel> labels = {};
    std::string_view body = {};
    const OperationModel* operation = nullptr;
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
    /// Errors, typed: SerializationException, the bytes do not have the modelled form; REST also
    /// UnsupportedMediaTypeException and NotAcceptableException. Constraints are not looked at
    /// (validate.h).
    virtual std::expected<void, ServiceError> decode(const WireRequest& request, const Shape& shape,
                                                     void* out, MissingMembers& missing) const = 0;

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
/// Forms in, XML out (clients.md 5.3).
const Codec& query_codec();
const Codec& ec2_query_codec();
/// Members in path, query string, headers and a JSON body (clients.md 5.4).
const Codec& rest_json_codec();
/// RPC v2 CBOR (clients.md 5.5).
const Codec& cbor_codec();

const Codec& codec_of(Protocol protocol);

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
inline constexpr std::string_view kUnsupportedMediaType = "UnsupportedMediaTypeException";
inline constexpr std::string_view kNotAcceptable = "NotAcceptableException";
}  // namespace error_types

/// True for the names above.
bool is_common_error(std::string_view type);

/// The error's own status if it has one; else the common errors' (500, 503, 413), the model's
/// (Query may have another), or 400. `service` may be null.
int http_status_of(const ServiceModel* service, const ServiceError& error, Protocol protocol);

/// What Query calls an error: the model's code ("ResourceNotFound" for DashboardNotFoundError), the
/// code of a common error ("Throttling"), or the type itself.
std::string_view query_code_of(const ServiceModel* service, std::string_view type);

/// How the error's shape spells its message ("message" where it has none); nullopt where there is
/// nothing to say: an empty message that the model does not know, or one that the detail carries.
std::optional<std::string_view> message_member(const ServiceModel* service,
                                               const ServiceError& error);

/// The header that clients of a service with a Query past go by (clients.md trap 9); nullopt for
/// other services and for errors without a Query code.
std::optional<http::Header> query_error_header(const WireContext& context,
                                               const ServiceError& error, int status);

}  // namespace sky::aws
