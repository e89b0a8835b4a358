// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "insights/functions/kernels.h"
#include "insights/functions/period.h"

namespace sky::insights::kernels {
namespace {

using columnar::NumericView;

// The range of ECMAScript dates, 100 million days around 1970; calendar arithmetic is safe in it.
constexpr double kInstantMagnitudeMax = 8.64e15;

/// The period that the binder has checked; a column in its place has none.
std::optional<Period> period_of(const Vector* vector) {
    if (!vector->is_constant()) return std::nullopt;
    return parse_period(vector->constant_value().text);
}

template <class Round>
const Vector* round_instants(EvalContext& context, Args args, Round&& round) {
    const auto period = period_of(args[1]);
    if (!period) return Vector::missing(context.arena, context.rows);
    auto* const out = context.arena.array<std::int64_t>(context.rows);
    if (args[0]->is_uniform(Kind::kTimestamp) && args[0]->present_bytes() == nullptr) {
        const std::int64_t* const in = args[0]->timestamp_array();
        for (std::size_t row = 0; row < context.rows; ++row) out[row] = round(*period, in[row]);
        return Vector::timestamps(context.arena, context.rows, out);
    }
    const NumericView& in = args[0]->numeric(context.arena);
    auto* const present = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        const double value = in.values[row & in.mask];
        present[row] = in.is_valid(row) && std::abs(value) <= kInstantMagnitudeMax ? 1 : 0;
        out[row] =
            present[row] != 0 ? round(*period, static_cast<std::int64_t>(std::floor(value))) : 0;
    }
    return Vector::timestamps(context.arena, context.rows, out, present);
}

/// Rows come sorted by time, so the last bin usually holds the next instant too.
class BinCache {
public:
    std::int64_t floor(const Period& period, std::int64_t unix_ms) {
        if (unix_ms < begin_ms_ || unix_ms >= end_ms_) {
            begin_ms_ = floor_to(period, unix_ms);
            end_ms_ = next_boundary(period, begin_ms_);
        }
        return begin_ms_;
    }
    std::int64_t ceil(const Period& period, std::int64_t unix_ms) {
        return floor(period, unix_ms) == unix_ms ? unix_ms : end_ms_;
    }

private:
    std::int64_t begin_ms_ = 0, end_ms_ = 0;
};

}  // namespace

const Vector* datefloor_kernel(EvalContext& context, Args args) {
    const auto period = period_of(args[1]);
    if (period && args[0]->is_uniform(Kind::kTimestamp) && args[0]->present_bytes() == nullptr) {
        const std::int64_t* const in = args[0]->timestamp_array();
        auto* const out = context.arena.array<std::int64_t>(context.rows);
        for (std::size_t begin = 0; begin < context.rows;) {
            const std::int64_t bin = floor_to(*period, in[begin]);
            const std::int64_t end_ms = next_boundary(*period, bin);
            std::size_t end = begin + 1;
            while (end < context.rows && in[end] >= bin && in[end] < end_ms) ++end;
            std::fill(out + begin, out + end, bin);
            begin = end;
        }
        return Vector::timestamps(context.arena, context.rows, out);
    }
    BinCache cache;
    return round_instants(context, args,
                          [&](const Period& p, std::int64_t ms) { return cache.floor(p, ms); });
}

const Vector* bin_kernel(EvalContext& context, Args args) {
    return datefloor_kernel(context, args);
}

const Vector* dateceil_kernel(EvalContext& context, Args args) {
    BinCache cache;
    return round_instants(context, args,
                          [&](const Period& p, std::int64_t ms) { return cache.ceil(p, ms); });
}

const Vector* from_millis_kernel(EvalContext& context, Args args) {
    const NumericView& in = args[0]->numeric(context.arena);
    auto* const out = context.arena.array<std::int64_t>(context.rows);
    auto* const present = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        const double value = in.values[row & in.mask];
        present[row] = in.is_valid(row) && std::abs(value) <= kInstantMagnitudeMax ? 1 : 0;
        out[row] = present[row] != 0 ? static_cast<std::int64_t>(std::floor(value)) : 0;
    }
    return Vector::timestamps(context.arena, context.rows, out, present);
}

const Vector* to_millis_kernel(EvalContext& context, Args args) {
    const NumericView& in = args[0]->numeric(context.arena);
    auto* const out = context.arena.array<double>(context.rows);
    auto* const present = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        out[row] = in.values[row & in.mask];
        present[row] = in.is_valid(row) ? 1 : 0;
    }
    return Vector::numbers(context.arena, context.rows, out, present);
}

const Vector* now_kernel(EvalContext& context, Args) {
    return Vector::constant(context.arena, context.rows,
                            Value::of_number(static_cast<double>(context.now_s)));
}

}  // namespace sky::insights::kernels
