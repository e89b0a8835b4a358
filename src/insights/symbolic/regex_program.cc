// SPDX-License-Identifier: Apache-2.0
#include "insights/symbolic/regex_program.h"

#include <charconv>
#include <memory>
#include <unordered_map>

namespace sky::insights::symbolic {
namespace {

using Bytes = std::bitset<256>;
using Op = RegexProgram::Op;

constexpr int kUnbounded = -1;
constexpr int kCountMax = 1'000;  // Of {n,m}. Source: RE2.

/// A parsed pattern. Sequences and alternatives have children; a repeat and a group have one.
struct Node {
    enum class Kind : std::uint8_t { kBytes, kBegin, kEnd, kSequence, kChoice, kRepeat, kGroup };
    Kind kind = Kind::kSequence;
    Bytes bytes;
    int least = 0, most = 0;
    bool lazy = false;
    std::uint32_t group = 0;  // From 1; 0 is not captured.
    std::vector<Node> children;

    bool may_be_empty() const {
        switch (kind) {
            case Kind::kBytes:
                return false;
            case Kind::kBegin:
            case Kind::kEnd:
                return true;
            case Kind::kSequence:
                for (const Node& child : children) {
                    if (!child.may_be_empty()) return false;
                }
                return true;
            case Kind::kChoice:
                for (const Node& child : children) {
                    if (child.may_be_empty()) return true;
                }
                return false;
            case Kind::kRepeat:
                return least == 0 || children[0].may_be_empty();
            case Kind::kGroup:
                return children[0].may_be_empty();
        }
        return true;
    }
};

Node bytes_node(const Bytes& bytes) {
    Node node;
    node.kind = Node::Kind::kBytes;
    node.bytes = bytes;
    return node;
}
Bytes range(unsigned low, unsigned high) {
    Bytes out;
    for (unsigned b = low; b <= high; ++b) out.set(b);
    return out;
}
Bytes one(char c) { return range(static_cast<unsigned char>(c), static_cast<unsigned char>(c)); }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
const Bytes& ascii() {
    static const Bytes kAll = range(0, 0x7F);
    return kAll;
}

/// \d \s \w and their opposites, as RE2 has them: ASCII. `negated` also stands for all the rest.
bool perl_class(char c, Bytes& out, bool& negated) {
    negated = c == 'D' || c == 'S' || c == 'W';
    switch (c) {
        case 'd':
        case 'D':
            out = range('0', '9');
            break;
        case 's':
        case 'S':
            out = one('\t') | one('\n') | one('\f') | one('\r') | one(' ');
            break;
        case 'w':
        case 'W':
            out = range('0', '9') | range('A', 'Z') | range('a', 'z') | one('_');
            break;
        default:
            return false;
    }
    if (negated) out = ascii() & ~out;
    return true;
}

bool control_escape(char c, char& out) {
    switch (c) {
        case 'a':
            out = '\a';
            return true;
        case 'f':
            out = '\f';
            return true;
        case 'n':
            out = '\n';
            return true;
        case 'r':
            out = '\r';
            return true;
        case 't':
            out = '\t';
            return true;
        case 'v':
            out = '\v';
            return true;
        default:
            return false;
    }
}
bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Recursive descent; `refused_` once something is not for this machine.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::optional<Node> run() {
        if (text_.starts_with("(?s)")) {
            dot_is_all_ = true;
            at_ = 4;
        }
        Node node = choice(0);
        if (refused_ || at_ != text_.size()) return std::nullopt;
        return node;
    }
    std::uint32_t groups() const { return groups_; }

private:
    bool more() const { return at_ < text_.size() && !refused_; }
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    Node refuse() {
        refused_ = true;
        return {};
    }

    Node choice(std::size_t depth) {
        if (depth > limits::kNestingMax) return refuse();
        Node out;
        out.kind = Node::Kind::kChoice;
        out.children.push_back(sequence(depth));
        while (more() && peek() == '|') {
            ++at_;
            out.children.push_back(sequence(depth));
        }
        return out.children.size() == 1 ? std::move(out.children[0]) : std::move(out);
    }

