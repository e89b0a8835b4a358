// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/assert.h - assertions on what our own code guarantees.

namespace sky {
/// Prints the broken promise on stderr and aborts.
[[noreturn]] void assert_failed(const char* condition, const char* why, const char* file, int line);
}  // namespace sky

/// Stays on in release and aborts. Bytes from network, file or user are never asserted: they are a
/// Result.
#define SKY_ASSERT(cond, why) \
    (__builtin_expect(!!(cond), 1) ? void(0) : ::sky::assert_failed(#cond, why, __FILE__, __LINE__))

/// For costly checks; on where SKY_DCHECKS is defined (dev, sanitizers, fuzz).
#ifdef SKY_DCHECKS
#define SKY_DCHECK(cond, why) SKY_ASSERT(cond, why)
#else
#define SKY_DCHECK(cond, why) void(0)
#endif
