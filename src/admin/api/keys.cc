// SPDX-License-Identifier: Apache-2.0
#include "admin/api/keys.h"

#include <algorithm>
#include <array>
#include <span>

#include "admin/api/limits.h"
#include "crypto/encoding.h"

namespace sky::admin::api {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// An id stands in credential scopes: no slash, no blank. Source: IAM model, [\w]+.
bool is_word(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

Status check_pair(std::string_view id, std::string_view secret, bool allow_short) {
    const std::size_t id_min = allow_short ? limits::kShortPairBytesMin : limits::kIdBytesMin;
    const std::size_t secret_min =
        allow_short ? limits::kShortPairBytesMin : limits::kSecretBytesMin;
    const std::string hint =
        allow_short ? "" : " A shorter pair, for this machine alone, needs --allow-short.";
    if (id.size() < id_min || id.size() > limits::kIdBytesMax ||
        !std::ranges::all_of(id, is_word)) {
        return fail(ErrorCode::kInvalidArgument, "An access key id has " + std::to_string(id_min) +
                                                     " to " + std::to_string(limits::kIdBytesMax) +
                                                     " letters, digits or '_'." + hint);
    }
    if (secret.size() < secret_min || secret.size() > limits::kSecretBytesMax ||
        !std::ranges::all_of(secret, [](char c) { return c > ' ' && c <= '~'; })) {
        return fail(ErrorCode::kInvalidArgument, "A secret key has " + std::to_string(secret_min) +
                                                     " to " +
                                                     std::to_string(limits::kSecretBytesMax) +
                                                     " visible ASCII characters." + hint);
    }
    return {};
}

namespace {

Status check_description(std::string_view text) {
    // Shown on terminals and in logs as it is.
    const bool is_plain = std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (text.size() > limits::kDescriptionBytesMax || !is_plain) {
        return fail(ErrorCode::kInvalidArgument, "A description has at most " +
                                                     std::to_string(limits::kDescriptionBytesMax) +
                                                     " bytes and no control characters.");
    }
    return {};
}

Status check_expiry(Expiry expires_ms, const Clock& clock) {
    if (expires_ms && *expires_ms <= clock.now_ms())
        return fail(ErrorCode::kInvalidArgument, "The time of expiry has passed already.");
    return {};
}

// Nobody gives what he does not have.
Status check_grant(const Actor& actor, aws::Permissions permissions) {
    if (actor.permissions.covers(permissions)) return {};
    return fail(ErrorCode::kAccessDenied,
                "A key with the permissions \"" + aws::format_permissions(actor.permissions) +
                    "\" cannot give \"" + aws::format_permissions(permissions) + "\".");
}

aws::Permissions permissions_of(const store::AccessKey& key) {
    return aws::parse_permissions(key.permissions).value_or(aws::Permissions{});
}

store::AccessKey make_pair(std::string account, const Clock& clock, Random& random) {
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

Status check_room(const store::Catalog& catalog, std::string_view account) {
    const auto keys = catalog.list_keys();
    const auto count = std::ranges::count(keys, account, &store::AccessKey::account);
    if (static_cast<std::size_t>(count) < limits::kKeysPerAccountMax) return {};
    return fail(ErrorCode::kLimitExceeded,
                "An account has at most " + std::to_string(limits::kKeysPerAccountMax) +
                    " access keys; delete some that are no longer used.");
}

}  // namespace

Result<store::AccessKey> create_key(store::Catalog& catalog, const Actor& actor,
                                    const KeyWish& wish, const Clock& clock, Random& random) {
    if (wish.account.size() != 12 || !std::ranges::all_of(wish.account, is_digit))
        return fail(ErrorCode::kInvalidArgument, "An account id has 12 digits.");
    if (wish.id.has_value() != wish.secret.has_value()) {
        return fail(ErrorCode::kInvalidArgument,
                    "An access key id and its secret are imported together or not at all.");
    }
    if (wish.id) SKY_TRY(check_pair(*wish.id, *wish.secret, wish.allow_short));
    SKY_TRY(check_description(wish.description));
    SKY_TRY(check_expiry(wish.expires_ms, clock));
    const aws::Permissions permissions = wish.permissions.value_or(actor.permissions);
    SKY_TRY(check_grant(actor, permissions));
    SKY_TRY(check_room(catalog, wish.account));
    store::AccessKey key = make_pair(wish.account, clock, random);
    if (wish.id) {
        if (catalog.find_key(*wish.id))
            return fail(ErrorCode::kAlreadyExists, "The access key already exists: " + *wish.id);
        key.id = *wish.id;
        key.secret = *wish.secret;
    }
    key.description = wish.description;
    key.permissions = aws::format_permissions(permissions);
    key.expires_ms = wish.expires_ms;
    SKY_TRY(catalog.put_key(key));
    return key;
}

Result<store::AccessKey> find_key(const store::Catalog& catalog, const Actor& actor,
                                  std::string_view id) {
    auto key = catalog.find_key(id);
    if (!key || (!actor.account.empty() && key->account != actor.account))
        return fail(ErrorCode::kNotFound, "The access key does not exist: " + std::string(id));
    return *std::move(key);
}

std::vector<store::AccessKey> list_keys(const store::Catalog& catalog, const Actor& actor) {
    std::vector<store::AccessKey> keys = catalog.list_keys();
    if (!actor.account.empty()) {
        std::erase_if(keys,
                      [&](const store::AccessKey& key) { return key.account != actor.account; });
    }
    return keys;
}

Result<store::AccessKey> update_key(store::Catalog& catalog, const Actor& actor,
                                    std::string_view id, const KeyChange& change,
                                    const Clock& clock) {
    store::AccessKey key = SKY_TRY(find_key(catalog, actor, id));
    if (change.description) {
        SKY_TRY(check_description(*change.description));
        key.description = *change.description;
    }
    if (change.permissions) {
        SKY_TRY(check_grant(actor, *change.permissions));
        key.permissions = aws::format_permissions(*change.permissions);
    }
    if (change.expires_ms) {
        SKY_TRY(check_expiry(*change.expires_ms, clock));
        key.expires_ms = *change.expires_ms;
    }
    if (change.enabled) key.enabled = *change.enabled;
    // One key that can administer must stay, or nobody could ask for another one: his own.
    if (id == actor.access_key_id &&
        (!key.enabled || !permissions_of(key).has(aws::Permission::kAdmin))) {
        return fail(ErrorCode::kInvalidArgument,
                    "A key cannot disable itself or give up its own admin permission; sign the "
                    "request with another one.");
    }
    SKY_TRY(catalog.put_key(key));
    return key;
}

Result<store::AccessKey> rotate_key(store::Catalog& catalog, const Actor& actor,
                                    std::string_view id, Expiry old_expires_ms, const Clock& clock,
                                    Random& random) {
    store::AccessKey old = SKY_TRY(find_key(catalog, actor, id));
    SKY_TRY(check_expiry(old_expires_ms, clock));
    SKY_TRY(check_grant(actor, permissions_of(old)));
    SKY_TRY(check_room(catalog, old.account));
    store::AccessKey fresh = make_pair(old.account, clock, random);
    fresh.description = old.description;
    fresh.permissions = old.permissions;
    // Its own time of expiry was chosen for the old secret; the new one starts without.
    SKY_TRY(catalog.put_key(fresh));
    if (old_expires_ms && (!old.expires_ms || *old_expires_ms < *old.expires_ms)) {
        old.expires_ms = old_expires_ms;
        SKY_TRY(catalog.put_key(old));
    }
    return fresh;
}

Status delete_key(store::Catalog& catalog, const Actor& actor, std::string_view id) {
    if (id == actor.access_key_id) {
        return fail(ErrorCode::kInvalidArgument,
                    "A key cannot delete itself; sign the request with another one.");
    }
    static_cast<void>(SKY_TRY(find_key(catalog, actor, id)));
    return catalog.delete_key(id);
}

}  // namespace sky::admin::api
