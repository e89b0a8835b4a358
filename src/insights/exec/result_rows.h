// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/result_rows.h - the rows of an answer as text, side by side.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sky::insights {

struct Cell {
    std::string field, value;
};
using Row = std::vector<Cell>;  // Fields that are missing in a row are left out.

/// Rendered rows (logs-insights-ql.md 10). A page of 10,000 of them is a copy of their texts: no
/// cell has memory of its own. Immutable once made, and then any number of threads may read.
class ResultRows {
public:
    /// The column is one of columns().
    struct CellView {
        std::size_t column;
        std::string_view field, value;
        operator Cell() const { return {std::string(field), std::string(value)}; }
    };
    /// One row; refers to the rows that it is of.
    class RowView {
    public:
        std::size_t size() const { return end_ - begin_; }
        bool empty() const { return begin_ == end_; }
        CellView operator[](std::size_t i) const { return rows_->cell(begin_ + i); }
        CellView back() const { return rows_->cell(end_ - 1); }
        /// A copy.
        operator Row() const {
            Row out;
            for (std::size_t i = 0; i < size(); ++i) out.push_back((*this)[i]);
            return out;
        }

    private:
        friend class ResultRows;
        RowView(const ResultRows& rows, std::size_t begin, std::size_t end)
            : rows_(&rows), begin_(begin), end_(end) {}
        const ResultRows* rows_;
        std::size_t begin_, end_;  // Of its cells.
    };
    class Iterator {
    public:
        RowView operator*() const { return (*rows_)[at_]; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

    private:
        friend class ResultRows;
        Iterator(const ResultRows& rows, std::size_t at) : rows_(&rows), at_(at) {}
        const ResultRows* rows_;
        std::size_t at_;
    };

    ResultRows() = default;
    /// Output order, for tables and CSV; @ptr is last where present.
    explicit ResultRows(std::vector<std::string> columns) : columns_(std::move(columns)) {}

    const std::vector<std::string>& columns() const { return columns_; }
    std::size_t size() const { return row_ends_.size(); }
    bool empty() const { return row_ends_.empty(); }
    RowView operator[](std::size_t i) const {
        return {*this, i == 0 ? 0 : row_ends_[i - 1], row_ends_[i]};
    }
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }
    bool operator==(const ResultRows&) const = default;

    /// Cells of the row that is being made. Texts are 4 GiB together at most, which the limits of
    /// whoever makes results are far below.
    void add(std::size_t column, std::string_view value) {
        text_ += value;
        end_cell(column);
    }
    /// The same with the value appended to text() before.
    std::string& text() { return text_; }
    void end_cell(std::size_t column) {
        cells_.push_back(
            {static_cast<std::uint32_t>(column), static_cast<std::uint32_t>(text_.size())});
    }
    void end_row() { row_ends_.push_back(static_cast<std::uint32_t>(cells_.size())); }
    void reserve(std::size_t rows) {
        row_ends_.reserve(rows);
        cells_.reserve(rows * columns_.size());
    }
    /// Gives back what was reserved and not needed.
    void settle() {
        if (text_.capacity() - text_.size() > text_.size() / 4) text_.shrink_to_fit();
        if (cells_.capacity() - cells_.size() > cells_.size() / 4) cells_.shrink_to_fit();
    }
    /// The columns stay.
    void clear() {
        text_ = {};
        cells_ = {};
        row_ends_ = {};
    }

    /// Of memory.
    std::uint64_t bytes() const {
        return text_.capacity() + cells_.capacity() * sizeof(Place) +
               row_ends_.capacity() * sizeof(std::uint32_t);
    }

private:
    struct Place {
        std::uint32_t column, end;  // Of its text.
        friend bool operator==(const Place&, const Place&) = default;
    };
    std::size_t text_end(std::size_t cells) const { return cells == 0 ? 0 : cells_[cells - 1].end; }
    CellView cell(std::size_t i) const {
        const Place place = cells_[i];
        const std::size_t begin = text_end(i);
        return {place.column, columns_[place.column],
                std::string_view(text_).substr(begin, place.end - begin)};
    }

    std::vector<std::string> columns_;
    std::string text_;
    std::vector<Place> cells_;
    std::vector<std::uint32_t> row_ends_;  // In cells.
};

}  // namespace sky::insights
