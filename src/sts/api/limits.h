// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/sts/api/limits.h - bounds of temporary credentials.

#include <cstdint>

namespace sky::sts::api::limits {

// Source: clients.md 5.8 has no figure for STS; the largest modelled request is a policy of 2,048
// characters with its tags.
inline constexpr std::uint64_t kBodyBytesMax = 64 * 1024;

// Source: API reference of AssumeRole and GetSessionToken, DurationSeconds; the bounds are in the
// model. A session that assumes a role gets one hour at most (role chaining).
inline constexpr std::int64_t kRoleSeconds = 3'600, kChainedRoleSecondsMax = 3'600;
inline constexpr std::int64_t kTokenSeconds = 43'200;

}  // namespace sky::sts::api::limits
