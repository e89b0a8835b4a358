// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/operators.h"

#include <cmath>
#include <cstring>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "columnar/decimal.h"
#include "columnar/kernels.h"
#include "insights/functions/glob.h"
#include "insights/functions/regex.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

using columnar::NumericView;

constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53: beyond it doubles skip integers.

/// Rows to compute: one when every operand is constant.
template <class... Vectors>
std::size_t rows_of(const EvalContext& context, const Vectors*... operands) {
    return (operands->is_constant() && ...) ? 1 : context.rows;
}

const Vector* booleans(EvalContext& context, std::size_t rows, bool constant,
                       const std::uint8_t* bytes) {
    if (constant) {
        return Vector::constant(context.arena, context.rows, Value::of_boolean(bytes[0] != 0));
    }
    return Vector::booleans(context.arena, rows, bytes);
}

/// What one row of a column is, for the rare comparisons that doubles cannot decide.
std::string_view exact_spelling(const Vector* vector, std::size_t row) {
    const Value value = vector->is_constant() ? vector->constant_value() : vector->at(row);
    return value.text;
}

/// Both sides are numbers of equal double value.
int compare_equal_doubles(double value, const Vector* left, const Vector* right, std::size_t row) {
    if (std::abs(value) < kExactIntegerMax) return 0;
    const std::string_view a = exact_spelling(left, row);
    const std::string_view b = exact_spelling(right, row);
    if (!columnar::is_plain_integer(a) || !columnar::is_plain_integer(b)) return 0;
    return columnar::compare_plain_integers(a, b);
}

/// True when no row of the column can be a number, so that it need not be parsed.
bool never_numeric(EvalContext& context, const Vector* vector) {
    if (!vector->is_constant()) return false;
    return !vector->numeric(context.arena).is_valid(0);
}

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

struct Outcome {
    std::uint8_t less, equal, greater, missing;
};

Outcome outcome_of(Comparison op) {
    switch (op) {
        case Comparison::kEqual:
            return {0, 1, 0, 0};
        case Comparison::kNotEqual:
            return {1, 0, 1, 1};
        case Comparison::kLess:
            return {1, 0, 0, 0};
        case Comparison::kLessEqual:
            return {1, 1, 0, 0};
        case Comparison::kGreater:
            return {0, 0, 1, 0};
        case Comparison::kGreaterEqual:
            return {0, 1, 1, 0};
    }
    return {0, 0, 0, 0};
}

double apply(Arithmetic op, double a, double b) {
    switch (op) {
        case Arithmetic::kAdd:
            return a + b;
        case Arithmetic::kSubtract:
            return a - b;
        case Arithmetic::kMultiply:
            return a * b;
        case Arithmetic::kDivide:
            return a / b;  // By zero: not finite, hence missing.
        case Arithmetic::kModulo:
            return std::fmod(a, b);
        case Arithmetic::kPower:
            return std::pow(a, b);
    }
    return 0;
}

template <class Function>
const Vector* numeric_result(EvalContext& context, std::size_t rows, bool constant,
                             Function&& compute) {
    auto* const values = context.arena.array<double>(rows);
    auto* const present = context.arena.array<std::uint8_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        double value = 0;
        const bool valid = compute(row, value) && std::isfinite(value);
        values[row] = valid ? value : 0;
        present[row] = valid ? 1 : 0;
    }
    if (constant) {
        return Vector::constant(context.arena, context.rows,
                                present[0] != 0 ? Value::of_number(values[0]) : Value::missing());
    }
    return Vector::numbers(context.arena, rows, values, present);
}

bool is_false_text(std::string_view text) { return text.empty() || text == "0" || text == "false"; }

bool truth_of(const Value& value) {
    switch (value.kind) {
        case Kind::kMissing:
            return false;
        case Kind::kText:
            return !is_false_text(value.text);
        case Kind::kJson:
            return true;
        case Kind::kNumber:
            return value.number != 0;
        case Kind::kBoolean:
        case Kind::kTimestamp:
            return value.integer != 0;
    }
    return false;
}

template <class Function>
const Vector* logical(EvalContext& context, const Vector* left, const Vector* right,
                      Function&& combine) {
    const std::size_t rows = rows_of(context, left, right);
    const std::uint8_t* const a = truth(context, left);
    const std::uint8_t* const b = truth(context, right);
    auto* const out = context.arena.array<std::uint8_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) out[row] = combine(a[row], b[row]);
    return booleans(context, rows, left->is_constant() && right->is_constant(), out);
}

}  // namespace

