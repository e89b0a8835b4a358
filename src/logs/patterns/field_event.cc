// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/field_event.h"

namespace sky::logs {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::size_t FieldReader::closing(char c, bool& none) {
    if (none) return std::string_view::npos;
    for (std::size_t at = message_.find(c, at_ + 1); at != std::string_view::npos;
         at = message_.find(c, at + 1))
        if (at + 1 == message_.size() || is_blank(message_[at + 1])) return at;
    none = true;
    return std::string_view::npos;
}

bool FieldReader::at_end() {
    while (at_ < message_.size() && is_blank(message_[at_])) ++at_;
    return at_ == message_.size();
}

std::string_view FieldReader::rest() {
    std::string_view left = message_.substr(at_);
    while (!left.empty() && is_blank(left.back())) left.remove_suffix(1);
    return left;
}

bool FieldReader::next(std::string_view& field) {
    if (at_end()) return false;
    const char first = message_[at_];
    std::size_t end = std::string_view::npos;
    if (first == '"') end = closing('"', no_quote_);
    if (first == '[') end = closing(']', no_bracket_);
    if (end != std::string_view::npos) {
        field = message_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return true;
    }
    const std::size_t begin = at_;
    while (at_ < message_.size() && !is_blank(message_[at_])) ++at_;
    field = message_.substr(begin, at_ - begin);
    return true;
}

}  // namespace sky::logs
