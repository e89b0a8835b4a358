// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/shaped_templates.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_map>

#include "insights/exec/limits.h"
#include "insights/functions/text_template.h"

namespace sky::insights {
namespace {

using shapes::FormKind;
using shapes::Piece;
using shapes::SlotColumn;
using Stored = shapes::SlotKind;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex_digit(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool may_end_word(const shapes::ByteSet& bytes) {
    return std::any_of(kWordEnds.begin(), kWordEnds.end(),
                       [&](char c) { return bytes.contains(static_cast<unsigned char>(c)); });
}

std::size_t first_word_end(std::string_view text) {
    return static_cast<std::size_t>(
        std::find_if(text.begin(), text.end(), [](char c) { return is_word_end(c); }) -
        text.begin());
}

/// Colons that begin a word are marks of their own.
std::string_view without_leading_colons(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(':'), text.size()));
}

/// What stands around a slot in its own word.
struct Word {
    bool whole = true;        // Its ends are known: constants' marks, or the line's ends.
    std::string_view begins;  // The constant that it begins with; empty: a value.
    std::vector<std::string_view> constants;
    std::vector<std::uint32_t> slots;  // Others of the word.
};

/// The word of the slot piece `at`.
Result<Word> word_around(const shapes::ShapedBlock& block, std::uint32_t family, std::size_t at) {
    const std::vector<Piece>& pieces = block.families()[family].pieces;
    Word word;
    // To the left, as far as no constant has a mark.
    for (std::size_t i = at; i-- > 0;) {
        if (pieces[i].is_slot()) {
            const auto slot = static_cast<std::uint32_t>(pieces[i].slot);
            const shapes::SlotStats stats = SKY_TRY(block.stats(family, slot));
            if (may_end_word(stats.bytes)) word.whole = false;
            word.slots.push_back(slot);
            word.begins = {};
            continue;
        }
        const std::string_view text = pieces[i].constant;
        std::size_t begin = text.size();
        while (begin > 0 && !is_word_end(text[begin - 1])) --begin;
        const bool ends = begin > 0 || i == 0;
        std::string_view rest = text.substr(begin);
        if (ends) rest = without_leading_colons(rest);
        if (!rest.empty()) word.constants.push_back(rest);
        if (!rest.empty()) word.begins = rest;
        if (ends) break;
    }
    for (std::size_t i = at + 1; i < pieces.size(); ++i) {
        if (pieces[i].is_slot()) {
            const auto slot = static_cast<std::uint32_t>(pieces[i].slot);
            const shapes::SlotStats stats = SKY_TRY(block.stats(family, slot));
            if (may_end_word(stats.bytes)) word.whole = false;
            word.slots.push_back(slot);
            continue;
        }
        const std::string_view text = pieces[i].constant;
        const std::size_t end = first_word_end(text);
        if (end > 0) word.constants.push_back(text.substr(0, end));
        if (end < text.size()) break;
    }
    return word;
}

/// Whether no digits can make the word a number, an address, a time, an id or hex: it is a token as
/// soon as it has one (text_template.cc).
Result<bool> is_opaque(const shapes::ShapedBlock& block, std::uint32_t family, const Word& word) {
    if (!word.whole || word.begins.empty()) return false;
    const char first = word.begins[0];
    const bool control = static_cast<unsigned char>(first) < ' ';
    if (control || digit(first) || std::string_view("+-.:").find(first) != std::string_view::npos) {
        return false;
    }
    bool foreign = false;  // Some byte that is in no hex number, UUID or address, nor cut off.
    for (const std::string_view text : word.constants) {
        for (const char c : text) {
            if (c == '@') return false;
            foreign = foreign || (!hex_digit(c) && c != '-' && c != ':' && c != '.');
        }
    }
    for (const std::uint32_t slot : word.slots) {
        const shapes::SlotStats stats = SKY_TRY(block.stats(family, slot));
        if (stats.bytes.contains('@')) return false;
    }
    return foreign;
}

/// Whether the constant could make digits beside it an exponent or a hex number.
bool is_risky(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c == 'x' || c == 'X') && (i == 0 || text[i - 1] == '0')) return true;
        if (c != 'e' && c != 'E') continue;
        std::size_t next = i + 1;
        if (next < text.size() && (text[next] == '+' || text[next] == '-')) ++next;
        if (next == text.size() || digit(text[next])) return true;
    }
    return false;
}

bool is_plain_number(const SlotColumn& column) {
    return column.kind() == Stored::kForm && column.form().kind != FormKind::kTime &&
           column.exception_rows().empty();
}

/// Whether all that changes in the word are digits of numbers and addresses, of which its type
/// needs but the places: no exponents, and too short for a number beyond all doubles.
Result<bool> is_of_digits(const shapes::ShapedBlock& block, std::uint32_t family, const Word& word,
                          std::uint32_t own) {
    if (!word.whole) return false;
    std::size_t bytes = shapes::limits::kFormBytesMax * (word.slots.size() + 1);
    for (const std::string_view text : word.constants) {
        if (is_risky(text)) return false;
        bytes += text.size();
    }
    if (bytes > kDigitsWordBytesMax) return false;
    const SlotColumn* const column = SKY_TRY(block.column(family, own));
    if (!is_plain_number(*column)) return false;
    for (const std::uint32_t slot : word.slots) {
        const SlotColumn* const other = SKY_TRY(block.column(family, slot));
        if (!is_plain_number(*other)) return false;
    }
    return true;
}

