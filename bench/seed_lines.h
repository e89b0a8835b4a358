// SPDX-License-Identifier: Apache-2.0
#pragma once  // bench/seed_lines.h - data set S1: deterministic [profiler] lines of a REST
              // application.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace sky::bench {

struct SeedLine {
    std::int64_t timestamp_ms;
    std::string text;  // Reused by next().
};

/// 5 methods (GET 70 %), 48 views (Zipf), 6 statuses, log-normal durations with 2 decimals, 1-10 ms
/// apart. The same seed and start give the same lines on every machine (no library distributions).
class SeedLines {
public:
    SeedLines(std::uint64_t seed, std::int64_t start_ms) : state_(seed) {
        line_.timestamp_ms = start_ms;
        double total = 0;
        for (std::size_t i = 0; i < kViews; ++i) total += 1.0 / static_cast<double>(i + 1);
        double sum = 0;
        for (std::size_t i = 0; i < kViews; ++i) {
            sum += 1.0 / static_cast<double>(i + 1) / total;
            view_limit_[i] = sum;
            views_.push_back(std::string(kNouns[i % kNouns.size()]) + (i < 16   ? "-list"
                                                                       : i < 32 ? "-detail"
                                                                                : "-report"));
        }
        // Quantiles of exp(N(3, 1)) in hundredths of a millisecond, one draw each.
        for (std::size_t i = 0; i < durations_.size(); ++i) {
            const double u =
                (static_cast<double>(i) + 0.5) / static_cast<double>(durations_.size());
            durations_[i] = static_cast<std::uint32_t>(std::exp(3.0 + probit(u)) * 100.0);
        }
    }

    const SeedLine& next() {
        line_.timestamp_ms += static_cast<std::int64_t>(1 + draw() % 10);
        std::string& text = line_.text;
        text.assign("[profiler] ");
        const std::uint64_t m = draw() % 100;
        text += m < 70 ? "GET" : m < 85 ? "POST" : m < 93 ? "PUT" : m < 97 ? "DELETE" : "PATCH";
        text += ' ';
        const double v = static_cast<double>(draw() >> 11) * 0x1p-53;
        std::size_t view = 0;
        while (view + 1 < kViews && view_limit_[view] < v) ++view;
        text += views_[view];
        text += ' ';
        const std::uint32_t hundredths = durations_[draw() % durations_.size()];
        append_number(hundredths / 100);
        text += '.';
        text += static_cast<char>('0' + hundredths / 10 % 10);
        text += static_cast<char>('0' + hundredths % 10);
        const std::uint64_t s = draw() % 100;
        text += s < 88   ? " 200"
                : s < 92 ? " 201"
                : s < 94 ? " 204"
                : s < 97 ? " 404"
                : s < 99 ? " 500"
                         : " 302";
        return line_;
    }

private:
    static constexpr std::size_t kViews = 48;
    static constexpr std::array<const char*, 16> kNouns = {
        "user",    "order",  "item",    "cart",   "invoice", "payment", "product", "review",
        "address", "coupon", "session", "refund", "ticket",  "vendor",  "stock",   "parcel"};

    std::uint64_t draw() {  // splitmix64
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    void append_number(std::uint32_t value) {
        std::array<char, 12> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
        line_.text.append(digits.data(), end.ptr);
    }
    /// Inverse of the normal distribution by bisection over erfc: slow, exact enough, done once.
    static double probit(double u) {
        double low = -9, high = 9;
        for (int i = 0; i < 60; ++i) {
            const double mid = (low + high) / 2;
            (0.5 * std::erfc(-mid / std::sqrt(2.0)) < u ? low : high) = mid;
        }
        return low;
    }

    std::uint64_t state_;
    SeedLine line_{0, {}};
    std::array<double, kViews> view_limit_{};
    std::array<std::uint32_t, 16'384> durations_{};
    std::vector<std::string> views_;
};

}  // namespace sky::bench
