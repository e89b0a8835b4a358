// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/kernels.h - the kernels behind table.cc; nobody else calls
              // them.

#include <cmath>
#include <cstdint>
#include <span>

#include "insights/functions/render.h"
#include "insights/functions/table.h"

namespace sky::insights::kernels {

using Args = std::span<const Vector* const>;

/// Calls `one(row, result)` for each row where all arguments are present; `one` leaves `result`
/// missing where there is no answer.
template <class One>
const Vector* each_present(EvalContext& context, Args args, One&& one) {
    Value* const values = context.arena.array<Value>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        values[row] = Value::missing();
        bool present = true;
        for (const Vector* const arg : args) present = present && arg->present(row);
        if (present) one(row, values[row]);
    }
    return Vector::from_values(context.arena, context.rows, values);
}

/// Text whose size the query can make grow: null after context.fail() when the budget says no.
char* grow_text(EvalContext& context, std::size_t bytes);

// numeric_kernels.cc
const Vector* abs_kernel(EvalContext& context, Args args);
const Vector* ceil_kernel(EvalContext& context, Args args);
const Vector* floor_kernel(EvalContext& context, Args args);
const Vector* greatest_kernel(EvalContext& context, Args args);
const Vector* least_kernel(EvalContext& context, Args args);
const Vector* log_kernel(EvalContext& context, Args args);
const Vector* sqrt_kernel(EvalContext& context, Args args);

// general_kernels.cc
const Vector* case_kernel(EvalContext& context, Args args);
const Vector* coalesce_kernel(EvalContext& context, Args args);
const Vector* if_kernel(EvalContext& context, Args args);
const Vector* ispresent_kernel(EvalContext& context, Args args);
const Vector* json_parse_kernel(EvalContext& context, Args args);
const Vector* json_stringify_kernel(EvalContext& context, Args args);
const Vector* md5_kernel(EvalContext& context, Args args);
const Vector* sha256_kernel(EvalContext& context, Args args);
const Vector* unmask_kernel(EvalContext& context, Args args);

// text_kernels.cc
const Vector* concat_kernel(EvalContext& context, Args args);
const Vector* isblank_kernel(EvalContext& context, Args args);
const Vector* isempty_kernel(EvalContext& context, Args args);
const Vector* ltrim_kernel(EvalContext& context, Args args);
const Vector* replace_kernel(EvalContext& context, Args args);
const Vector* rtrim_kernel(EvalContext& context, Args args);
const Vector* strcontains_kernel(EvalContext& context, Args args);
const Vector* strlen_kernel(EvalContext& context, Args args);
const Vector* substr_kernel(EvalContext& context, Args args);
const Vector* tolower_kernel(EvalContext& context, Args args);
const Vector* toupper_kernel(EvalContext& context, Args args);
const Vector* trim_kernel(EvalContext& context, Args args);

// time_kernels.cc
const Vector* bin_kernel(EvalContext& context, Args args);
const Vector* dateceil_kernel(EvalContext& context, Args args);
const Vector* datefloor_kernel(EvalContext& context, Args args);
const Vector* from_millis_kernel(EvalContext& context, Args args);
const Vector* now_kernel(EvalContext& context, Args args);
const Vector* to_millis_kernel(EvalContext& context, Args args);

// ip_kernels.cc
const Vector* is_ip_in_subnet_kernel(EvalContext& context, Args args);
const Vector* is_ipv4_in_subnet_kernel(EvalContext& context, Args args);
const Vector* is_ipv6_in_subnet_kernel(EvalContext& context, Args args);
const Vector* is_valid_ip_kernel(EvalContext& context, Args args);
const Vector* is_valid_ipv4_kernel(EvalContext& context, Args args);
const Vector* is_valid_ipv6_kernel(EvalContext& context, Args args);

}  // namespace sky::insights::kernels
