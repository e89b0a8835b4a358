// SPDX-License-Identifier: Apache-2.0
// Session tokens: no bytes of a stranger open a session, what we issue opens exactly itself, and a
// flipped bit opens nothing.
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/session.h"
#include "base/assert.h"
#include "base/random.h"
#include "crypto/encoding.h"

namespace {

using namespace sky;
using namespace sky::aws;

class OneKey final : public KeySource {
public:
    std::optional<Credential> find(std::string_view id) const override {
        if (id != "AKID") return std::nullopt;
        Credential key{"AKID", "a secret that nobody guesses", "123456789012"};
        key.permissions = Permissions::all();
        return key;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const OneKey keys;
    SKY_ASSERT(!open_session(keys, "ASIA", text), "a stranger's token");
    // The same bytes as the fields of a token, the id put where it belongs.
    SKY_ASSERT(!open_session(keys, "ASIA",
                             crypto::base64url_encode("sky1\nAKID\nASIA\n" + std::string(text))),
               "a stranger's fields");

    SeededRandom random(size);
    SessionWish wish;
    wish.duration_s = 900 + static_cast<std::int64_t>(size);
    const std::size_t cut = text.find('|');
    if (cut != std::string_view::npos) {
        wish.role_arn = "arn:aws:iam::123456789012:role/" + std::string(text.substr(0, cut));
        wish.session_name = text.substr(cut + 1);
    }
    const auto made = issue_session(keys, *keys.find("AKID"), wish, 1'700'000'000'000, random);
    if (!made) return 0;
    const auto opened = open_session(keys, made->access_key_id, made->token);
    SKY_ASSERT(opened && opened->secret == made->secret, "what was issued opens");
    SKY_ASSERT(opened->caller_arn == made->caller_arn && opened->expires_ms == made->expires_ms,
               "and says the same");
    std::string bytes = *crypto::base64url_decode(made->token);
    const std::uint64_t bit = random.next_u64() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    SKY_ASSERT(!open_session(keys, made->access_key_id, crypto::base64url_encode(bytes)),
               "a changed token");
    return 0;
}
