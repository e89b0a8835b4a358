// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/clock.h - time is passed in, so that tests can set it.

#include <atomic>
#include <cstdint>

namespace sky {

/// Wall time for what users see, monotonic time for deadlines. Safe to call from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    /// Unix time in milliseconds; may jump.
    virtual std::int64_t now_ms() const = 0;
    /// Nanoseconds since an arbitrary start; never goes back.
    virtual std::int64_t monotonic_ns() const = 0;
};

/// The machine's clocks.
const Clock& system_clock();

/// A clock that moves only when told to. Safe to set and read from several threads.
class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t start_ms) : wall_ms_(start_ms) {}
    std::int64_t now_ms() const override { return wall_ms_.load(); }
    std::int64_t monotonic_ns() const override { return monotonic_ns_.load(); }
    /// Moves both clocks.
    void advance_ms(std::int64_t by_ms) {
        wall_ms_ += by_ms;
        monotonic_ns_ += by_ms * 1'000'000;
    }
    /// Moves the wall clock alone, as an administrator or NTP may.
    void jump_wall_ms(std::int64_t by_ms) { wall_ms_ += by_ms; }

private:
    std::atomic<std::int64_t> wall_ms_;
    std::atomic<std::int64_t> monotonic_ns_{0};
};

}  // namespace sky
