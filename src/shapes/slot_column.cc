// SPDX-License-Identifier: Apache-2.0
#include "shapes/slot_column.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace sky::shapes {

std::string_view SlotColumn::exception(std::size_t row) const {
    const auto found = std::lower_bound(exception_rows_.begin(), exception_rows_.end(), row);
    if (found == exception_rows_.end() || *found != row) return {};
    return exception_texts_[static_cast<std::size_t>(found - exception_rows_.begin())];
}

std::string_view SlotColumn::text(std::size_t row, Scratch& scratch) const {
    SKY_DCHECK(row < rows_, "rows of a column are those of its family");
    switch (kind_) {
        case SlotKind::kConstant:
            return entries_[0];
        case SlotKind::kDictionary:
            return entries_[codes_[row]];
        case SlotKind::kForm:
        case SlotKind::kHex:
            if (!exception_rows_.empty() &&
                std::binary_search(exception_rows_.begin(), exception_rows_.end(), row))
                return exception(row);
            if (kind_ == SlotKind::kForm) {
                const char* const end = form_.write(values_[row], scratch.data());
                return {scratch.data(), static_cast<std::size_t>(end - scratch.data())};
            }
            hex_.write(bytes_.data() + row * hex_.bytes(), scratch.data());
            return {scratch.data(), hex_.pattern.size()};
        case SlotKind::kText:
            return {bytes_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]};
    }
    return {};
}

bool SlotColumn::texts(std::span<const std::uint32_t> rows, columnar::Arena& arena,
                       std::string_view* out) const {
    Scratch scratch;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out[i] = text(rows[i], scratch);
        if (out[i].data() != scratch.data()) continue;
        char* const home = arena.try_text(out[i].size());
        if (home == nullptr) return false;
        std::memcpy(home, out[i].data(), out[i].size());
        out[i] = {home, out[i].size()};
    }
    return true;
}

std::uint64_t SlotColumn::memory_bytes() const {
    return sizeof *this + entries_.capacity() * sizeof(std::string_view) +
           codes_.capacity() * sizeof(std::uint16_t) + values_.capacity() * sizeof(std::int64_t) +
           exception_rows_.capacity() * (sizeof(std::uint32_t) + sizeof(std::string_view)) +
           (home_ != nullptr ? bytes_.size() : 0) + offsets_.capacity() * sizeof(std::uint32_t);
}

}  // namespace sky::shapes
