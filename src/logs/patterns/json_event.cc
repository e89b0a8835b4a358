// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/json_event.h"

#include "logs/patterns/limits.h"

namespace sky::logs {
namespace {

using json::Token;
using json::Type;

class Walk {
public:
    Walk(std::string_view message, std::span<const JsonSelector> selectors, JsonPlaces& places)
        : at_(message.data()),
          end_(message.data() + message.size()),
          selectors_(selectors),
          places_(places) {}

    bool run() {
        for (std::size_t i = 0; i < selectors_.size(); ++i) active_.push_back({i, 0, false});
        blanks();
        if (at_ == end_ || *at_ != '{' || !value(0, active_.size())) return false;
        blanks();
        return at_ == end_;
    }

private:
    /// A selector whose first `step` steps lead to the value that is being read.
    struct Active {
        std::size_t selector, step;
        bool taken;  // Its next step was found in this object.
    };

    void blanks() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
    }
    bool take(char c) {
        blanks();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool literal(std::string_view word) {
        if (static_cast<std::size_t>(end_ - at_) < word.size() ||
            std::string_view(at_, word.size()) != word)
            return false;
        at_ += word.size();
        return true;
    }
    bool digits() {
        const char* const begin = at_;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
        return at_ != begin;
    }
    bool number() {
        if (at_ != end_ && *at_ == '-') ++at_;
        if (at_ != end_ && *at_ == '0')
            ++at_;
        else if (!digits())
            return false;
        if (at_ != end_ && *at_ == '.') {
            ++at_;
            if (!digits()) return false;
        }
        if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
            if (!digits()) return false;
        }
        return true;
    }
    bool string() {
        for (++at_; at_ != end_; ++at_) {
            const auto c = static_cast<unsigned char>(*at_);
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c < 0x20) return false;
            if (c != '\\') continue;
            if (++at_ == end_) return false;
            if (*at_ != 'u') {
                if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos)
                    return false;
                continue;
            }
            for (int i = 0; i < 4; ++i) {
                if (++at_ == end_) return false;
                const char h = *at_;
                if (!((h >= '0' && h <= '9') || (h >= 'a' && h <= 'f') || (h >= 'A' && h <= 'F')))
                    return false;
            }
        }
        return false;
    }

    /// Reads a value; active_[begin, end) are the selectors that lead to it.
    bool value(std::size_t begin, std::size_t end) {
        blanks();
        if (at_ == end_) return false;
        const char* const from = at_;
        Type type = Type::kNumber;
        bool good = false;
        switch (*at_) {
            case '{':
                type = Type::kObject;
                good = object(begin, end);
                break;
            case '[':
                type = Type::kArray;
                good = array(begin, end);
                break;
            case '"':
                type = Type::kString;
                good = string();
                break;
            case 't':
                type = Type::kTrue;
                good = literal("true");
                break;
            case 'f':
                type = Type::kFalse;
                good = literal("false");
                break;
            case 'n':
                type = Type::kNull;
                good = literal("null");
                break;
            default:
                good = number();
        }
        if (!good) return false;
        const Token token{type, {from, static_cast<std::size_t>(at_ - from)}};
        for (std::size_t i = begin; i < end; ++i)
            if (active_[i].step == selectors_[active_[i].selector].steps.size())
                places_.found(active_[i].selector, token);
        return true;
    }

    const JsonStep* next_step(const Active& active) const {
        const std::vector<JsonStep>& steps = selectors_[active.selector].steps;
        return active.step < steps.size() ? &steps[active.step] : nullptr;
    }

    bool object(std::size_t begin, std::size_t end) {
        if (++depth_ > limits::kEventNestingMax) return false;
        ++at_;
        blanks();
        if (at_ != end_ && *at_ == '}') {
            ++at_;
            --depth_;
            return true;
        }
        do {
            blanks();
            if (at_ == end_ || *at_ != '"') return false;
            const char* const from = at_;
            if (!string()) return false;
            const std::size_t below = active_.size();
            if (begin != end) {
                const Token token{Type::kString, {from, static_cast<std::size_t>(at_ - from)}};
                const std::string_view key = json::string_text(token, scratch_);
                for (std::size_t i = begin; i < end; ++i) {
                    const JsonStep* const step = next_step(active_[i]);
                    if (step == nullptr || step->kind != JsonStep::Kind::kName ||
                        active_[i].taken || step->name != key)
                        continue;
                    active_[i].taken = true;
                    active_.push_back({active_[i].selector, active_[i].step + 1, false});
                }
            }
            if (!take(':') || !value(below, active_.size())) return false;
            active_.resize(below, {});
        } while (take(','));
        --depth_;
        return take('}');
    }

    bool array(std::size_t begin, std::size_t end) {
        if (++depth_ > limits::kEventNestingMax) return false;
        ++at_;
        blanks();
        if (at_ != end_ && *at_ == ']') {
            ++at_;
            --depth_;
            return true;
        }
        std::uint64_t index = 0;
        do {
            const std::size_t below = active_.size();
            for (std::size_t i = begin; i < end; ++i) {
                const JsonStep* const step = next_step(active_[i]);
                if (step == nullptr || step->kind == JsonStep::Kind::kName) continue;
                if (step->kind == JsonStep::Kind::kEach || step->index == index)
                    active_.push_back({active_[i].selector, active_[i].step + 1, false});
            }
            if (!value(below, active_.size())) return false;
            active_.resize(below, {});
            ++index;
        } while (take(','));
        --depth_;
        return take(']');
    }

    const char* at_;
    const char* const end_;
    std::span<const JsonSelector> selectors_;
    JsonPlaces& places_;
    int depth_ = 0;
    std::vector<Active> active_;
    std::string scratch_;
};

}  // namespace

bool walk_json(std::string_view message, std::span<const JsonSelector> selectors,
               JsonPlaces& places) {
    return Walk(message, selectors, places).run();
}

}  // namespace sky::logs