const Vector* compare(EvalContext& context, Comparison op, const Vector* left,
                      const Vector* right) {
    const Outcome outcome = outcome_of(op);
    const std::size_t rows = rows_of(context, left, right);
    const bool constant = left->is_constant() && right->is_constant();
    auto* const out = context.arena.array<std::uint8_t>(rows);
    const auto answer = [&](int order) {
        return order < 0 ? outcome.less : order > 0 ? outcome.greater : outcome.equal;
    };
    if (never_numeric(context, left) || never_numeric(context, right)) {
        const TextView a = as_text(context, left);
        const TextView b = as_text(context, right);
        const bool equality = op == Comparison::kEqual || op == Comparison::kNotEqual;
        for (std::size_t row = 0; row < rows; ++row) {
            if (!a.is_present(row) || !b.is_present(row)) {
                out[row] = outcome.missing;
            } else if (equality) {
                out[row] = a[row] == b[row] ? outcome.equal : outcome.less;
            } else {
                out[row] = answer(sign(a[row].compare(b[row])));
            }
        }
        return booleans(context, rows, constant, out);
    }
    const NumericView& x = left->numeric(context.arena);
    const NumericView& y = right->numeric(context.arena);
    bool texts_made = false;
    TextView a{};
    TextView b{};
    for (std::size_t row = 0; row < rows; ++row) {
        if (x.is_valid(row) && y.is_valid(row)) {
            const double u = x.values[row & x.mask];
            const double v = y.values[row & y.mask];
            out[row] = u < v   ? outcome.less
                       : u > v ? outcome.greater
                               : answer(compare_equal_doubles(u, left, right, row));
            continue;
        }
        if (!texts_made) {
            a = as_text(context, left);
            b = as_text(context, right);
            texts_made = true;
        }
        out[row] = a.is_present(row) && b.is_present(row) ? answer(sign(a[row].compare(b[row])))
                                                          : outcome.missing;
    }
    return booleans(context, rows, constant, out);
}

const Vector* arithmetic(EvalContext& context, Arithmetic op, const Vector* left,
                         const Vector* right) {
    const NumericView& x = left->numeric(context.arena);
    const NumericView& y = right->numeric(context.arena);
    return numeric_result(context, rows_of(context, left, right),
                          left->is_constant() && right->is_constant(),
                          [&](std::size_t row, double& value) {
                              if (!x.is_valid(row) || !y.is_valid(row)) return false;
                              value = apply(op, x.values[row & x.mask], y.values[row & y.mask]);
                              return true;
                          });
}

const Vector* negate(EvalContext& context, const Vector* operand) {
    const NumericView& x = operand->numeric(context.arena);
    return numeric_result(context, rows_of(context, operand), operand->is_constant(),
                          [&](std::size_t row, double& value) {
                              value = -x.values[row & x.mask];
                              return x.is_valid(row);
                          });
}

const Vector* logical_and(EvalContext& context, const Vector* left, const Vector* right) {
    return logical(context, left, right,
                   [](unsigned a, unsigned b) { return static_cast<std::uint8_t>(a & b); });
}

const Vector* logical_or(EvalContext& context, const Vector* left, const Vector* right) {
    return logical(context, left, right,
                   [](unsigned a, unsigned b) { return static_cast<std::uint8_t>(a | b); });
}

const Vector* logical_not(EvalContext& context, const Vector* operand) {
    const std::size_t rows = rows_of(context, operand);
    const std::uint8_t* const in = truth(context, operand);
    auto* const out = context.arena.array<std::uint8_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) out[row] = in[row] != 0 ? 0 : 1;
    return booleans(context, rows, operand->is_constant(), out);
}

const Vector* like(EvalContext& context, const Vector* left, const Vector* right) {
    const std::size_t rows = rows_of(context, left, right);
    const TextView text = as_text(context, left);
    const TextView part = as_text(context, right);
    auto* const out = context.arena.array<std::uint8_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        const bool found = text.is_present(row) && part.is_present(row) &&
                           find_literal(text[row], part[row], 0) != std::string_view::npos;
        out[row] = found ? 1 : 0;
    }
    return booleans(context, rows, left->is_constant() && right->is_constant(), out);
}

const Vector* matches(EvalContext& context, const Regex& regex, const Vector* operand) {
    const std::size_t rows = rows_of(context, operand);
    const TextView text = as_text(context, operand);
    auto* const out = context.arena.array<std::uint8_t>(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        out[row] = text.is_present(row) && regex.search(text[row]) ? 1 : 0;
    }
    return booleans(context, rows, operand->is_constant(), out);
}

struct InSet::Impl {
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    std::unordered_set<std::string, TextHash, std::equal_to<>> texts;
    std::unordered_multimap<double, std::string> numbers;  // Value and, if known, spelling.
    std::uint64_t bytes = 0;

