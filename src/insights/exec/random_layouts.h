// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/random_layouts.h - JSON lines with slots anywhere and any values
              // in them; for tests and fuzzing.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/byte_codec.h"
#include "insights/exec/shaped_scan.h"
#include "insights/functions/discover.h"
#include "shapes/block_format.h"
#include "shapes/shaped_block.h"
#include "shapes/zstd_frame.h"

namespace sky::insights::testing {

inline const std::vector<std::string>& layout_fields() {
    static const std::vector<std::string> names = {"a",     "b", "n",    "n.x", "n.y",
                                                   "a.b",   "t", "none", "s",   "@@at",
                                                   "n.x.0", "l", "l.1",  "o.p", "@requestId"};
    return names;
}

/// `Source` has below(bound): where choices come from.
template <class Source>
class LayoutCase {
public:
    explicit LayoutCase(Source source) : random_(std::move(source)) { make(); }
    LayoutCase(const LayoutCase&) = delete;
    LayoutCase& operator=(const LayoutCase&) = delete;

    const std::vector<std::string>& lines() const { return lines_; }
    /// How many lines' fields were told by a layout. What differs from the lines' own fields fails.
    std::size_t check() const {
        store::EventBatch events;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            events.timestamp_ms.push_back(static_cast<std::int64_t>(i));
            events.sequence.push_back(i + 1);
            bytes += lines_[i].size();
        }
        auto block =
            shapes::ShapedBlock::open(shapes::encode_block(shaping_), lines_.size(), bytes);
        SKY_ASSERT(block.has_value(), "what was encoded just now opens");
        events.shaped = *std::move(block);
        store::EventBatch again = events;
        auto second = shapes::ShapedBlock::open(shapes::encode_block(shaping_), lines_.size(),
                                                bytes, events.shaped->head());
        SKY_ASSERT(second.has_value(), "it is the same block");
        again.shaped = *std::move(second);

        // Few names at a time: one that may name an element stands in the way of others.
        const std::vector<std::string>& all = layout_fields();
        std::size_t told = 0;
        for (std::size_t first = 0; first < all.size(); first += 5) {
            const std::vector<std::string> names(
                all.begin() + static_cast<std::ptrdiff_t>(first),
                all.begin() + static_cast<std::ptrdiff_t>(std::min(first + 5, all.size())));
            const std::size_t of_names = check(events, names);
            SKY_ASSERT(check(again, names) == of_names, "notes of the first time say the same");
            told += of_names;
        }
        return told;
    }

    /// Reads all fields of a block whose meta area was changed here and there; how many columns
    /// came back. What they hold is no matter of this.
    std::size_t read_damaged() {
        store::EventBatch events;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            events.timestamp_ms.push_back(static_cast<std::int64_t>(i));
            events.sequence.push_back(i + 1);
            bytes += lines_[i].size();
        }
        auto block = shapes::ShapedBlock::open(damaged(shapes::encode_block(shaping_)),
                                               lines_.size(), bytes);
        if (!block) return 0;
        events.shaped = *std::move(block);
        const Discovery discovery(layout_fields());
        columnar::MemoryBudget budget(64 << 20);
        columnar::Arena arena(budget);
        EvalContext context{arena, 0, 0, std::nullopt};
        const std::vector<SymbolicSite> none;
        ShapedScan scan(none, &discovery);
        if (!scan.open(events, "123456789012:g")) return 0;
        std::size_t read = 0;
        for (const ShapedPart& part : scan.parts()) {
            if (part.layout == nullptr) continue;
            context.rows = part.rows;
            for (std::size_t name = 0; name < layout_fields().size(); ++name) {
                context.error.reset();
                const Vector* const found =
                    scan.field(context, part, {part.ranks, 0, part.rows}, name);
                SKY_ASSERT(found->size() == part.rows, "a value for each row");
                for (std::size_t i = 0; i < part.rows; ++i) static_cast<void>(found->at(i));
                if (!context.error) ++read;
            }
        }
        return read;
    }

