// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/block_note.h - what a reader found out about the lines of a block, kept
              // with what the block says of itself for whoever asks the same of them again.

#include <cstdint>
#include <memory>

namespace sky::shapes {

/// Immutable; any thread.
class BlockNote {
public:
    virtual ~BlockNote() = default;
    virtual std::uint64_t memory_bytes() const = 0;
};
using BlockNotePtr = std::shared_ptr<const BlockNote>;

}  // namespace sky::shapes
