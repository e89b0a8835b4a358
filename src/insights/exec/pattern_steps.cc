// SPDX-License-Identifier: Apache-2.0
// pattern, diff, logcompare, anomaly: families of texts and how often they come.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>

#include "insights/exec/limits.h"
#include "insights/exec/rows_steps.h"
#include "insights/exec/side_rows.h"
#include "insights/functions/derived.h"
#include "insights/functions/text_template.h"

namespace sky::insights {
namespace {

constexpr std::string_view kAnyToken = "\x01T";
constexpr double kSimilarityMin = 0.5;  // logs-insights-ql.md 6.9.

bool is_dynamic(std::string_view part) { return part[0] == kTemplateMark; }

/// Clusters templates, the most frequent first, so that the answer hangs on no order of events.
/// The first word tells families apart, as the fixed depth of a Drain tree does; so do the marks
/// between words, without which two texts are built differently.
class Miner {
public:
    struct Family {
        std::vector<std::uint32_t> parts;  // Numbers of texts: words and the marks between them.
        std::size_t words = 0;
        double count = 0;
    };

    /// The text outlives the miner.
    void add(std::string_view text, double count) {
        Family made;
        made.count = count;
        key_.clear();
        std::string_view first;
        for_each_part(text, [&](std::string_view part) {
            made.parts.push_back(number_of(part));
            if (is_word_end(part[0])) {
                key_ += part;
                return;
            }
            key_ += kTemplateMark;
            if (made.words++ == 0) first = part;
        });
        key_ += kTemplateMark;
        key_ += first;
        std::vector<std::size_t>& candidates = index_[key_];
        const std::size_t best =
            seen_++ < kPatternTemplatesMax ? most_similar(candidates, made) : families_.size();
        if (best == families_.size()) {
            candidates.push_back(best);
            families_.push_back(std::move(made));
            return;
        }
        Family& family = families_[best];
        for (std::size_t i = 0; i < family.parts.size(); ++i) {
            if (family.parts[i] != made.parts[i]) family.parts[i] = number_of(kAnyToken);
        }
        family.count += count;
    }
    const std::vector<Family>& families() const { return families_; }
    std::string_view text(std::uint32_t number) const { return texts_[number]; }

private:
    std::uint32_t number_of(std::string_view part) {
        const auto [at, added] =
            numbers_.try_emplace(part, static_cast<std::uint32_t>(texts_.size()));
        if (added) texts_.push_back(part);
        return at->second;
    }

    /// The family with the greatest share of equal words, the first of those; none: their number.
    std::size_t most_similar(const std::vector<std::size_t>& candidates, const Family& to) const {
        std::size_t best = families_.size();
        double best_share = kSimilarityMin;
        const std::size_t marks = to.parts.size() - to.words;
        const std::size_t compared = std::min(candidates.size(), kPatternCandidatesMax);
        for (std::size_t i = 0; i < compared; ++i) {
            const std::vector<std::uint32_t>& parts = families_[candidates[i]].parts;
            std::size_t equal = 0;
            for (std::size_t k = 0; k < parts.size(); ++k) {
                equal += parts[k] == to.parts[k] ? 1U : 0U;
            }
            const double share =
                to.words == 0 ? 1
                              : static_cast<double>(equal - marks) / static_cast<double>(to.words);
            if (share > best_share || (share == best_share && best == families_.size())) {
                best_share = share;
                best = candidates[i];
            }
        }
        return best;
    }

    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::vector<std::string_view> texts_;
    std::unordered_map<std::string, std::vector<std::size_t>> index_;
    std::vector<Family> families_;
    std::size_t seen_ = 0;
    std::string key_;
};

struct Shown {
    std::string pattern, regex;
    double count = 0;
};

Shown show(const Miner& miner, const Miner::Family& family) {
    Shown made;
    made.count = family.count;
    std::size_t ordinal = 0;
    for (const std::uint32_t number : family.parts) {
        const std::string_view part = miner.text(number);
        if (!is_dynamic(part)) {
            made.pattern += part;
            for (const char c : part) {
                constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}/";
                if (kSpecial.find(c) != std::string_view::npos) made.regex += '\\';
                made.regex += c;
            }
            continue;
        }
        made.pattern += fmt::format("<{}-{}>", template_type(part[1]), ++ordinal);
        made.pattern += part.substr(2);
        made.regex += "(.*?)";
        made.regex += part.substr(2);
    }
    return made;
}

bool contains_word(std::string_view text, std::string_view word) {
    return std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           }) != text.end();
}

