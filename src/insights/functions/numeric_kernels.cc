// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "insights/functions/kernels.h"

namespace sky::insights::kernels {
namespace {

using columnar::NumericView;

/// Applies `compute` to each number; rows without one, or without a finite result, are missing.
template <class Compute>
const Vector* unary(EvalContext& context, Args args, Compute&& compute) {
    const NumericView& in = args[0]->numeric(context.arena);
    auto* const values = context.arena.array<double>(context.rows);
    auto* const present = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        const double value = in.is_valid(row) ? compute(in.values[row & in.mask]) : 0;
        const bool valid = in.is_valid(row) && std::isfinite(value);
        values[row] = valid ? value : 0;
        present[row] = valid ? 1 : 0;
    }
    return Vector::numbers(context.arena, context.rows, values, present);
}

/// Folds all arguments of a row; one that is no number makes the row missing.
template <class Better>
const Vector* extreme(EvalContext& context, Args args, Better&& better) {
    auto* const values = context.arena.array<double>(context.rows);
    auto* const present = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        present[row] = 1;
        values[row] = 0;
    }
    bool first = true;
    for (const Vector* const arg : args) {
        const NumericView& in = arg->numeric(context.arena);
        for (std::size_t row = 0; row < context.rows; ++row) {
            const double value = in.values[row & in.mask];
            if (!in.is_valid(row)) present[row] = 0;
            if (first || better(value, values[row])) values[row] = value;
        }
        first = false;
    }
    return Vector::numbers(context.arena, context.rows, values, present);
}

}  // namespace

const Vector* abs_kernel(EvalContext& context, Args args) {
    return unary(context, args, [](double x) { return std::abs(x); });
}
const Vector* ceil_kernel(EvalContext& context, Args args) {
    return unary(context, args, [](double x) { return std::ceil(x); });
}
const Vector* floor_kernel(EvalContext& context, Args args) {
    return unary(context, args, [](double x) { return std::floor(x); });
}
const Vector* log_kernel(EvalContext& context, Args args) {
    return unary(context, args, [](double x) { return x > 0 ? std::log(x) : NAN; });
}
const Vector* sqrt_kernel(EvalContext& context, Args args) {
    return unary(context, args, [](double x) { return x >= 0 ? std::sqrt(x) : NAN; });
}
const Vector* greatest_kernel(EvalContext& context, Args args) {
    return extreme(context, args, [](double a, double b) { return a > b; });
}
const Vector* least_kernel(EvalContext& context, Args args) {
    return extreme(context, args, [](double a, double b) { return a < b; });
}

}  // namespace sky::insights::kernels