    Node sequence(std::size_t depth) {
        Node out;
        while (more() && peek() != '|' && peek() != ')') {
            Node node = atom(depth);
            if (refused_) return {};
            out.children.push_back(repeated(std::move(node)));
        }
        return out;
    }

    Node repeated(Node node) {
        int least = 0;
        int most = 0;
        if (!counts(least, most)) return node;
        Node out;
        out.kind = Node::Kind::kRepeat;
        out.least = least;
        out.most = most;
        if (peek() == '?') {
            out.lazy = true;
            ++at_;
        }
        // What an empty round of a repeat captures is a matter of taste: RE2 decides.
        if (node.may_be_empty()) return refuse();
        int unused = 0;
        if (counts(unused, unused)) return refuse();  // A repeat of a repeat.
        out.children.push_back(std::move(node));
        return out;
    }

    /// Reads * + ? {n} {n,} {n,m}; a brace that is no counter is a literal.
    bool counts(int& least, int& most) {
        switch (peek()) {
            case '*':
                least = 0;
                most = kUnbounded;
                break;
            case '+':
                least = 1;
                most = kUnbounded;
                break;
            case '?':
                least = 0;
                most = 1;
                break;
            case '{': {
                const std::size_t end = text_.find('}', at_);
                if (end == std::string_view::npos) return false;
                if (!counter(text_.substr(at_ + 1, end - at_ - 1), least, most)) return false;
                at_ = end;
                break;
            }
            default:
                return false;
        }
        ++at_;
        return true;
    }
    static bool counter(std::string_view inside, int& least, int& most) {
        const auto number = [](std::string_view digits, int& out) {
            const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out);
            return read.ec == std::errc() && read.ptr == digits.data() + digits.size() &&
                   !digits.empty() && digits[0] != '-' && out <= kCountMax;
        };
        const std::size_t comma = inside.find(',');
        if (comma == std::string_view::npos) {
            if (!number(inside, least)) return false;
            most = least;
            return true;
        }
        if (!number(inside.substr(0, comma), least)) return false;
        most = kUnbounded;
        return comma + 1 == inside.size() || number(inside.substr(comma + 1), most);
    }

    Node atom(std::size_t depth) {
        const char c = peek();
        Node node;
        switch (c) {
            case '(':
                return group(depth);
            case '[':
                return bracket();
            case '\\':
                return escape();
            case '.':
                ++at_;
                return character(dot_is_all_ ? ascii() : ascii() & ~one('\n'), true);
            case '^':
                ++at_;
                node.kind = Node::Kind::kBegin;
                return node;
            case '$':
                ++at_;
                node.kind = Node::Kind::kEnd;
                return node;
            case '*':
            case '+':
            case '?':
                return refuse();
            default:
                return literal();
        }
    }

    /// A code point of the text, however many bytes it has: repeats take all of them.
    Node literal() {
        const auto lead = static_cast<unsigned char>(text_[at_]);
        std::size_t bytes = 1;
        if (lead >= 0xC0) bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (at_ + bytes > text_.size()) return refuse();
        Node node;
        for (std::size_t i = 0; i < bytes; ++i) {
            node.children.push_back(bytes_node(one(text_[at_ + i])));
        }
        at_ += bytes;
        return bytes == 1 ? std::move(node.children[0]) : std::move(node);
    }

    /// One code point: of the ASCII set, or any beyond ASCII when `beyond`. Texts are UTF-8.
    static Node character(const Bytes& set, bool beyond) {
        if (!beyond) return bytes_node(set);
        const Node tail = bytes_node(range(0x80, 0xBF));
        Node out;
        out.kind = Node::Kind::kChoice;
        out.children.push_back(bytes_node(set));
        const unsigned leads[][2] = {{0xC2, 0xDF}, {0xE0, 0xEF}, {0xF0, 0xF4}};
        std::size_t tails = 1;
        for (const auto& lead : leads) {
            Node wide;
            wide.children.push_back(bytes_node(range(lead[0], lead[1])));
            for (std::size_t i = 0; i < tails; ++i) wide.children.push_back(tail);
            ++tails;
            out.children.push_back(std::move(wide));
        }
        return out;
    }

