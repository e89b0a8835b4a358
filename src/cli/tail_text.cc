// SPDX-License-Identifier: Apache-2.0
#include "cli/tail_text.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/time.h"
#include "cli/limits.h"

namespace sky::cli {
namespace {

constexpr std::size_t kLookedAt = 256;  // A level stands before the text, or early in an object.
constexpr std::string_view kRed = "\x1b[31m", kYellow = "\x1b[33m", kDim = "\x1b[2m",
                           kPlain = "\x1b[0m";

struct Level {
    std::string_view word;
    Severity severity;
};
constexpr auto kLevels = std::to_array<Level>({
    {"error", Severity::kError},
    {"err", Severity::kError},
    {"fatal", Severity::kError},
    {"critical", Severity::kError},
    {"crit", Severity::kError},
    {"severe", Severity::kError},
    {"panic", Severity::kError},
    {"alert", Severity::kError},
    {"emerg", Severity::kError},
    {"warn", Severity::kWarning},
    {"warning", Severity::kWarning},
    {"info", Severity::kNone},
    {"notice", Severity::kNone},
    {"debug", Severity::kQuiet},
    {"trace", Severity::kQuiet},
});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_part_of_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

// A level in a sentence is a word like any other: it counts in capitals, or as a value.
bool is_marked(std::string_view text, std::size_t begin, std::size_t end) {
    const bool is_upper =
        std::ranges::none_of(text.substr(begin, end - begin), [](char c) { return c >= 'a'; });
    if (is_upper) return true;
    const char before = begin > 0 ? text[begin - 1] : ' ';
    const char after = end < text.size() ? text[end] : ' ';
    return before == '=' || before == '[' || before == '<' || (before == '"' && after == '"') ||
           (begin == 0 && after == ':');
}

}  // namespace

Severity severity_of(std::string_view message) {
    const std::string_view text = message.substr(0, kLookedAt);
    for (std::size_t begin = 0; begin < text.size();) {
        if (!is_part_of_word(text[begin])) {
            ++begin;
            continue;
        }
        std::size_t end = begin;
        std::string lower;
        for (; end < text.size() && is_part_of_word(text[end]); ++end) {
            const char c = text[end];
            lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
        }
        const auto level = std::ranges::find(kLevels, lower, &Level::word);
        if (level != kLevels.end() && is_marked(text, begin, end)) return level->severity;
        begin = end;
    }
    return Severity::kNone;
}

std::string render_event(const ShownEvent& event, Colour colour, Escape escape) {
    const std::string message =
        escape == Escape::kControls ? printable(event.message) : event.message;
    const std::string stream = escape == Escape::kControls ? printable(event.stream) : event.stream;
    std::string head = format_iso8601_ms(event.timestamp_ms) + " ";
    if (!stream.empty()) head += stream + " ";
    if (colour == Colour::kOff) return head + message + "\n";
    std::string_view tone;
    switch (severity_of(event.message)) {
        case Severity::kError:
            tone = kRed;
            break;
        case Severity::kWarning:
            tone = kYellow;
            break;
        case Severity::kQuiet:
            tone = kDim;
            break;
        case Severity::kNone:
            break;
    }
    std::string out = std::string(kDim) + head + std::string(kPlain);
    out += tone.empty() ? message : std::string(tone) + message + std::string(kPlain);
    return out + "\n";
}

namespace {

std::pair<std::int64_t, std::string> identity(const ShownEvent& event) {
    // A stream's name has no such character; the message comes last.
    return {event.ingestion_ms,
            std::to_string(event.timestamp_ms) + ":" + event.stream + ":" + event.message};
}

}  // namespace

void Overlap::add_history(const ShownEvent& event, std::int64_t reading_ms) {
    newest_ms_ = std::max(newest_ms_, event.ingestion_ms);
    history_.insert(identity(event));
    const std::int64_t oldest_ms = newest_ms_ - reading_ms - limits::kIngestMsMax;
    history_.erase(history_.begin(), history_.lower_bound({oldest_ms, std::string()}));
}

bool Overlap::is_new(const ShownEvent& event) {
    const auto known = history_.find(identity(event));
    if (known == history_.end()) return true;
    history_.erase(known);
    return false;
}

}  // namespace sky::cli
