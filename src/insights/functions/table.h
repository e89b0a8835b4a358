// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/table.h - every scalar function of the query language, one
              // row each.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/arena.h"
#include "columnar/vector.h"

namespace sky::insights {

using columnar::Arena;
using columnar::Kind;
using columnar::Value;
using columnar::Vector;

/// What a kernel needs besides its arguments. One per worker, reused for each batch.
/// Threads: one at a time.
struct EvalContext {
    Arena& arena;            // The batch's; results live there.
    std::size_t rows = 0;    // Of the batch; every argument has so many.
    std::int64_t now_s = 0;  // What now() answers, epoch seconds.
    /// The first thing that went wrong beyond a row (memory); look at it after each batch.
    std::optional<Error> error;

    void fail(ErrorCode code, std::string message) {
        if (!error) error = Error{code, std::move(message)};
    }
};

/// One call per batch. Never null; rows that have no result are missing. Arguments may have any
/// form and kind: kernels coerce by logs-insights-ql.md 5.
using ScalarKernel = const Vector* (*)(EvalContext& context, std::span<const Vector* const> args);

constexpr std::uint8_t kArgsUnbounded = 255;

enum class FunctionTrait : std::uint8_t {
    kNone = 0,
    /// The kernel's first argument is @timestamp, which the caller does not write: bin(30s) is
    /// called with (@timestamp, "30s"). Not counted in args_min and args_max.
    kTakesTimestamp = 1,
    /// The last written argument is a period literal (30s), passed as constant text.
    kTakesPeriod = 2,
    /// Needs the permission logs:Unmask.
    kUnmasks = 4,
};
constexpr FunctionTrait operator|(FunctionTrait a, FunctionTrait b) {
    return static_cast<FunctionTrait>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

struct FunctionDef {
    std::string_view name;  // As documentation spells it; looked up case-insensitively.
    std::uint8_t args_min, args_max;
    FunctionTrait traits;
    ScalarKernel kernel;
    std::string_view help, example;  // example: "<call> = <rendered result>", run by a test.
    bool has(FunctionTrait trait) const {
        return (static_cast<std::uint8_t>(traits) & static_cast<std::uint8_t>(trait)) != 0;
    }
};

/// All rows, sorted by lower-case name.
std::span<const FunctionDef> functions();
/// Null when there is no such function. Case-insensitive.
const FunctionDef* find_function(std::string_view name);
/// The scalar function or aggregate whose name is nearest, for "did you mean"; empty when none is
/// near.
std::string_view nearest_function_name(std::string_view name);

/// Calls a row's kernel; arguments that are all constant are computed once and give a constant.
const Vector* call(const FunctionDef& function, EvalContext& context,
                   std::span<const Vector* const> args);

}  // namespace sky::insights
