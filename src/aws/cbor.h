// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/cbor.h - items of CBOR (RFC 8949), read one after the other and written.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sky::aws {

enum class CborKind : std::uint8_t {
    kUnsigned,
    kNegative,
    kBytes,
    kText,
    kArray,
    kMap,
    kTag,
    kFalse,
    kTrue,
    kNull,  // Also undefined.
    kFloat,
    kBreak,  // The end of an item of unknown length.
};

/// The head of an item; what an array or map holds follows as items of their own.
struct CborItem {
    CborKind kind = CborKind::kNull;
    std::uint64_t number = 0;  // Value of kUnsigned; -1 - number of kNegative; tag; count of items.
    bool open_ended = false;   // kArray, kMap: ends with kBreak, `number` says nothing.
    double real = 0;           // kFloat.
    std::string text;          // kBytes, kText; pieces joined.
};

/// Reads from untrusted bytes: no item is larger than what is left of them.
class CborReader {
public:
    explicit CborReader(std::string_view bytes) : rest_(bytes) {}

    /// The next head; nullopt when the bytes end or are no CBOR. Texts are UTF-8.
    std::optional<CborItem> next();
    /// Skips what belongs to `item`, which next() has returned. False as above, or too deep.
    bool skip(const CborItem& item, std::size_t depth);
    bool at_end() const { return rest_.empty(); }

private:
    bool take(std::size_t bytes, std::string_view& out);
    bool argument(unsigned info, std::uint64_t& out);
    bool text(unsigned info, unsigned major, std::string& out);

    std::string_view rest_;
};

/// Heads of the shortest form.
void append_cbor_unsigned(std::string& out, std::uint64_t value);
void append_cbor_integer(std::string& out, std::int64_t value);
void append_cbor_text(std::string& out, std::string_view text);
void append_cbor_bytes(std::string& out, std::string_view bytes);
void append_cbor_array(std::string& out, std::uint64_t count);
void append_cbor_map(std::string& out, std::uint64_t count);
void append_cbor_tag(std::string& out, std::uint64_t tag);
void append_cbor_boolean(std::string& out, bool value);
void append_cbor_float(std::string& out, float value);
void append_cbor_double(std::string& out, double value);

}  // namespace sky::aws