    Node escape() {
        const char c = peek(1);
        if (at_ + 1 >= text_.size()) return refuse();
        Bytes set;
        bool negated = false;
        Node node;
        if (perl_class(c, set, negated)) {
            at_ += 2;
            return character(set, negated);
        }
        if (c == 'A' || c == 'z') {
            at_ += 2;
            node.kind = c == 'A' ? Node::Kind::kBegin : Node::Kind::kEnd;
            return node;
        }
        char control = 0;
        if (control_escape(c, control)) {
            at_ += 2;
            return bytes_node(one(control));
        }
        if (is_word(c) || !is_ascii(c)) return refuse();
        at_ += 2;
        return bytes_node(one(c));
    }

    Node bracket() {
        ++at_;
        bool negated = false;
        if (peek() == '^') {
            negated = true;
            ++at_;
        }
        Bytes set;
        bool beyond = false;  // All code points above ASCII are in.
        bool first = true;
        while (more() && (first || peek() != ']')) {
            first = false;
            char low = 0;
            bool whole = false;
            if (!bracket_item(set, beyond, low, whole)) return refuse();
            if (whole) continue;
            char high = low;
            if (peek() == '-' && at_ + 1 < text_.size() && peek(1) != ']') {
                ++at_;
                Bytes unused;
                bool unused_beyond = false;
                if (!bracket_item(unused, unused_beyond, high, whole) || whole || high < low) {
                    return refuse();
                }
            }
            set |= range(static_cast<unsigned char>(low), static_cast<unsigned char>(high));
        }
        if (!more()) return refuse();
        ++at_;
        if (negated) {
            set = ascii() & ~set;
            beyond = !beyond;
        }
        if (set.none() && !beyond) return refuse();
        return character(set, beyond);
    }
    /// One character in `out`, or a whole class added to the set. False: not for this machine.
    bool bracket_item(Bytes& set, bool& beyond, char& out, bool& whole) {
        const char c = peek();
        if (!is_ascii(c) || (c == '[' && peek(1) == ':')) return false;
        whole = false;
        if (c != '\\') {
            out = c;
            ++at_;
            return true;
        }
        const char escaped = peek(1);
        if (at_ + 1 >= text_.size()) return false;
        Bytes perl;
        bool negated = false;
        if (perl_class(escaped, perl, negated)) {
            set |= perl;
            beyond = beyond || negated;
            whole = true;
        } else if (!control_escape(escaped, out)) {
            if (is_word(escaped) || !is_ascii(escaped)) return false;
            out = escaped;
        }
        at_ += 2;
        return true;
    }

    Node group(std::size_t depth) {
        ++at_;
        Node out;
        out.kind = Node::Kind::kGroup;
        if (peek() == '?') {
            if (peek(1) == ':') {
                at_ += 2;
            } else if (peek(1) == 'P' && peek(2) == '<') {
                const std::size_t end = text_.find('>', at_);
                if (end == std::string_view::npos) return refuse();
                at_ = end + 1;
                out.group = ++groups_;
            } else {
                return refuse();
            }
        } else {
            out.group = ++groups_;
        }
        out.children.push_back(choice(depth + 1));
        if (peek() != ')' || at_ >= text_.size()) return refuse();
        ++at_;
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t groups_ = 0;
    bool dot_is_all_ = false;
    bool refused_ = false;
};

/// Writes the instructions of a tree; stops early when they are too many.
class Emitter {
public:
    explicit Emitter(std::span<const bool> needed) : needed_(needed) {}

