// SPDX-License-Identifier: Apache-2.0
#pragma once  // bench/file_lines.h - a file's lines as events, the data sets R1 to R3.

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "bench/seed_lines.h"

namespace sky::bench {

/// The file's lines over and over, `step_ms` apart, without the empty ones, which are no events.
class FileLines {
public:
    FileLines(const std::string& path, std::int64_t start_ms, std::int64_t step_ms)
        : step_ms_(step_ms), line_{start_ms, {}} {
        std::ifstream in(path, std::ios::binary);
        for (std::string line; std::getline(in, line);)
            if (!line.empty()) lines_.push_back(std::move(line));
    }
    std::size_t size() const { return lines_.size(); }

    const SeedLine& next() {
        line_.timestamp_ms += step_ms_;
        line_.text = lines_[at_++ % lines_.size()];
        return line_;
    }

private:
    std::int64_t step_ms_;
    SeedLine line_;
    std::vector<std::string> lines_;
    std::size_t at_ = 0;
};

}  // namespace sky::bench
