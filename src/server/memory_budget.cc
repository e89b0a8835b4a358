// SPDX-License-Identifier: Apache-2.0
#include "server/memory_budget.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

namespace sky::server {
namespace {
constexpr std::uint64_t kDefaultBudgetBytes = 1ULL << 30;
}

std::uint64_t default_memory_bytes(std::string_view memory_max) {
    std::uint64_t limit = 0;
    const auto read =
        std::from_chars(memory_max.data(), memory_max.data() + memory_max.size(), limit);
    if (read.ec != std::errc{} || limit == 0) return kDefaultBudgetBytes;
    return std::min(kDefaultBudgetBytes, limit / 2);
}

std::uint64_t default_memory_bytes() {
    std::ifstream file("/sys/fs/cgroup/memory.max");
    std::string text;
    std::getline(file, text);
    return default_memory_bytes(text);
}

}  // namespace sky::server
