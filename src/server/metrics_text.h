// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/metrics_text.h - the Prometheus text format (version 0.0.4) of /metrics.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sky::server {

/// Appends families one after the other. Names are ours and need no escaping; label values are
/// escaped.
class MetricsText {
public:
    using Labels = std::vector<std::pair<std::string_view, std::string>>;

    /// Names end in _total for counters (the Prometheus naming convention).
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        family(name, help, "counter", value);
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        family(name, help, "gauge", value);
    }
    /// A family of several samples: call header() once, then sample() for each.
    void header(std::string_view name, std::string_view help, std::string_view type);
    void sample(std::string_view name, const Labels& labels, std::uint64_t value);

    std::string take() { return std::move(text_); }

private:
    void family(std::string_view name, std::string_view help, std::string_view type,
                std::uint64_t value) {
        header(name, help, type);
        sample(name, {}, value);
    }
    std::string text_;
};

}  // namespace sky::server
