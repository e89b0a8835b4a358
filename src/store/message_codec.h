// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/message_codec.h - how the message column of a segment is stored.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "columnar/text_column.h"

namespace sky::store {

/// Named in every footer. Numbers are never reused.
enum class MessageCoding : std::uint8_t {
    kZstd = 1,  // Lengths as an integer column, the texts as one zstd frame a block.
};

/// Encodes the messages of one segment, block by block.
/// Threads: one at a time.
class MessageEncoder {
public:
    virtual ~MessageEncoder() = default;
    virtual MessageCoding coding() const = 0;
    /// What decoders need for all blocks (dictionaries, families); kept in the footer.
    virtual std::string header() const = 0;
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
};

/// `messages` outlives the encoder.
std::unique_ptr<MessageEncoder> make_message_encoder(const columnar::TextColumn& messages);
/// Errors: kUnavailable (a coding of a newer program), kCorruption (header).
Result<std::unique_ptr<const MessageDecoder>> make_message_decoder(std::uint64_t coding,
                                                                   std::string_view header);

}  // namespace sky::store
