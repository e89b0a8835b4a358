// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_flags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sky::cli {

Result<ListenAddress> parse_listen(std::string_view text) {
    const auto bad = [shown = std::string(text)] {
        return fail(ErrorCode::kInvalidArgument,
                    "An address to listen on looks like 127.0.0.1:4580 or [::1]:4580: " + shown);
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    ListenAddress out{std::string(text.substr(0, colon)), 0};
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (port.empty() || error != std::errc() || end != port.data() + port.size()) return bad();
    if (out.host.starts_with('[')) {
        if (!out.host.ends_with(']')) return bad();
        out.host = out.host.substr(1, out.host.size() - 2);
        if (out.host.empty()) return bad();
    } else if (out.host.find(':') != std::string::npos) {
        return bad();  // An IPv6 address without brackets: which colon begins the port?
    }
    if (out.host.empty()) out.host = "0.0.0.0";
    return out;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::uint64_t bytes;
    };
    static constexpr std::array<Unit, 8> kUnits = {{{"", 1},
                                                    {"B", 1},
                                                    {"KB", 1'000},
                                                    {"KiB", 1ULL << 10},
                                                    {"MB", 1'000'000},
                                                    {"MiB", 1ULL << 20},
                                                    {"GB", 1'000'000'000},
                                                    {"GiB", 1ULL << 30}}};
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (text.empty() || error != std::errc() || unit == kUnits.end() || count == 0 ||
        count > std::numeric_limits<std::uint64_t>::max() / unit->bytes) {
        return fail(ErrorCode::kInvalidArgument,
                    "An amount of memory looks like 512MiB or 1GiB: " + std::string(text));
    }
    return count * unit->bytes;
}

}  // namespace sky::cli