bool begins_word(const std::vector<Piece>& pieces, std::size_t at) {
    if (at == 0) return true;
    if (pieces[at - 1].is_slot()) return false;
    std::string_view before = pieces[at - 1].constant;
    while (before.ends_with(':')) before.remove_suffix(1);
    return before.empty() ? at == 1 : is_word_end(before.back());
}

bool ends_word(const std::vector<Piece>& pieces, std::size_t at) {
    if (at + 1 == pieces.size()) return true;
    return !pieces[at + 1].is_slot() && is_word_end(pieces[at + 1].constant.front());
}

/// Texts numbered as they come.
class Numbers {
public:
    std::uint32_t number_of(std::string_view key) {
        if (!keys_.empty() && keys_[last_] == key) return last_;
        const auto found = numbers_.find(key);
        if (found != numbers_.end()) return last_ = found->second;
        bytes_ += key.size();
        keys_.emplace_back(key);
        last_ = static_cast<std::uint32_t>(keys_.size() - 1);
        numbers_.emplace(keys_.back(), last_);
        return last_;
    }
    std::size_t size() const { return keys_.size(); }
    std::size_t bytes() const { return bytes_; }
    const std::deque<std::string>& keys() const { return keys_; }

private:
    std::deque<std::string> keys_;
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::uint32_t last_ = 0;
    std::size_t bytes_ = 0;
};

/// The classes of one slot's values.
class Classes {
public:
    explicit Classes(SlotContext context) : context_(context) {}
    Classes(const Classes&) = delete;  // Numbers point into themselves.
    Classes(Classes&&) = default;

    /// Classes of all values of the column. False when they are too many to be of use.
    bool sort(const SlotColumn& column) {
        SlotColumn::Scratch scratch;
        const std::size_t rows = column.rows();
        switch (column.kind()) {
            case Stored::kConstant:
                add(column.entries()[0]);
                return true;
            case Stored::kDictionary: {
                std::vector<std::uint32_t> of_entry;
                for (const std::string_view entry : column.entries()) {
                    of_entry.push_back(add(entry));
                }
                codes.resize(rows);
                for (std::size_t i = 0; i < rows; ++i) codes[i] = of_entry[column.codes()[i]];
                break;
            }
            case Stored::kForm:
                if (context_ == SlotContext::kAlone ||
                    (context_ == SlotContext::kOpaque && column.form().kind != FormKind::kTime)) {
                    sort_regular(column);
                    break;
                }
                [[fallthrough]];
            case Stored::kHex:
            case Stored::kText:
                codes.resize(rows);
                for (std::size_t i = 0; i < rows; ++i) {
                    codes[i] = add(column.text(i, scratch));
                    if (numbers_.bytes() > kTemplateBytesMax) return false;
                }
                break;
        }
        if (numbers_.size() == 1) codes.clear();
        return numbers_.bytes() <= kTemplateBytesMax;
    }
    std::size_t size() const { return numbers_.size(); }
    /// Some value of each class.
    const std::deque<std::string>& examples() const { return examples_; }

    std::vector<std::uint32_t> codes;  // One a row; empty: there is one class.

private:
    std::uint32_t add(std::string_view value) {
        key_.clear();
        append_key(value);
        const std::uint32_t number = numbers_.number_of(key_);
        if (number == examples_.size()) examples_.emplace_back(value);
        return number;
    }

    void append_key(std::string_view value) {
        switch (context_) {
            case SlotContext::kAlone:
                append_words(value, key_);
                return;
            case SlotContext::kOpaque: {
                bool digits = false;
                bool plain = true;
                for (const char c : value) {
                    digits = digits || digit(c);
                    plain = plain && !is_word_end(c) && c != '@' && c != '.' && c != ':';
                }
                if (digits && plain) {
                    key_ += '1';
                } else {
                    key_ += value;
                }
                return;
            }
            case SlotContext::kDigits:
                for (const char c : value) key_ += digit(c) ? '1' : c;
                return;
            case SlotContext::kExact:
                key_ += value;
                return;
        }
    }

    /// Regular values have one template, whatever their digits; exceptions each their own.
    void sort_regular(const SlotColumn& column) {
        SlotColumn::Scratch scratch;
        const std::span<const std::uint32_t> exceptions = column.exception_rows();
        std::size_t first = 0;  // Regular row.
        while (first < exceptions.size() && exceptions[first] == first) ++first;
        if (first < column.rows()) add(column.text(first, scratch));
        if (exceptions.empty()) return;
        codes.assign(column.rows(), 0);
        for (std::size_t i = 0; i < exceptions.size(); ++i) {
            codes[exceptions[i]] = add(column.exception_texts()[i]);
        }
    }

