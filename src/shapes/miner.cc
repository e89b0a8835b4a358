// SPDX-License-Identifier: Apache-2.0
#include "shapes/miner.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/assert.h"
#include "shapes/family_split.h"
#include "shapes/limits.h"
#include "shapes/tokens.h"

namespace sky::shapes {

namespace {

// A family for fewer lines of JSON costs more than it saves. They need not be as many as others: to
// know where their fields are spares reading them, and what differs is values alone. Windows events
// get 2 % smaller by it, and a quarter as many of them have no family.
constexpr std::size_t kJsonRowsMin = 2;

/// Lines of one structure that are worth a family.
constexpr std::size_t rows_min(bool json) { return json ? kJsonRowsMin : limits::kFamilyRowsMin; }

/// Lines with the same tokens between the same bytes, column by column.
struct Group {
    bool json = false;
    std::size_t depth = 0;
    std::vector<std::uint32_t> rows;
    std::vector<std::string> around;  // Before each column, and behind the last.
    std::vector<std::vector<std::string_view>> columns;
    std::vector<Grammar> inner;         // How each column would be taken apart.
    std::vector<std::uint8_t> settled;  // Columns that stay whole.
    std::vector<std::uint8_t> nesting;  // How many times the text around a column was taken apart.
    // Values that are slots even where all lines agree: those of JSON, and the name in brackets
    // that begins a line. Queries ask for them by path or place.
    std::vector<std::uint8_t> value;
};

class Miner {
public:
    explicit Miner(std::vector<std::string_view> lines) : lines_(std::move(lines)) {
        std::size_t bytes = 0;
        for (const std::string_view line : lines_) bytes += line.size();
        const std::size_t more = bytes / limits::kMinedBytesEach;
        tokens_max_ = std::min(limits::kBlockTokensLeast + more, limits::kBlockTokensMax);
        values_max_ = std::min(limits::kDivideValuesLeast + more, limits::kDivideValuesMax);
    }