std::string_view severity(std::string_view pattern) {
    struct Level {
        std::string_view word, label;
    };
    static constexpr Level kLevels[] = {
        {"fatal", "Error"},     {"critical", "Error"}, {"panic", "Error"}, {"error", "Error"},
        {"exception", "Error"}, {"fail", "Error"},     {"warn", "Warn"},   {"info", "Info"},
        {"debug", "Debug"},     {"trace", "Debug"},
    };
    for (const Level& level : kLevels) {
        if (contains_word(pattern, level.word)) return level.label;
    }
    return "Unknown";
}

double number_or_zero(const Value& value) { return value.kind == Kind::kNumber ? value.number : 0; }

}  // namespace

Status run(const PatternRows&, RowsCall& call) {
    struct Input {
        std::string_view text;
        double count;
    };
    std::vector<Input> inputs;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        const Value text = call.reads[0]->at(row);
        if (text.present()) inputs.push_back({text.text, number_or_zero(call.reads[1]->at(row))});
    }
    std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) {
        return a.count != b.count ? a.count > b.count : a.text < b.text;
    });
    Miner miner;
    double total = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (i % 1'024 == 0) SKY_TRY(call.poll());
        miner.add(inputs[i].text, inputs[i].count);
        total += inputs[i].count;
    }
    // Two families may have become the same.
    std::map<std::string, Shown> merged;
    for (const Miner::Family& family : miner.families()) {
        Shown made = show(miner, family);
        auto [at, added] = merged.try_emplace(made.pattern, made);
        if (!added) at->second.count += made.count;
    }
    std::vector<const Shown*> order;
    for (const auto& [pattern, shown] : merged) order.push_back(&shown);
    std::stable_sort(order.begin(), order.end(),
                     [](const Shown* a, const Shown* b) { return a->count > b->count; });
    const std::vector<std::uint32_t> made(order.size(), kNewRow);
    call.frame.expand(made);
    call.frame.renumber();
    Value* columns[5];
    for (Value*& column : columns) column = call.values();
    for (std::size_t i = 0; i < order.size(); ++i) {
        columns[0][i] = Value::of_text(call.keep(order[i]->pattern));
        columns[1][i] = Value::of_number(order[i]->count / total);
        columns[2][i] = Value::of_number(order[i]->count);
        columns[3][i] = Value::of_text(severity(order[i]->pattern));
        columns[4][i] = Value::of_text(call.keep(order[i]->regex));
    }
    for (std::size_t i = 0; i < 5; ++i) call.write(i, columns[i]);
    return {};
}

namespace {

/// A pattern's text as words; every "<Type-n>" is one, without its number.
std::vector<std::string> pattern_words(std::string_view pattern) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (at < pattern.size()) {
        if (pattern[at] == '<') {
            const std::size_t dash = pattern.find('-', at);
            const std::size_t close = pattern.find('>', at);
            const bool is_type =
                close != std::string_view::npos && dash < close && dash + 1 < close &&
                pattern.substr(dash + 1, close - dash - 1).find_first_not_of("0123456789") ==
                    std::string_view::npos;
            if (is_type) {
                words.emplace_back(pattern.substr(at, dash - at));
                at = close + 1;
                continue;
            }
        }
        std::size_t end = at + 1;
        if (!is_word_end(pattern[at])) {
            while (end < pattern.size() && !is_word_end(pattern[end])) ++end;
        }
        words.emplace_back(pattern.substr(at, end - at));
        at = end;
    }
    return words;
}

/// Two windows need not find the same words changing: a changing part fits any word.
bool same_family(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    if (a.size() != b.size()) return false;
    const auto any = [](const std::string& word) { return word.size() > 1 && word[0] == '<'; };
    const auto mark = [](const std::string& word) {
        return word.size() == 1 && is_word_end(word[0]);
    };
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b[i]) continue;
        if ((!any(a[i]) && !any(b[i])) || mark(a[i]) || mark(b[i])) return false;
    }
    return true;
}

struct Other {
    std::string pattern;
    std::vector<std::string> words;
    double count = 0;
    bool seen = false;
};

