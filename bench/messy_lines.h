// SPDX-License-Identifier: Apache-2.0
#pragma once  // bench/messy_lines.h - data set S2: the seed's lines as real applications mix them.

#include <algorithm>
#include <cstdint>
#include <string>

#include "bench/seed_lines.h"

namespace sky::bench {

/// Seven of ten lines are those of S1; among them one view in 50 holds a blank, one in 50 brackets,
/// one in 500 was never seen before. The others are an application's own: levels, key=value pairs,
/// JSON, every twentieth a traceback of several lines. One event in a thousand is up to an hour
/// late.
class MessyLines {
public:
    MessyLines(std::uint64_t seed, std::int64_t start_ms) : seeds_(seed, start_ms), state_(~seed) {}

    const SeedLine& next() {
        const SeedLine& seed = seeds_.next();
        line_.timestamp_ms = seed.timestamp_ms;
        if (draw(1'000) == 0) line_.timestamp_ms -= static_cast<std::int64_t>(draw(kLateMsMax));
        if (draw(10) < 7)
            profiled(seed.text);
        else
            other();
        return line_;
    }

private:
    static constexpr std::uint64_t kLateMsMax = 3'600'000;

    void profiled(const std::string& text) {
        line_.text = text;
        const std::size_t view = text.find(' ', text.find(' ') + 1) + 1;
        const std::size_t end = text.find(' ', view);
        const std::uint64_t kind = draw(500);
        if (kind < 10) line_.text.replace(text.find('-', view), 1, " ");
        if (kind >= 10 && kind < 20) line_.text.insert(view, "[admin]");
        if (kind == 20) line_.text.replace(view, end - view, "view-" + std::to_string(draw(~0ULL)));
    }
    void other() {
        const std::string number = std::to_string(draw(100'000));
        switch (draw(20)) {
            case 0:
                line_.text =
                    "Traceback (most recent call last):\n  File \"/srv/app/views.py\", line " +
                    std::to_string(10 + draw(400)) + ", in get\n    order = find(" + number +
                    ")\nLookupError: no order " + number;
                return;
            case 1:
            case 2:
            case 3:
                line_.text = R"({"level":"info","event":"payment","order":)" + number +
                             R"(,"amount":)" + std::to_string(draw(900)) + ".50}";
                return;
            case 4:
            case 5:
            case 6:
            case 7:
            case 8:
                line_.text = "level=warn component=cache key=user:" + number +
                             " miss after=" + std::to_string(draw(90)) + "ms";
                return;
            default:
                line_.text = "INFO worker-" + std::to_string(draw(8)) + " finished job " + number +
                             " in " + std::to_string(draw(5'000)) + " ms";
        }
    }
    std::uint64_t draw(std::uint64_t below) {  // splitmix64
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return (z ^ (z >> 31)) % below;
    }

    SeedLines seeds_;
    std::uint64_t state_;
    SeedLine line_{0, {}};
};

}  // namespace sky::bench