private:
    /// What columns say of their texts is often made more than is true of them.
    std::string damaged(const std::string& block) {
        ByteReader in(block);
        const std::size_t raw = static_cast<std::size_t>(in.varint());
        const std::size_t stored = static_cast<std::size_t>(in.varint());
        const std::string_view frame = in.take(stored);
        std::string meta(raw, '\0');
        const bool whole = stored == raw || shapes::decode_zstd(frame, meta.data(), raw);
        SKY_ASSERT(in.ok() && whole, "an encoded block has a meta area");
        if (stored == raw) meta = frame;
        for (std::size_t changes = 1 + below(3); changes-- > 0;) {
            char& byte = meta[below(raw)];
            const bool kind = below(4) != 0;
            byte = static_cast<char>(kind ? byte | shapes::JsonRoles::kBits << shapes::kKindBits
                                          : static_cast<int>(below(256)));
        }
        std::string out;
        put_varint(out, raw);
        put_varint(out, raw);
        return out.append(meta).append(in.take(in.left()));
    }
    std::size_t check(const store::EventBatch& events,
                      const std::vector<std::string>& names) const {
        const Discovery discovery(names);
        columnar::MemoryBudget budget(64 << 20);
        columnar::Arena arena(budget);
        EvalContext context{arena, 0, 0, std::nullopt};
        const std::vector<SymbolicSite> none;
        ShapedScan scan(none, &discovery);
        SKY_ASSERT(scan.open(events, "123456789012:g").has_value(), "the block is whole");
        std::size_t told = 0;
        std::size_t seen = 0;
        for (const ShapedPart& part : scan.parts()) {
            seen += part.rows;
            if (part.layout == nullptr) continue;
            told += part.rows;
            context.rows = part.rows;
            auto* const texts = arena.array<std::string_view>(part.rows);
            for (std::size_t i = 0; i < part.rows; ++i) texts[i] = lines_[row_of(part, i)];
            const auto expected =
                discovery.resolve(context, "g", Vector::texts(arena, part.rows, texts));
            const Ranks ranks{part.ranks, 0, part.rows};
            for (std::size_t name = 0; name < names.size(); ++name) {
                const Vector* const found = scan.field(context, part, ranks, name);
                for (std::size_t i = 0; i < part.rows; ++i) {
                    SKY_ASSERT(equal(found->at(i), expected[name]->at(i)),
                               "a field is what its line says");
                }
            }
        }
        SKY_ASSERT(seen == lines_.size() && !context.error, "every line is in one part");
        return told;
    }
    static std::size_t row_of(const ShapedPart& part, std::size_t i) {
        return part.batch_rows != nullptr ? part.batch_rows[i] : i;
    }
    static bool equal(const Value& a, const Value& b) {
        if (a.kind != b.kind || a.text != b.text) return false;
        return a.kind != Kind::kBoolean || a.integer == b.integer;
    }

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.below(bound)); }

    std::string template_line() {
        static constexpr std::string_view kLines[] = {
            R"({"a":1,"b":"x","n":{"x":[1,2],"y":null},"a.b":"dot","t":true})",
            R"({"a":"C:\\dir\\x","b":"l1\nl2","s":"","n":{"x":{"0":7},"y":-0.5e3},"a":"again"})",
            R"( { "n" : { "x" : "é\u00e9\ud83d\ude00" , "y" : [ ] } , "l":[1,"two",{"p":3}] } )",
            R"({"a.b":"first","a":{"b":"deep"},"@at":"2026-01-01T00:00:00Z","o":{"p":"10.0.0.1"}})",
            R"({"t":false,"none":null,"l":["x", [true , null]],"o":{"p":{"q":12.50}},"s":"a b"})",
            R"([{"a":1}] {"b":2})",
            R"({"a":{"a":{"a":{"b":1}}},"b":"\"quoted\"","n":0,"t":"true"})",
        };
        return std::string(kLines[below(std::size(kLines))]);
    }
    std::string_view value(std::string_view original) {
        static constexpr std::string_view kValues[] = {"1",
                                                       "-2.50",
                                                       "007",
                                                       "1e5",
                                                       "-",
                                                       "true",
                                                       "null",
                                                       "false",
                                                       "nul",
                                                       "",
                                                       " ",
                                                       "\"",
                                                       "\\",
                                                       "\\\"",
                                                       "\\n",
                                                       "\\u00e9",
                                                       "\\ud83d",
                                                       "\\u12",
                                                       "\\x",
                                                       "\\\\",
                                                       "a\\",
                                                       "\t",
                                                       "x",
                                                       "},{",
                                                       "\"b\":2,",
                                                       "{\"b\":1}",
                                                       "[1,2]",
                                                       "1,2",
                                                       "\"s\"",
                                                       "[",
                                                       "]",
                                                       "1}",
                                                       "{",
                                                       "a\":\"b",
                                                       "é",
                                                       "0.10",
                                                       "12345678901234567890",
                                                       "3,\"a\":4",
                                                       "[[[[[[]]]]]]",
                                                       "\"x\",\"y\"",
                                                       "10.10",
                                                       "8",
                                                       "9",
                                                       "{\"p\": 1 }",
                                                       "00",
                                                       "2026-01-01T00:00:00Z"};
        if (below(3) != 0) return original;
        return kValues[below(std::size(kValues))];
    }
    void make() {
        const std::string text = template_line();
        shapes::Family family;
        // Of JSON families a block says what their texts fit; of others it does not.
        family.layout =
            below(2) == 0 ? shapes::Family::Layout::kJson : shapes::Family::Layout::kText;
        std::vector<std::string_view> originals;
        texts_.reserve(1'024);
        std::size_t at = 0;
        const std::size_t holes = 1 + below(4);
        for (std::size_t i = 0; i < holes && at < text.size(); ++i) {
            std::size_t begin = at + below(text.size() - at + 1);
            std::size_t end = begin + below(9);
            if (below(3) != 0) {  // A whole word, as miners choose them.
                const auto is_edge = [&](std::size_t place) {
                    return std::string_view("\"{}[],: ").find(text[place]) !=
                           std::string_view::npos;
                };
                while (begin < text.size() && is_edge(begin)) ++begin;
                end = begin;
                while (end < text.size() && !is_edge(end)) ++end;
            }
            end = std::min(end, text.size());
            family.add_constant(std::string_view(text).substr(at, begin - at));
            family.add_slot();
            texts_.push_back(text.substr(begin, end - begin));
            originals.push_back(texts_.back());
            at = end;
        }
        family.add_constant(std::string_view(text).substr(at));
        const std::size_t rows = 1 + below(12);
        shapes::FamilyRows columns;
        for (const std::string_view original : originals) {
            // Few different values, or many.
            const bool few = below(2) == 0;
            std::vector<std::string_view> column;
            for (std::size_t row = 0; row < rows; ++row) {
                const bool again = few && row > 1;
                column.push_back(again ? column[below(2)] : value(original));
            }
            columns.slots.push_back(std::move(column));
        }
        for (std::size_t row = 0; row < rows; ++row) {
            std::string line;
            for (const shapes::Piece& piece : family.pieces) {
                line += piece.is_slot() ? columns.slots[static_cast<std::size_t>(piece.slot)][row]
                                        : std::string_view(piece.constant);
            }
            lines_.push_back(std::move(line));
        }
        shaping_.families.push_back(std::move(family));
        shaping_.rows.push_back(std::move(columns));
        shaping_.family_of_row.assign(rows, 0);
    }

    Source random_;
    std::vector<std::string> lines_;
    std::vector<std::string> texts_;  // Of slots.
    shapes::Shaping shaping_;
};

}  // namespace sky::insights::testing