    bool emit(const Node& node) {
        if (code.size() > limits::kProgramMax) return false;
        switch (node.kind) {
            case Node::Kind::kBytes:
                push(Op::kByte).classes = node.bytes;
                return true;
            case Node::Kind::kBegin:
                push(Op::kBegin);
                return true;
            case Node::Kind::kEnd:
                push(Op::kEnd);
                return true;
            case Node::Kind::kSequence:
                for (const Node& child : node.children) {
                    if (!emit(child)) return false;
                }
                return true;
            case Node::Kind::kChoice:
                return emit_choice(node);
            case Node::Kind::kRepeat:
                return emit_repeat(node);
            case Node::Kind::kGroup: {
                const bool captured =
                    node.group > 0 && node.group <= needed_.size() && needed_[node.group - 1];
                if (captured) push(Op::kSave).x = 2 * (node.group - 1);
                if (!emit(node.children[0])) return false;
                if (captured) push(Op::kSave).x = 2 * (node.group - 1) + 1;
                return true;
            }
        }
        return false;
    }
    RegexProgram::Instruction& push(Op op) {
        RegexProgram::Instruction made;
        made.op = op;
        code.push_back(made);
        return code.back();
    }

    std::vector<RegexProgram::Instruction> code;

private:
    std::uint32_t here() const { return static_cast<std::uint32_t>(code.size()); }

    bool emit_choice(const Node& node) {
        std::vector<std::uint32_t> jumps;
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            const bool last = i + 1 == node.children.size();
            const std::uint32_t split = here();
            if (!last) push(Op::kSplit).x = split + 1;
            if (!emit(node.children[i])) return false;
            if (last) break;
            jumps.push_back(here());
            push(Op::kJump);
            code[split].y = here();
        }
        for (const std::uint32_t jump : jumps) code[jump].x = here();
        return true;
    }
    /// The split that enters the body or leaves it, by greed.
    void aim(std::uint32_t split, std::uint32_t leave, bool lazy) {
        code[split].x = lazy ? leave : split + 1;
        code[split].y = lazy ? split + 1 : leave;
    }
    bool emit_repeat(const Node& node) {
        const Node& body = node.children[0];
        for (int i = 0; i < node.least; ++i) {
            if (!emit(body)) return false;
        }
        if (node.most == kUnbounded) {
            const std::uint32_t split = here();
            push(Op::kSplit);
            if (!emit(body)) return false;
            push(Op::kJump).x = split;
            aim(split, here(), node.lazy);
            return true;
        }
        std::vector<std::uint32_t> splits;
        for (int i = node.least; i < node.most; ++i) {
            splits.push_back(here());
            push(Op::kSplit);
            if (!emit(body)) return false;
        }
        for (const std::uint32_t split : splits) aim(split, here(), node.lazy);
        return true;
    }

    std::span<const bool> needed_;
};

}  // namespace

std::optional<RegexProgram> RegexProgram::compile(std::string_view pattern,
                                                  std::span<const bool> needed) {
    Parser parser(pattern);
    const std::optional<Node> tree = parser.run();
    if (!tree) return std::nullopt;
    Emitter emitter(needed);
    if (!emitter.emit(*tree)) return std::nullopt;
    emitter.push(Op::kMatch);
    RegexProgram out;
    out.groups_ = parser.groups();
    out.code_ = std::move(emitter.code);
    // Bytes are of one class when the same instructions accept them.
    std::array<std::uint32_t, 256> classes{};
    std::uint32_t count = 1;
    for (const Instruction& instruction : out.code_) {
        if (instruction.op != Op::kByte) continue;
        std::unordered_map<std::uint64_t, std::uint32_t> refined;
        count = 0;
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint64_t key = std::uint64_t{classes[byte]} * 2 +
                                      static_cast<std::uint64_t>(instruction.classes[byte]);
            const auto [at, added] = refined.try_emplace(key, count);
            if (added) ++count;
            classes[byte] = at->second;
        }
    }
    out.classes_ = count;
    for (std::size_t byte = 0; byte < 256; ++byte) {
        out.class_of_[byte] = static_cast<std::uint8_t>(classes[byte]);
    }
    for (Instruction& instruction : out.code_) {
        Bytes by_class;
        for (std::size_t byte = 0; byte < 256; ++byte) {
            if (instruction.classes[byte]) by_class.set(classes[byte]);
        }
        instruction.classes = by_class;
    }
    return out;
}

}  // namespace sky::insights::symbolic