    SlotContext context_;
    Numbers numbers_;
    std::deque<std::string> examples_;
    std::string key_;
};

/// The template of each combination of classes, made when it is met first.
class Combinations {
public:
    Combinations(const shapes::Family& family, const std::vector<Classes>& classes)
        : family_(family), classes_(classes) {}

    /// False when there are more combinations than a word can name.
    bool prepare() {
        for (const Classes& of : classes_) {
            factors_.push_back(cells_);
            if (__builtin_mul_overflow(cells_, std::uint64_t{of.size()}, &cells_)) return false;
        }
        if (cells_ <= kDirectCells) direct_.assign(static_cast<std::size_t>(cells_), kNone);
        return true;
    }

    std::uint32_t template_of(std::uint64_t word) {
        std::uint32_t& known = direct_.empty() ? others_.try_emplace(word, kNone).first->second
                                               : direct_[static_cast<std::size_t>(word)];
        if (known == kNone) known = make(word);
        return known;
    }
    /// Adds a slot's part to the words of all rows.
    void add_codes(std::size_t slot, std::vector<std::uint64_t>& words) const {
        const std::uint64_t factor = factors_[slot];
        const std::vector<std::uint32_t>& codes = classes_[slot].codes;
        for (std::size_t i = 0; i < codes.size(); ++i) words[i] += codes[i] * factor;
    }
    const Numbers& texts() const { return texts_; }

private:
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::uint64_t kDirectCells = 1 << 16;

    std::uint32_t make(std::uint64_t word) {
        line_.clear();
        made_.clear();
        for (const Piece& piece : family_.pieces) {
            if (!piece.is_slot()) {
                line_ += piece.constant;
                continue;
            }
            const Classes& of = classes_[static_cast<std::size_t>(piece.slot)];
            const std::uint64_t factor = factors_[static_cast<std::size_t>(piece.slot)];
            line_ += of.examples()[static_cast<std::size_t>(word / factor % of.size())];
        }
        append_template(line_, made_);
        return texts_.number_of(made_);
    }

    const shapes::Family& family_;
    const std::vector<Classes>& classes_;
    std::vector<std::uint64_t> factors_;
    std::uint64_t cells_ = 1;
    std::vector<std::uint32_t> direct_;
    std::unordered_map<std::uint64_t, std::uint32_t> others_;
    Numbers texts_;
    std::string line_, made_;
};

}  // namespace

Result<SlotContext> slot_context(const shapes::ShapedBlock& block, std::uint32_t family,
                                 std::uint32_t slot) {
    const std::vector<Piece>& pieces = block.families()[family].pieces;
    const auto at = static_cast<std::size_t>(
        std::find_if(
            pieces.begin(), pieces.end(),
            [&](const Piece& piece) { return piece.slot == static_cast<std::int32_t>(slot); }) -
        pieces.begin());
    if (begins_word(pieces, at) && ends_word(pieces, at)) return SlotContext::kAlone;
    const Word word = SKY_TRY(word_around(block, family, at));
    if (SKY_TRY(is_opaque(block, family, word))) return SlotContext::kOpaque;
    if (SKY_TRY(is_of_digits(block, family, word, slot))) return SlotContext::kDigits;
    return SlotContext::kExact;
}

Result<std::unique_ptr<const FamilyTemplates>> FamilyTemplates::make(
    const shapes::ShapedBlock& block, std::uint32_t family) {
    const shapes::Family& shape = block.families()[family];
    std::vector<Classes> classes;
    classes.reserve(shape.slots);
    for (std::uint32_t slot = 0; slot < shape.slots; ++slot) {
        classes.emplace_back(SKY_TRY(slot_context(block, family, slot)));
        const SlotColumn* const column = SKY_TRY(block.column(family, slot));
        if (!classes.back().sort(*column)) return std::unique_ptr<const FamilyTemplates>();
    }
    Combinations combinations(shape, classes);
    if (!combinations.prepare()) return std::unique_ptr<const FamilyTemplates>();
    const std::size_t rows = block.count_of(family);
    std::unique_ptr<FamilyTemplates> made(new FamilyTemplates());
    const bool one = std::all_of(classes.begin(), classes.end(),
                                 [](const Classes& of) { return of.codes.empty(); });
    if (one) {
        (void)combinations.template_of(0);
    } else {
        std::vector<std::uint64_t> words(rows, 0);
        for (std::size_t slot = 0; slot < classes.size(); ++slot) {
            combinations.add_codes(slot, words);
        }
        made->codes_.resize(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            made->codes_[i] = combinations.template_of(words[i]);
            if (combinations.texts().bytes() > kTemplateBytesMax) {
                return std::unique_ptr<const FamilyTemplates>();
            }
        }
        if (combinations.texts().size() == 1) made->codes_.clear();
    }
    for (const std::string& text : combinations.texts().keys()) made->texts_.push_back(text);
    made->views_.assign(made->texts_.begin(), made->texts_.end());
    return std::unique_ptr<const FamilyTemplates>(std::move(made));
}

}  // namespace sky::insights
