// SPDX-License-Identifier: Apache-2.0
#include "aws/testing/left_out.h"

#include <fstream>
#include <sstream>

#include "base/assert.h"

namespace sky::aws::testing {

LeftOut::LeftOut(std::string_view section) {
    std::ifstream file(SKY_SOURCE_DIR "/src/aws/testing/cases_left_out.txt");
    SKY_ASSERT(file.is_open(), "the table of left out cases is part of the repository");
    std::string line, reason;
    bool inside = false;
    while (std::getline(file, line)) {
        if (line.empty() || line.front() == '#') continue;
        if (line.front() == '[') {
            inside = line == "[" + std::string(section) + "]";
            continue;
        }
        if (!inside) continue;
        if (line.front() != ' ') {
            reason = line;
            continue;
        }
        SKY_ASSERT(!reason.empty(), "a case is left out for a reason");
        std::istringstream words(line);
        for (std::string id; words >> id;) {
            SKY_ASSERT(reasons_.emplace(id, reason).second, "a case is left out once");
        }
    }
}

std::string LeftOut::unknown() const {
    std::string out;
    for (const auto& [id, reason] : reasons_) {
        if (!seen_.contains(id)) out += (out.empty() ? "" : " ") + id;
    }
    return out;
}

}  // namespace sky::aws::testing