    Shaping run() {
        out_.family_of_row.assign(lines_.size(), 0);
        read_tokens();
        std::vector<std::uint32_t> all(lines_of_.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
        // Whole lines first; what is left over shares at least its beginning with others.
        std::vector<std::uint32_t> left = cluster(all, 0);
        for (const std::size_t head : {std::size_t{12}, std::size_t{6}, std::size_t{3}})
            left = cluster(left, head);
        for (const std::uint32_t row : left) loose_.push_back(row);
        for (std::size_t i = lines_of_.size(); i < lines_.size(); ++i)
            loose_.push_back(static_cast<std::uint32_t>(i));
        add_loose();
        return std::move(out_);
    }

private:
    struct Line {
        std::uint32_t first = 0, count = 0;  // Of tokens_.
        bool json = false;
        std::uint64_t hash = 0;
        std::array<std::uint64_t, 3> heads{};  // Of 3, 6 and 12 tokens.
    };

    /// Of the lines from the first on, as many as the limit allows.
    void read_tokens() {
        lines_of_.reserve(lines_.size());
        Tokens tokens;
        for (std::size_t i = 0; i < lines_.size() && tokens_.size() < tokens_max_; ++i) {
            Line& line = lines_of_.emplace_back();
            line.json = tokens.read(lines_[i], Grammar::kJson);
            if (!line.json) tokens.read(lines_[i], Grammar::kPlain);
            line.first = static_cast<std::uint32_t>(tokens_.size());
            line.count = static_cast<std::uint32_t>(tokens.list().size());
            line.hash = tokens.hash();
            line.heads = {tokens.head_hash(3), tokens.head_hash(6), tokens.head_hash(12)};
            make_room(tokens.list().size());
            tokens_.insert(tokens_.end(), tokens.list().begin(), tokens.list().end());
        }
    }
    /// Twofold as ever, but not beyond what there can be.
    void make_room(std::size_t count) {
        const std::size_t needed = tokens_.size() + count;
        if (needed <= tokens_.capacity()) return;
        const std::size_t most = tokens_max_ + limits::kJsonTokensMax;
        tokens_.reserve(std::max(needed, std::min(2 * tokens_.capacity(), most)));
    }

    /// Makes families of lines with the same structure, the largest first; `head`: of that many
    /// tokens, 0 for the whole line. Returns the rows that found too few others.
    std::vector<std::uint32_t> cluster(const std::vector<std::uint32_t>& rows, std::size_t head) {
        std::unordered_map<std::uint64_t, std::size_t> by_hash;
        std::vector<std::vector<std::uint32_t>> clusters;
        std::vector<std::uint32_t> left;
        for (const std::uint32_t row : rows) {
            const Line& line = lines_of_[row];
            if (head != 0 && line.count < head) {
                left.push_back(row);
                continue;
            }
            const std::uint64_t hash = head == 0   ? line.hash
                                       : head == 3 ? line.heads[0]
                                       : head == 6 ? line.heads[1]
                                                   : line.heads[2];
            const auto [entry, added] = by_hash.emplace(hash, clusters.size());
            if (added) clusters.emplace_back();
            clusters[entry->second].push_back(row);
        }
        std::stable_sort(clusters.begin(), clusters.end(),
                         [](const auto& a, const auto& b) { return a.size() > b.size(); });
        for (auto& cluster : clusters) {
            const bool json = head == 0 && lines_of_[cluster[0]].json;
            if (cluster.size() < rows_min(json))
                left.insert(left.end(), cluster.begin(), cluster.end());
            else
                grow(make_group(cluster, head, left));
        }
        std::sort(left.begin(), left.end());
        return left;
    }

    /// The lines as columns. Rows whose bytes differ from the first one's are a collision of
    /// hashes and go to `left`.
    Group make_group(const std::vector<std::uint32_t>& rows, std::size_t head,
                     std::vector<std::uint32_t>& left) const {
        Group group;
        const Line& exemplar = lines_of_[rows[0]];
        group.json = exemplar.json && head == 0;
        const std::size_t count = head == 0 ? exemplar.count : head;
        const std::string_view text = lines_[rows[0]];
        std::size_t at = 0;
        for (std::size_t k = 0; k < count; ++k) {
            const Token token = tokens_[exemplar.first + k];
            group.around.emplace_back(text.substr(at, token.begin - at));
            at = token.end;
            group.inner.push_back(!exemplar.json                       ? Grammar::kPlain
                                  : group.around.back().ends_with('"') ? Grammar::kJsonString
                                  : group.around.back().ends_with('[') ? Grammar::kJsonArray
                                                                       : Grammar::kPlain);
        }
        // Behind a head the rest of the line is one more column.
        const std::string_view tail = head == 0 ? text.substr(at) : std::string_view();
        group.around.emplace_back(tail);
        const std::size_t columns = count + (head == 0 ? 0U : 1U);
        if (head != 0) {
            group.around.emplace_back();
            group.inner.push_back(Grammar::kPlain);
        }
        group.columns.resize(columns);
        group.settled.assign(columns, 0);
        group.nesting.assign(columns, 0);
        group.value.assign(columns, group.json ? 1 : 0);
        if (columns != 0 && group.around[0].ends_with('[')) group.value[0] = 1;
        if (head != 0) group.settled.back() = 1;
        for (auto& column : group.columns) column.reserve(rows.size());
        for (const std::uint32_t row : rows) {
            if (!append(group, row, count, head != 0)) left.push_back(row);
        }
        return group;
    }

    bool append(Group& group, std::uint32_t row, std::size_t count, bool tail) const {
        const Line& line = lines_of_[row];
        if (line.count < count) return false;
        const std::string_view text = lines_[row];
        std::size_t at = 0;
        for (std::size_t k = 0; k < count; ++k) {
            const Token token = tokens_[line.first + k];
            if (text.substr(at, token.begin - at) != group.around[k]) return false;
            at = token.end;
        }
        if (!tail && text.substr(at) != group.around[count]) return false;
        for (std::size_t k = 0; k < count; ++k) {
            const Token token = tokens_[line.first + k];
            group.columns[k].push_back(text.substr(token.begin, token.end - token.begin));
        }
        if (tail) group.columns[count].push_back(text.substr(at));
        group.rows.push_back(row);
        return true;
    }

    /// Divides a group where its lines are of different kinds, takes slots apart where all lines
    /// allow it, and makes a family of what is left.
    void grow(Group group) {
        // Families of a few lines leave room for those of many.
        const std::size_t families_max = group.rows.size() < limits::kFamilyRowsMin
                                             ? limits::kFamiliesMax / 2
                                             : limits::kFamiliesMax;
        if (group.rows.size() < rows_min(group.json) || out_.families.size() + 1 >= families_max) {
            loose_.insert(loose_.end(), group.rows.begin(), group.rows.end());
            return;
        }
        // While a group is divided its parts are copies.
        const std::size_t values = group.rows.size() * group.columns.size();
        if (group.depth < limits::kMineDepthMax && values_held_ + values <= values_max_) {
            const Held held(values_held_, values);
            if (!group.json) {
                if (const std::optional<std::size_t> at = telling_column(group.columns))
                    return divide_by_value(std::move(group), *at);
            }
            for (std::size_t k = 0; k < group.columns.size(); ++k)
                if (group.settled[k] == 0 && take_apart(group, k)) return;
        }
        add_family(std::move(group));
    }

    static Group part_of(const Group& group, const std::vector<std::uint32_t>& ranks) {
        Group part;
        part.json = group.json;
        part.depth = group.depth + 1;
        part.around = group.around;
        part.inner = group.inner;
        part.settled = group.settled;
        part.nesting = group.nesting;
        part.value = group.value;
        part.rows.reserve(ranks.size());
        for (const std::uint32_t rank : ranks) part.rows.push_back(group.rows[rank]);
        part.columns.resize(group.columns.size());
        for (std::size_t k = 0; k < group.columns.size(); ++k) {
            part.columns[k].reserve(ranks.size());
            for (const std::uint32_t rank : ranks)
                part.columns[k].push_back(group.columns[k][rank]);
        }
        return part;
    }

    void divide_by_value(Group group, std::size_t at) {
        StringTable values;
        values.reset(64);
        std::vector<std::vector<std::uint32_t>> parts;
        std::vector<std::uint32_t> others;
        for (std::size_t i = 0; i < group.rows.size(); ++i) {
            const std::uint32_t value = values.add(group.columns[at][i]);
            if (value == StringTable::kNone) {
                others.push_back(static_cast<std::uint32_t>(i));
                continue;
            }
            if (value == parts.size()) parts.emplace_back();
            parts[value].push_back(static_cast<std::uint32_t>(i));
        }
        for (auto& part : parts) {
            if (part.size() >= limits::kFamilyRowsMin)
                grow(part_of(group, part));
            else
                others.insert(others.end(), part.begin(), part.end());
        }
        if (others.empty()) return;
        std::sort(others.begin(), others.end());
        Group rest = part_of(group, others);
        rest.depth = limits::kMineDepthMax;  // Of too many kinds to tell apart.
        grow(std::move(rest));
    }

    /// Structures of a column's texts by a sample, the most frequent first.
    struct Structures {
        std::vector<std::uint64_t> hashes;
        bool cover = false;  // Nearly all texts have one of them, and most are several tokens.
    };

    static Structures structures_of(const std::vector<std::string_view>& column, Grammar grammar,
                                    std::size_t structures_max) {
        constexpr std::size_t kPercentMin = 90;
        Structures out;
        Tokens tokens;
        const std::size_t step = std::max<std::size_t>(1, column.size() / limits::kSampleRows);
        std::vector<std::pair<std::uint64_t, std::size_t>> seen;  // Hash, samples.
        std::size_t samples = 0, compound = 0;
        for (std::size_t i = 0; i < column.size(); i += step, ++samples) {
            if (!tokens.read(column[i], grammar)) continue;
            const auto& list = tokens.list();
            if (list.size() > 1 ||
                (list.size() == 1 && list[0].end - list[0].begin != column[i].size()))
                ++compound;
            const auto found = std::find_if(seen.begin(), seen.end(), [&](const auto& entry) {
                return entry.first == tokens.hash();
            });
            if (found != seen.end())
                ++found->second;
            else
                seen.emplace_back(tokens.hash(), 1);
        }
        std::stable_sort(seen.begin(), seen.end(),
                         [](const auto& a, const auto& b) { return a.second > b.second; });
        if (seen.size() > structures_max) seen.resize(structures_max);
        std::size_t covered = 0;
        for (const auto& entry : seen) {
            covered += entry.second;
            out.hashes.push_back(entry.first);
        }
        out.cover = compound * 2 >= samples && covered * 100 >= samples * kPercentMin;
        return out;
    }

    /// Replaces column `k` by the tokens inside it where its texts have few structures. Where they
    /// have one it stays the same group and the answer is false; else their rows become groups of
    /// their own and the answer is true.
    bool take_apart(Group& group, std::size_t k) {
        // Structures that are worth a family each.
        constexpr std::size_t kStructuresMax = 4;
        group.settled[k] = 1;
        if (group.nesting[k] == limits::kMineDepthMax) return false;
        // A handful of texts is a dictionary; it is taken apart only where that divides nothing.
        const std::size_t texts = few_texts(group.columns[k]);
        if (texts == 1) return false;
        const std::size_t structures_max = texts != 0 ? 1 : kStructuresMax;
        Grammar grammar = group.inner[k];
        Structures seen;
        // Lines with names are a coarser structure than words, so they are tried first.
        if (grammar == Grammar::kPlain || grammar == Grammar::kJsonString) {
            const Grammar lines =
                grammar == Grammar::kPlain ? Grammar::kLines : Grammar::kJsonLines;
            seen = structures_of(group.columns[k], lines, structures_max);
            if (seen.cover) grammar = lines;
        }
        if (!seen.cover) seen = structures_of(group.columns[k], grammar, structures_max);
        if (!seen.cover) return false;

        const auto& column = group.columns[k];
        const std::size_t structures = seen.hashes.size();
        const std::size_t slots_max = std::min(limits::kSlotsMax, values_max_ / column.size());
        std::vector<std::vector<std::uint32_t>> ranks(structures);
        std::vector<std::vector<Token>> lists(structures);  // Tokens of each part's rows.
        std::vector<std::size_t> counts(structures, 0);
        std::vector<std::uint32_t> others;
        Tokens tokens;
        for (std::size_t i = 0; i < column.size(); ++i) {
            const auto rank = static_cast<std::uint32_t>(i);
            std::size_t part = structures;
            if (tokens.read(column[i], grammar))
                for (part = 0; part < structures && seen.hashes[part] != tokens.hash();) ++part;
            if (part == structures || group.columns.size() + tokens.list().size() > slots_max) {
                others.push_back(rank);
                continue;
            }
            if (ranks[part].empty()) counts[part] = tokens.list().size();
            if (tokens.list().size() != counts[part] ||
                (!ranks[part].empty() &&
                 !same_around(column[ranks[part][0]], {lists[part].data(), counts[part]}, column[i],
                              tokens.list()))) {
                others.push_back(rank);
                continue;
            }
            ranks[part].push_back(rank);
            lists[part].insert(lists[part].end(), tokens.list().begin(), tokens.list().end());
        }
        for (std::size_t part = 0; part < structures; ++part) {
            if (ranks[part].size() != column.size()) continue;
            group = with_tokens(std::move(group), k, lists[part], counts[part]);
            return false;
        }
        for (std::size_t part = 0; part < structures; ++part) {
            if (ranks[part].size() < limits::kFamilyRowsMin) {
                others.insert(others.end(), ranks[part].begin(), ranks[part].end());
                continue;
            }
            grow(with_tokens(part_of(group, ranks[part]), k, lists[part], counts[part]));
        }
        if (!others.empty()) {
            std::sort(others.begin(), others.end());
            grow(part_of(group, others));
        }
        return true;
    }

    static bool same_around(std::string_view a, std::span<const Token> a_tokens, std::string_view b,
                            std::span<const Token> b_tokens) {
        std::size_t a_at = 0, b_at = 0;
        for (std::size_t i = 0; i < a_tokens.size(); ++i) {
            if (a.substr(a_at, a_tokens[i].begin - a_at) !=
                b.substr(b_at, b_tokens[i].begin - b_at))
                return false;
            a_at = a_tokens[i].end;
            b_at = b_tokens[i].end;
        }
        return a.substr(a_at) == b.substr(b_at);
    }

    static Group with_tokens(Group group, std::size_t k, const std::vector<Token>& list,
                             std::size_t count) {
        const std::vector<std::string_view> column = std::move(group.columns[k]);
        std::vector<std::vector<std::string_view>> columns(count);
        std::vector<std::string> around(count + 1);
        for (auto& inner : columns) inner.reserve(column.size());
        for (std::size_t i = 0; i < column.size(); ++i) {
            std::size_t at = 0;
            for (std::size_t t = 0; t < count; ++t) {
                const Token token = list[i * count + t];
                if (i == 0) around[t] = column[i].substr(at, token.begin - at);
                columns[t].push_back(column[i].substr(token.begin, token.end - token.begin));
                at = token.end;
            }
            if (i == 0) around[count] = column[i].substr(at);
        }
        const auto offset = static_cast<std::ptrdiff_t>(k);
        const Grammar inner =
            group.inner[k] == Grammar::kJsonString ? Grammar::kJsonString : Grammar::kPlain;
        around.front().insert(0, group.around[k]);
        around.back() += group.around[k + 1];
        group.columns.erase(group.columns.begin() + offset);
        group.columns.insert(group.columns.begin() + offset,
                             std::make_move_iterator(columns.begin()),
                             std::make_move_iterator(columns.end()));
        group.around.erase(group.around.begin() + offset, group.around.begin() + offset + 2);
        group.around.insert(group.around.begin() + offset, around.begin(), around.end());
        group.inner.erase(group.inner.begin() + offset);
        group.inner.insert(group.inner.begin() + offset, count, inner);
        group.settled.erase(group.settled.begin() + offset);
        group.settled.insert(group.settled.begin() + offset, count, 0);
        const auto nesting = static_cast<std::uint8_t>(group.nesting[k] + 1);
        group.nesting.erase(group.nesting.begin() + offset);
        group.nesting.insert(group.nesting.begin() + offset, count, nesting);
        group.value.erase(group.value.begin() + offset);
        group.value.insert(group.value.begin() + offset, count, 0);
        return group;
    }

    void add_family(Group group) {
        Family family;
        family.layout = group.json ? Family::Layout::kJson : Family::Layout::kText;
        FamilyRows rows;
        for (std::size_t k = 0; k < group.columns.size(); ++k) {
            family.add_constant(group.around[k]);
            auto& column = group.columns[k];
            if (group.value[k] == 0 &&
                std::all_of(column.begin(), column.end(),
                            [&](std::string_view text) { return text == column[0]; })) {
                family.add_constant(column[0]);
            } else {
                family.add_slot();
                rows.slots.push_back(std::move(column));
            }
        }
        family.add_constant(group.around.back());
        const auto number = static_cast<std::uint16_t>(out_.families.size());
        for (const std::uint32_t row : group.rows) out_.family_of_row[row] = number;
        out_.families.push_back(std::move(family));
        out_.rows.push_back(std::move(rows));
    }

    /// Lines without a family of their own are one slot.
    void add_loose() {
        if (loose_.empty()) return;
        std::sort(loose_.begin(), loose_.end());
        Family family;
        family.add_slot();
        FamilyRows rows;
        rows.slots.resize(1);
        const auto number = static_cast<std::uint16_t>(out_.families.size());
        for (const std::uint32_t row : loose_) {
            out_.family_of_row[row] = number;
            rows.slots[0].push_back(lines_[row]);
        }
        out_.families.push_back(std::move(family));
        out_.rows.push_back(std::move(rows));
    }

    /// Counts while it lives.
    class Held {
    public:
        Held(std::size_t& total, std::size_t values) : total_(total), values_(values) {
            total_ += values_;
        }
        ~Held() { total_ -= values_; }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

    private:
        std::size_t& total_;
        const std::size_t values_;
    };

    const std::vector<std::string_view> lines_;
    std::vector<Line> lines_of_;
    std::size_t tokens_max_ = 0, values_max_ = 0;
    std::size_t values_held_ = 0;  // Of groups that are being divided.
    std::vector<Token> tokens_;
    std::vector<std::uint32_t> loose_;
    Shaping out_;
};

}  // namespace

Shaping mine(const columnar::TextColumn& lines) {
    SKY_ASSERT(lines.size() > 0 && lines.size() <= limits::kRowsMax &&
                   lines.bytes() <= limits::kTextBytesMax,
               "chunks are mined within their limits");
    std::vector<std::string_view> texts(lines.size());
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = lines[i];
    return Miner(std::move(texts)).run();
}

Shaping mine_rows(const columnar::TextColumn& lines, std::span<const std::uint32_t> rows) {
    std::vector<std::string_view> texts;
    texts.reserve(rows.size());
    for (const std::uint32_t row : rows) texts.push_back(lines[row]);
    return Miner(std::move(texts)).run();
}

}  // namespace sky::shapes