    bool has_number(double value, std::string_view spelling) const {
        const auto [begin, end] = numbers.equal_range(value);
        if (begin == end) return false;
        if (std::abs(value) < kExactIntegerMax || !columnar::is_plain_integer(spelling)) {
            return true;
        }
        for (auto it = begin; it != end; ++it) {
            if (!columnar::is_plain_integer(it->second) ||
                columnar::compare_plain_integers(it->second, spelling) == 0) {
                return true;
            }
        }
        return false;
    }
};

InSet::InSet(std::span<const Value> elements) : impl_(std::make_unique<Impl>()) {
    constexpr std::uint64_t kNodeBytes = 96;  // A hash node with its string, as allocated.
    for (const Value& element : elements) {
        if (!element.present()) continue;
        columnar::ParsedNumber parsed{};
        const bool is_text = element.kind == Kind::kText || element.kind == Kind::kJson;
        impl_->bytes += kNodeBytes + element.text.size();
        if (element.kind == Kind::kNumber) {
            impl_->numbers.emplace(element.number, std::string(element.text));
        } else if (!is_text) {
            impl_->numbers.emplace(static_cast<double>(element.integer), std::string());
            impl_->texts.insert(render(element));
        } else if (columnar::parse_number(element.text, parsed)) {
            impl_->numbers.emplace(parsed.value, std::string(element.text));
        } else {
            impl_->texts.emplace(element.text);
        }
    }
}

InSet::InSet(InSet&&) noexcept = default;
InSet& InSet::operator=(InSet&&) noexcept = default;
InSet::~InSet() = default;

std::uint64_t InSet::bytes() const { return impl_->bytes; }

std::vector<std::string_view> InSet::only_texts() const {
    if (!impl_->numbers.empty()) return {};
    return {impl_->texts.begin(), impl_->texts.end()};
}

const Vector* InSet::contains(EvalContext& context, const Vector* operand) const {
    const std::size_t rows = rows_of(context, operand);
    auto* const out = context.arena.array<std::uint8_t>(rows);
    const TextView text = as_text(context, operand);
    const NumericView* const numbers =
        impl_->numbers.empty() ? nullptr : &operand->numeric(context.arena);
    for (std::size_t row = 0; row < rows; ++row) {
        bool found = false;
        if (text.is_present(row)) {
            found = numbers != nullptr && numbers->is_valid(row) &&
                    impl_->has_number(numbers->values[row & numbers->mask], text[row]);
            found = found || (!impl_->texts.empty() && impl_->texts.contains(text[row]));
        }
        out[row] = found ? 1 : 0;
    }
    return booleans(context, rows, operand->is_constant(), out);
}

const std::uint8_t* truth(EvalContext& context, const Vector* operand) {
    const std::size_t rows = std::max<std::size_t>(context.rows, 1);
    if (operand->is_uniform(Kind::kBoolean) && operand->present_bytes() == nullptr) {
        return operand->boolean_array();
    }
    auto* const out = context.arena.array<std::uint8_t>(rows);
    if (operand->is_constant()) {
        std::memset(out, truth_of(operand->constant_value()) ? 1 : 0, rows);
    } else {
        for (std::size_t row = 0; row < context.rows; ++row) {
            out[row] = truth_of(operand->at(row)) ? 1 : 0;
        }
    }
    return out;
}

void select_true(EvalContext& context, const Vector* operand, std::vector<std::uint32_t>& rows) {
    const std::uint8_t* const bytes = truth(context, operand);
    const std::size_t before = rows.size();
    rows.resize(before + context.rows + columnar::kPlacesSlack);
    rows.resize(before + columnar::kernels().places(bytes, context.rows, rows.data() + before));
}

std::uint64_t count_true(EvalContext& context, const Vector* operand) {
    if (operand->is_constant()) return truth_of(operand->constant_value()) ? context.rows : 0;
    const std::uint8_t* const bytes = truth(context, operand);
    std::uint64_t count = 0;
    std::size_t row = 0;
    // Bytes are 0 or 1: eight at a time, as long as no byte overflows.
    while (row + 8 <= context.rows) {
        const std::size_t end = std::min(context.rows, row + 255 * 8) & ~std::size_t{7};
        std::uint64_t sums = 0;
        for (; row + 8 <= end; row += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes + row, sizeof word);
            sums += word;
        }
        constexpr std::uint64_t kEven = 0x00FF00FF00FF00FFULL, kOnes = 0x0001000100010001ULL;
        count += (((sums & kEven) + ((sums >> 8) & kEven)) * kOnes) >> 48;
    }
    for (; row < context.rows; ++row) count += bytes[row];
    return count;
}

}  // namespace sky::insights
