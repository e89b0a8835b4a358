// SPDX-License-Identifier: Apache-2.0
#include "store/deletion_clock.h"

#include <algorithm>

#include "store/segment_limits.h"

namespace sky::store {

namespace {
constexpr std::int64_t kNanosPerMs = 1'000'000;
}

DeletionClock::DeletionClock(const Clock& clock, std::optional<std::int64_t> high_water_ms)
    : clock_(clock), seen_ms_(clock.now_ms()), seen_ns_(clock.monotonic_ns()) {
    base_ms_ = high_water_ms.value_or(seen_ms_);
    base_ns_ = seen_ns_;
    high_water_ms_ = base_ms_;
    if (seen_ms_ < base_ms_ - limits::kClockJumpMs || seen_ms_ > base_ms_ + limits::kClockSlackMs)
        suspend();
}

void DeletionClock::suspend() {
    suspended_ = true;
    suspended_since_ns_ = seen_ns_;
}

void DeletionClock::trust_wall() {
    suspended_ = false;
    base_ms_ = seen_ms_;
    base_ns_ = seen_ns_;
    high_water_ms_ = seen_ms_;
}

std::optional<std::int64_t> DeletionClock::now_ms() {
    const std::int64_t wall_ms = clock_.now_ms(), now_ns = clock_.monotonic_ns();
    const std::int64_t step_ms = (wall_ms - seen_ms_) - (now_ns - seen_ns_) / kNanosPerMs;
    seen_ms_ = wall_ms;
    seen_ns_ = now_ns;
    if (step_ms > limits::kClockJumpMs || step_ms < -limits::kClockJumpMs) suspend();
    if (suspended_ && (now_ns - suspended_since_ns_) / kNanosPerMs >= limits::kClockAgreementMs)
        trust_wall();
    if (suspended_) return std::nullopt;
    const std::int64_t elapsed_ms = (now_ns - base_ns_) / kNanosPerMs;
    const std::int64_t now = std::min(wall_ms, base_ms_ + elapsed_ms + limits::kClockSlackMs);
    high_water_ms_ = std::max(high_water_ms_, now);
    return now;
}

void DeletionClock::confirm() {
    seen_ms_ = clock_.now_ms();
    seen_ns_ = clock_.monotonic_ns();
    trust_wall();
}

}  // namespace sky::store
