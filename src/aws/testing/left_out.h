// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/left_out.h - the published cases that cannot apply, with reasons.

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace sky::aws::testing {

/// src/aws/testing/cases_left_out.txt: "reason:" lines, each followed by names of cases. A case
/// runs unless it stands there; a name that no case has is a mistake.
class LeftOut {
public:
    /// `section` is "[name]" in the file. Aborts when the file has no such form.
    explicit LeftOut(std::string_view section);

    /// True for a case that is left out.
    bool has(const std::string& id) {
        seen_.insert(id);
        return reasons_.contains(id);
    }
    std::size_t count() const { return reasons_.size(); }
    /// Names in the file that were never asked for.
    std::string unknown() const;

private:
    std::map<std::string, std::string, std::less<>> reasons_;
    std::set<std::string> seen_;
};

}  // namespace sky::aws::testing
