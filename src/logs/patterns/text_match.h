// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/text_match.h - a wildcard text and a %regex%, matched to values.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace sky::logs {

// The service's own texts, as users report them; logs-api.md 1.2 has none of patterns.
inline constexpr std::string_view kPatternInvalid = "Invalid filter pattern";
/// "Invalid character(s) in term ':'". Bytes beyond ASCII are told as '?', as the service does.
std::unexpected<Error> invalid_characters(std::string_view characters);

/// `a*b`: a star stands for any text.
class Wildcard {
public:
    /// The texts before, between and after the stars.
    explicit Wildcard(std::vector<std::string> parts) : parts_(std::move(parts)) {}
    bool matches(std::string_view text) const;
    /// A lone star: any value that is there.
    bool is_any() const;
    std::span<const std::string> parts() const { return parts_; }

private:
    std::vector<std::string> parts_;
};

/// The service's subset of regular expressions (logs-api.md 7.2), searched for in linear time.
/// `$` is the end of the text, `.` is any character but a line feed. Threads: any.
class PatternRegex {
public:
    /// `text` stands between the percent signs. Errors: kInvalidArgument.
    static Result<PatternRegex> compile(std::string_view text);
    PatternRegex(PatternRegex&&) noexcept;
    PatternRegex& operator=(PatternRegex&&) noexcept;
    ~PatternRegex();
    bool search(std::string_view text) const;
    /// A text that every match contains; empty when none is known.
    const std::string& required() const { return required_; }

private:
    PatternRegex(std::unique_ptr<re2::RE2> program, std::string required);
    std::unique_ptr<re2::RE2> program_;
    std::string required_;
};

}  // namespace sky::logs
