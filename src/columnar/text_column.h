// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/text_column.h - many texts in one buffer, addressed by row.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sky::columnar {

/// Shape:  row i is bytes[offsets[i], offsets[i + 1]); offsets has rows + 1 entries, the first is
/// 0. Threads: immutable once filled; may then be read from any thread.
class TextColumn {
public:
    std::size_t size() const { return offsets_.size() - 1; }
    std::size_t bytes() const { return data_.size(); }
    std::string_view operator[](std::size_t row) const {
        return {data_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]};
    }
    void reserve(std::size_t rows, std::size_t bytes) {
        offsets_.reserve(rows + 1);
        data_.reserve(bytes);
    }
    void push_back(std::string_view text) {
        data_.append(text);
        offsets_.push_back(static_cast<std::uint32_t>(data_.size()));
    }
    /// Takes over a buffer and its offsets (rows + 1 of them, ascending, ending at data.size()).
    void assign(std::string data, std::vector<std::uint32_t> offsets) {
        data_ = std::move(data);
        offsets_ = std::move(offsets);
    }
    std::string_view data() const { return data_; }
    std::span<const std::uint32_t> offsets() const { return offsets_; }

private:
    std::string data_;  // At most 4 GiB; chunks are bounded far below.
    std::vector<std::uint32_t> offsets_ = {0};
};

}  // namespace sky::columnar
