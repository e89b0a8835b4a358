// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/deletion_clock.h - how far deletion by time may trust the wall clock.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace sky::store {

/// Where the catalog keeps high_water_ms().
inline constexpr std::string_view kDeletionHighWaterKey = "deletion_high_water_ms";

/// A wall clock that runs ahead must not delete logs (store.md 1.7). Deletion uses
/// min(wall clock, persisted high-water mark + monotonic time elapsed + 25 h). A step of the wall
/// clock against the monotonic one, or against the mark across a restart, suspends deletion until
/// confirmed or until both clocks have agreed for 24 h.
/// Threads: one at a time.
class DeletionClock {
public:
    /// `high_water_ms`: what high_water_ms() gave before the restart; nullopt at the first start.
    DeletionClock(const Clock& clock, std::optional<std::int64_t> high_water_ms);

    /// Looks at the clocks. Unix milliseconds up to which deletion may count back; nullopt while
    /// suspended.
    std::optional<std::int64_t> now_ms();
    bool suspended() const { return suspended_; }
    /// To persist after now_ms(); never moved by a clock that is not trusted.
    std::int64_t high_water_ms() const { return high_water_ms_; }
    /// An operator vouches for the wall clock.
    void confirm();

private:
    void trust_wall();
    void suspend();

    const Clock& clock_;
    std::int64_t base_ms_, base_ns_;  // The mark and when it was taken over.
    std::int64_t seen_ms_, seen_ns_;  // The clocks at the last look.
    std::int64_t high_water_ms_;
    std::int64_t suspended_since_ns_ = 0;
    bool suspended_ = false;
};

}  // namespace sky::store
