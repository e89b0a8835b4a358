// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/test_batch.h - columns for the tests of this folder.

#include <initializer_list>
#include <string_view>
#include <vector>

#include "insights/functions/render.h"
#include "insights/functions/table.h"

namespace sky::insights::test {

constexpr std::int64_t kTimestampMs = 1'767'225'690'500;  // 2026-01-01 00:01:30.500

struct Batch {
    explicit Batch(std::size_t rows = 1, std::uint64_t bytes_max = 64 << 20)
        : budget(bytes_max), arena(budget), context{arena, rows, kTimestampMs / 1000, {}} {}

    columnar::MemoryBudget budget;
    Arena arena;
    EvalContext context;

    /// A column of texts; "missing" is a row without a value.
    const Vector* texts(std::span<const std::string_view> values) {
        auto* const array = arena.array<std::string_view>(values.size());
        auto* const present = arena.array<std::uint8_t>(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            array[i] = values[i];
            present[i] = values[i] == "missing" ? 0 : 1;
        }
        return Vector::texts(arena, values.size(), array, present);
    }
    const Vector* texts(std::initializer_list<std::string_view> values) {
        return texts(std::span(values.begin(), values.size()));
    }
    const Vector* constant(const Value& value) {
        return Vector::constant(arena, context.rows, value);
    }
};

/// Rendered rows; "missing" where there is no value.
inline std::vector<std::string> rendered(const Vector* vector) {
    std::vector<std::string> out;
    for (std::size_t row = 0; row < vector->size(); ++row) {
        out.push_back(vector->present(row) ? render(vector->at(row)) : "missing");
    }
    return out;
}

}  // namespace sky::insights::test
