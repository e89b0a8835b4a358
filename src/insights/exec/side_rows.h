// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/side_rows.h - the rows of a query inside another one, or of a
              // lookup table.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/exec/query.h"

namespace sky::insights {

/// Owns its texts. Immutable; any thread.
class SideRows {
public:
    /// The output of `plan` as it stands in `table`.
    SideRows(const Plan& plan, const Table& table);
    /// The columns of a lookup table, in this order. Errors: kInvalidArgument (it lacks one).
    static Result<std::shared_ptr<const SideRows>> of_table(const LookupTable& table,
                                                            const LookupUse& use);

    std::size_t rows() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
    const Value& at(std::size_t row, std::size_t column) const {
        return values_[row * columns_ + column];
    }
    std::uint64_t bytes() const { return values_.size() * sizeof(Value) + text_.size(); }

private:
    SideRows() = default;
    /// Moves the texts of values_ into text_.
    void own_texts();

    std::size_t columns_ = 0;
    std::vector<Value> values_;  // Row by row.
    std::string text_;
};

/// What a value is looked up by: equal numbers are equal however they are spelled. False when the
/// value is missing; `key` is appended to.
bool append_key(const Value& value, std::string& key);

/// The same, of the value's text: 1 and 01 differ.
bool append_text_key(const Value& value, std::string& key);

/// The plan with the results of its sides in place: sets of "in (…)", rows of joins, tables.
Result<Plan> with_sides(const Plan& plan, const std::vector<std::shared_ptr<const SideRows>>& sides,
                        const std::vector<std::shared_ptr<const LookupTable>>& tables);

}  // namespace sky::insights
