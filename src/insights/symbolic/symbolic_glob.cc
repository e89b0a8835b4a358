// SPDX-License-Identifier: Apache-2.0
#include "insights/symbolic/symbolic_glob.h"

#include <optional>

#include "insights/symbolic/limits.h"

namespace sky::insights::symbolic {
namespace {

/// A place in a family: before byte `offset` of a constant, or before a slot (offset 0).
struct Place {
    std::size_t piece = 0;
    std::size_t offset = 0;
};

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

class Lines {
public:
    explicit Lines(const Family& family) : family_(family) {
        for (const Piece& piece : family.pieces) {
            base_.push_back(positions_);
            positions_ += piece.is_constant() ? piece.text.size() : 2;  // Slots: fresh and inside.
        }
        base_.push_back(positions_);
    }
    bool too_long() const { return positions_ > limits::kPositionsMax; }
    std::size_t pieces() const { return family_.pieces.size(); }

    /// The first occurrence wholly inside one constant, at or after `from`.
    std::optional<Place> in_constant(std::string_view text, Place from) const {
        for (std::size_t i = from.piece; i < pieces(); ++i) {
            const Piece& piece = family_.pieces[i];
            if (!piece.is_constant()) continue;
            const std::size_t at = piece.text.find(text, i == from.piece ? from.offset : 0);
            if (at != std::string_view::npos) return Place{i, at};
        }
        return std::nullopt;
    }

    /// Whether the text can occur in some line starting at or after `from` and before `candidate`
    /// (none: anywhere). All starts are followed together: only whether one survives matters.
    bool possible(std::string_view text, Place from, std::optional<Place> candidate) {
        marks_.assign(positions_ + 1, 0);
        next_.assign(positions_ + 1, 0);
        std::vector<std::size_t> now;
        std::vector<std::size_t> then;
        const auto mark = [&](std::size_t position) {
            if (marks_[position] != 0) return;
            marks_[position] = 1;
            now.push_back(position);
        };
        for (std::size_t i = from.piece; i < pieces(); ++i) {
            if (candidate && i > candidate->piece) break;
            const Piece& piece = family_.pieces[i];
            if (!piece.is_constant()) {
                // The occurrence begins with a byte of the slot.
                if (facts(piece).bytes.contains(text[0])) mark(base_[i] + 1);
                continue;
            }
            const std::size_t begin = i == from.piece ? from.offset : 0;
            const std::size_t end =
                candidate && i == candidate->piece ? candidate->offset : piece.text.size();
            for (std::size_t at = begin; at < end; ++at) {
                if (piece.text[at] == text[0]) mark(base_[i] + at + 1);
            }
        }
        std::size_t visits = 0;
        for (std::size_t k = 1; k < text.size() && !now.empty(); ++k) {
            visits += now.size();
            if (visits > limits::kVisitsMax) return true;
            then.clear();
            for (const std::size_t position : now) {
                marks_[position] = 0;
                step(position, text[k], then);
            }
            for (const std::size_t position : then) next_[position] = 0;
            now.clear();
            for (const std::size_t position : then) mark(position);
        }
        return !now.empty();
    }

    std::vector<Piece> between(Place begin, std::optional<Place> end) const {
        std::vector<Piece> out;
        for (std::size_t i = begin.piece; i < pieces(); ++i) {
            if (end && (i > end->piece || (i == end->piece && end->offset == 0))) break;
            Piece piece = family_.pieces[i];
            if (piece.is_constant()) {
                const std::size_t from = i == begin.piece ? begin.offset : 0;
                const std::size_t to = end && i == end->piece ? end->offset : piece.text.size();
                piece.text = piece.text.substr(from, to - from);
                if (piece.text.empty()) continue;
            }
            out.push_back(piece);
        }
        return out;
    }

