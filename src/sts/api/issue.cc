// SPDX-License-Identifier: Apache-2.0
#include "sts/api/issue.h"

#include <array>

namespace sky::sts::api {
namespace {

// With --auth off nobody signs and nothing is checked; clients that ask for credentials on their
// way get a set that works as well as any other.
class UncheckedKey final : public aws::KeySource {
public:
    UncheckedKey(std::string account, Random& random) : key_{"unchecked", {}, std::move(account)} {
        std::array<std::byte, 32> secret{};
        random.fill(secret);
        key_.secret.assign(reinterpret_cast<const char*>(secret.data()), secret.size());
        key_.permissions = aws::Permissions::all();
    }
    std::optional<aws::Credential> find(std::string_view) const override { return key_; }
    const aws::Credential& key() const { return key_; }

private:
    aws::Credential key_;
};

}  // namespace

std::unexpected<aws::ServiceError> deny(std::string message) {
    aws::ServiceError error(std::string(aws::error_types::kAccessDenied),
                            Error{ErrorCode::kAccessDenied, std::move(message)});
    error.http_status = 403;  // As every refusal of this service (clients.md 5.7).
    return std::unexpected(std::move(error));
}

std::expected<aws::SessionCredentials, aws::ServiceError> issue(Service& service,
                                                                const aws::CallContext& caller,
                                                                const aws::SessionWish& wish) {
    Result<aws::SessionCredentials> made = fail(ErrorCode::kInternal, "");
    if (caller.access_key_id.empty()) {
        const UncheckedKey anybody(caller.account, service.random);
        made = aws::issue_session(anybody, anybody.key(), wish, caller.now_ms, service.random);
    } else {
        aws::Credential issuer;
        issuer.access_key_id = caller.access_key_id;
        issuer.issuer = caller.session_issuer;
        issuer.account = caller.account;
        issuer.permissions = caller.permissions;
        issuer.caller_arn = caller.caller_arn;
        made = aws::issue_session(service.keys, issuer, wish, caller.now_ms, service.random);
    }
    if (made) return *std::move(made);
    if (made.error().code == ErrorCode::kAccessDenied) return deny(made.error().message);
    return aws::fault("ValidationError", made.error().message);
}

Credentials shown(const aws::SessionCredentials& made) {
    Credentials out;
    out.access_key_id = made.access_key_id;
    out.secret_access_key = made.secret;
    out.session_token = made.token;
    out.expiration = aws::Timestamp{made.expires_ms};
    return out;
}

}  // namespace sky::sts::api
