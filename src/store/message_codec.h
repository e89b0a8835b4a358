// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/message_codec.h - how the message column of a segment is stored.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/text_column.h"

namespace sky::shapes {
class BlockHead;      // shapes/block_head.h
class KnownFamilies;  // shapes/known_families.h
class ShapedBlock;    // shapes/shaped_block.h
}  // namespace sky::shapes

namespace sky::store {

/// Named in every footer. Numbers are never reused.
enum class MessageCoding : std::uint8_t {
    kZstd = 1,    // Lengths as an integer column, the texts as one zstd frame a block.
    kShapes = 2,  // Families and slot columns (shapes/shaped_block.h); the segment is one block.
                  // Of format 2: read, not written any more.
    kFilteredShapes = 3,  // The same; the header has a term filter beside the gram filter.
};
/// Whether the segment is one block of families and slots.
constexpr bool is_shaped(std::uint64_t coding) {
    return coding == static_cast<std::uint64_t>(MessageCoding::kShapes) ||
           coding == static_cast<std::uint64_t>(MessageCoding::kFilteredShapes);
}

/// Encodes the messages of one segment, block by block.
/// Threads: one at a time.
class MessageEncoder {
public:
    virtual ~MessageEncoder() = default;
    virtual MessageCoding coding() const = 0;
    /// What decoders need for all blocks (dictionaries, families); kept in the footer.
    virtual std::string header() const = 0;
    /// Rows and bytes of text of one block, at most; a single row may have more bytes.
    virtual std::size_t block_rows_max() const = 0;
    virtual std::size_t block_bytes_max() const = 0;
    /// Appends rows [begin, end) as one block.
    virtual Status encode(std::size_t begin, std::size_t end, std::string& out) = 0;
};

/// Decodes blocks of one segment.
/// Threads: any number at once.
class MessageDecoder {
public:
    virtual ~MessageDecoder() = default;
    /// Writes `text_bytes` bytes to `text` and the end of each of `ends.size()` rows, counted from
    /// `text`, to `ends`. False when the block is not of that shape.
    [[nodiscard]] virtual bool decode(std::string_view block, char* text, std::size_t text_bytes,
                                      std::span<std::uint32_t> ends) const = 0;
    /// The block as families and slots; null when its coding has none. It takes `home`, where its
    /// bytes lie; null: they are copied. `head`: its own, where it was open before.
    /// Errors: kCorruption.
    virtual Result<std::unique_ptr<const shapes::ShapedBlock>> open_shaped(
        std::string_view block, std::size_t rows, std::size_t text_bytes,
        std::unique_ptr<const char[]> home,
        std::shared_ptr<const shapes::BlockHead> head) const = 0;
    /// False: no message of the segment contains the literal.
    virtual bool may_contain(std::string_view literal) const = 0;
};

struct ChosenEncoder {
    std::unique_ptr<MessageEncoder> encoder;
    /// Shaped lines that were looked at again and did not come back; the text is plain then.
    std::uint64_t mismatches = 0;
};
/// Makes a shaped block of messages, by the families that are known of the group where it has
/// `known`; a test may pass one that fails.
using Shaper = std::string (*)(const columnar::TextColumn& messages, shapes::KnownFamilies* known);
std::string shape_messages(const columnar::TextColumn& messages, shapes::KnownFamilies* known);

/// Plain text, whatever it is. `messages`: as below.
ChosenEncoder plain_message_encoder(const columnar::TextColumn& messages);
/// Shapes, where they give the lines back and are not larger than plain text; else plain text.
/// `messages` outlives the encoder and has at least one row.
ChosenEncoder choose_message_encoder(const columnar::TextColumn& messages,
                                     shapes::KnownFamilies* known = nullptr,
                                     Shaper shaper = shape_messages);
/// Errors: kUnavailable (a coding of a newer program), kCorruption (header).
Result<std::unique_ptr<const MessageDecoder>> make_message_decoder(std::uint64_t coding,
                                                                   std::string_view header);

}  // namespace sky::store