/// The patterns of the other window; each belongs to one of this window at most.
class OtherWindow {
public:
    OtherWindow(const CompareRows& rows, const SideRows& side) {
        for (std::size_t row = 0; row < side.rows(); ++row) {
            const Value& pattern = side.at(row, rows.pattern);
            if (!pattern.present()) continue;
            Other other{std::string(pattern.text), pattern_words(pattern.text),
                        number_or_zero(side.at(row, rows.count)), false};
            by_length_[other.words.size()].push_back(others_.size());
            others_.push_back(std::move(other));
        }
    }
    bool empty() const { return others_.empty(); }
    /// How often the family came there: patterns spelled alike first, then those that fit.
    double claim(std::string_view pattern) {
        const std::vector<std::string> words = pattern_words(pattern);
        double count = 0;
        for (const std::size_t i : by_length_[words.size()]) {
            Other& other = others_[i];
            if (other.seen || !same_family(words, other.words)) continue;
            other.seen = true;
            count += other.count;
        }
        return count;
    }
    const std::vector<Other>& others() const { return others_; }

private:
    std::vector<Other> others_;
    std::unordered_map<std::size_t, std::vector<std::size_t>> by_length_;
};

Status compare(const CompareRows& rows, RowsCall& call) {
    OtherWindow window(rows, *call.step.side);
    const std::size_t own = call.rows();
    std::vector<double> previous(own, 0);
    for (std::size_t row = 0; row < own; ++row) {
        if (row % 1'024 == 0) SKY_TRY(call.poll());
        previous[row] = window.claim(call.reads[0]->at(row).text);
    }
    std::vector<std::uint32_t> order(own);
    for (std::uint32_t i = 0; i < own; ++i) order[i] = i;
    std::vector<std::pair<std::string_view, double>> gone;
    for (const Other& other : window.others()) {
        if (other.seen || other.count == 0) continue;
        gone.emplace_back(other.pattern, other.count);
        order.push_back(kNewRow);
    }
    std::stable_sort(gone.begin(), gone.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    call.frame.expand(order);
    call.frame.renumber();
    Value* columns[6];
    for (Value*& column : columns) column = call.values();
    for (std::size_t row = 0; row < order.size(); ++row) {
        const bool here = row < own;
        const std::string_view pattern = here ? std::string_view() : gone[row - own].first;
        const double before = here ? previous[row] : gone[row - own].second;
        const double now = here ? number_or_zero(call.reads[1]->at(row)) : 0;
        columns[0][row] = here ? call.reads[0]->at(row) : Value::of_text(call.keep(pattern));
        columns[1][row] = here ? call.reads[1]->at(row) : Value::of_number(0);
        columns[2][row] = here ? call.reads[2]->at(row) : Value::of_text(severity(pattern));
        columns[3][row] = Value::of_number(before);
        columns[4][row] =
            before > 0 ? Value::of_number((now - before) / before * 100) : Value::missing();
        columns[5][row] = Value::of_text(!here          ? "Disappeared"
                                         : before == 0  ? "New"
                                         : now > before ? "Increased"
                                         : now < before ? "Decreased"
                                                        : "Unchanged");
    }
    for (std::size_t i = 0; i < 6; ++i) call.write(i, columns[i]);
    return {};
}

/// Counts of independent events scatter by their square root: beyond three of those, and by a
/// factor of two, a count is out of proportion.
Status anomalies(const CompareRows& rows, RowsCall& call) {
    OtherWindow window(rows, *call.step.side);
    std::vector<std::uint32_t> kept;
    std::vector<Value> types;
    std::vector<Value> scores;
    std::vector<Value> texts;
    for (std::size_t row = 0; row < call.rows(); ++row) {
        const double before = window.claim(call.reads[0]->at(row).text);
        const double now = number_or_zero(call.reads[1]->at(row));
        const double score = std::abs(now - before) / std::sqrt(std::max(before, 1.0));
        // Without anything to compare with, nothing is new.
        const bool fresh = before == 0 && now > 0 && !window.empty();
        const bool shifted =
            before > 0 && score >= kAnomalyDeviationsMin &&
            (now >= kAnomalyChangeMin * before || kAnomalyChangeMin * now <= before);
        if (!fresh && !shifted) continue;
        kept.push_back(static_cast<std::uint32_t>(row));
        types.push_back(Value::of_text(fresh ? "New pattern" : "Pattern frequency"));
        scores.push_back(Value::of_number(score));
        texts.push_back(Value::of_text(
            call.keep(fresh ? fmt::format("{} events; none in the time before", now)
                            : fmt::format("{} events; {} in the time before", now, before))));
    }
    call.frame.select(kept);
    const std::vector<Value>* columns[] = {&types, &scores, &texts};
    for (std::size_t i = 0; i < 3; ++i) {
        Value* const column = call.values();
        std::copy(columns[i]->begin(), columns[i]->end(), column);
        call.write(i, column);
    }
    return {};
}

}  // namespace

Status run(const CompareRows& rows, RowsCall& call) {
    return rows.anomalies ? anomalies(rows, call) : compare(rows, call);
}

}  // namespace sky::insights
