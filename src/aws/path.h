// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/path.h - where in a request a value stands, as validation texts name it.

#include <cstddef>
#include <string>
#include <string_view>

namespace sky::aws {

/// A linked list on the stack, so that a request without faults builds no text. "a.1.member.b":
/// dots between members, which begin in lower case as recorded ("stateValue" for StateValue,
/// metrics.md 1), list elements from 1, map values under their key (logs-api.md 1).
struct Path {
    enum class Step : unsigned char { kRoot, kMember, kElement, kEntry };
    const Path* parent = nullptr;
    Step step = Step::kRoot;
    std::string_view name = {};  // kMember, kEntry.
    std::size_t number = 0;      // kElement, from 1.

    Path member(std::string_view member_name) const { return {this, Step::kMember, member_name}; }
    Path element(std::size_t from_one) const { return {this, Step::kElement, {}, from_one}; }
    Path entry(std::string_view key) const { return {this, Step::kEntry, key}; }

    std::string text() const {
        if (step == Step::kRoot) return {};
        std::string out = parent->text();
        if (!out.empty()) out.push_back('.');
        if (step == Step::kElement) {
            out += std::to_string(number);
        } else {
            const std::size_t begin = out.size();
            out += name;
            if (step == Step::kMember) lower_first(out[begin]);
        }
        if (step != Step::kMember) out += ".member";
        return out;
    }

    static void lower_first(char& c) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }

    /// "/a/0/b": the form of REST's published validation errors.
    std::string slashed() const {
        if (step == Step::kRoot) return {};
        std::string out = parent->slashed();
        out.push_back('/');
        if (step == Step::kElement) {
            out += std::to_string(number - 1);
        } else {
            out += name;
        }
        return out;
    }
};

}  // namespace sky::aws
