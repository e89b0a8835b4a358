// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "base/assert.h"

namespace sky {
namespace {

class SystemRandom final : public Random {
public:
    void fill(std::span<std::byte> out) override {
        while (!out.empty()) {
            const auto got = getrandom(out.data(), out.size(), 0);
            if (got < 0) continue;  // EINTR is the only error for a valid buffer.
            out = out.subspan(static_cast<std::size_t>(got));
        }
    }
};

}  // namespace

std::uint64_t Random::next_u64() {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
}

Random& system_random() {
    static SystemRandom random;
    return random;
}

void SeededRandom::fill(std::span<std::byte> out) {
    while (!out.empty()) {  // splitmix64
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        z ^= z >> 31;
        const std::size_t count = out.size() < sizeof z ? out.size() : sizeof z;
        std::memcpy(out.data(), &z, count);
        out = out.subspan(count);
    }
}

std::string random_uuid(Random& random) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(std::as_writable_bytes(std::span(bytes)));
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kHex[bytes[i] >> 4];
        text += kHex[bytes[i] & 15];
    }
    return text;
}

}  // namespace sky
