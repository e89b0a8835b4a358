// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/memory_budget.h - how much memory this process may plan with.

#include <cstdint>
#include <string_view>

namespace sky::server {

/// With less than this serve and doctor warn. Source: a measurement of JSON and service logs coming
/// in and asked about: what queries may always take, and the rest of the process, come to 200 MiB.
inline constexpr std::uint64_t kMemoryAdvisedBytes = 256ULL << 20U;

/// min(1 GiB, half of the cgroup limit), the default budget of store.md 3.1. Reads cgroup v2's
/// memory.max.
std::uint64_t default_memory_bytes();

/// The same rule on the text of a memory.max file ("max" or a number of bytes; anything else counts
/// as no limit).
std::uint64_t default_memory_bytes(std::string_view memory_max);

}  // namespace sky::server
