// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/random.h - randomness is passed in, so that tests repeat.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sky {

/// A source of random bytes. Safe to call from any thread.
class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::byte> out) = 0;
    std::uint64_t next_u64();
};

/// The kernel's generator; good for secrets.
Random& system_random();

/// Repeats for a seed; for tests only.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::byte> out) override;  // Not thread-safe: one test thread owns it.
    /// Uniform in [0, bound), bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }

private:
    std::uint64_t state_;
};

/// A version 4 UUID in the usual 36 characters.
std::string random_uuid(Random& random);

}  // namespace sky