    /// Takes a final CR/LF off, as the glob does on lines (functions/glob.cc). False when that
    /// differs from line to line.
    bool without_line_end(std::vector<Piece>& pieces) const {
        for (const char end : {'\n', '\r'}) {
            // The last byte of every line: of a constant, or of a slot that is never empty.
            if (!pieces.empty() && pieces.back().is_constant()) {
                std::string_view& text = pieces.back().text;
                if (text.ends_with(end)) text.remove_suffix(1);
                if (text.empty()) pieces.pop_back();
                continue;
            }
            for (std::size_t i = pieces.size(); i-- > 0;) {
                const Piece& piece = pieces[i];
                if (piece.is_constant()) {
                    if (is_line_end(piece.text.back())) return false;
                    break;
                }
                const SlotFacts& slot = facts(piece);
                if (slot.bytes.contains('\n') || slot.bytes.contains('\r')) return false;
                if (!slot.has_empty) break;
            }
        }
        return true;
    }

private:
    const SlotFacts& facts(const Piece& piece) const { return family_.slots[piece.slot]; }

    /// Positions after `byte` is read at `position`, which may be the end of a piece.
    void step(std::size_t position, char byte, std::vector<std::size_t>& out) {
        const auto reach = [&](std::size_t to) {
            if (next_[to] != 0) return;
            next_[to] = 1;
            out.push_back(to);
        };
        std::size_t i = piece_at(position);
        bool inside = i < pieces() && !family_.pieces[i].is_constant() && position > base_[i];
        while (i < pieces()) {
            const Piece& piece = family_.pieces[i];
            if (piece.is_constant()) {
                const std::size_t offset = position > base_[i] ? position - base_[i] : 0;
                if (offset < piece.text.size()) {
                    if (piece.text[offset] == byte) reach(base_[i] + offset + 1);
                    return;
                }
            } else {
                if (facts(piece).bytes.contains(byte)) reach(base_[i] + 1);
                if (!inside && !facts(piece).has_empty) return;
            }
            inside = false;
            ++i;
        }
    }
    /// The piece that `position` stands in; its end is the beginning of the next.
    std::size_t piece_at(std::size_t position) const {
        std::size_t low = 0;
        std::size_t high = pieces();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (base_[middle + 1] <= position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    const Family& family_;
    std::vector<std::size_t> base_;  // Position of each piece's beginning; the last is the end.
    std::size_t positions_ = 0;
    std::vector<std::uint8_t> marks_, next_;
};

}  // namespace

Binding bind_glob(const Glob& glob, const Family& family) {
    Lines lines(family);
    if (lines.too_long()) return {};
    const std::span<const std::string> literals = glob.literals();
    const std::size_t last = literals.size() - 1;
    Binding out;
    Place cursor;
    for (std::size_t i = 0; i <= last; ++i) {
        const std::string& literal = literals[i];
        if (i == last && literal.empty()) {
            std::vector<Piece> rest = lines.between(cursor, std::nullopt);
            if (!lines.without_line_end(rest)) return {};
            out.captures.push_back({true, std::move(rest)});
            break;
        }
        if (literal.empty()) {
            if (i > 0) out.captures.emplace_back();
            continue;
        }
        const std::optional<Place> candidate = lines.in_constant(literal, cursor);
        if (lines.possible(literal, cursor, candidate)) return {};
        if (!candidate) return {Verdict::kMiss, {}};
        if (i > 0) out.captures.push_back({true, lines.between(cursor, candidate)});
        cursor = {candidate->piece, candidate->offset + literal.size()};
    }
    out.verdict = Verdict::kMatch;
    return out;
}

Verdict decide_contains(std::string_view text, const Family& family) {
    Lines lines(family);
    if (lines.too_long()) return Verdict::kSlow;
    if (lines.in_constant(text, {})) return Verdict::kMatch;
    return lines.possible(text, {}, std::nullopt) ? Verdict::kSlow : Verdict::kMiss;
}

}  // namespace sky::insights::symbolic
