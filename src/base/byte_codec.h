// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/byte_codec.h - varints and strings of footers; fixed words little-endian.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sky {

static_assert(std::endian::native == std::endian::little, "files are little-endian, as we are");

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

template <class T>
T load_word(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<char>(value));
}
inline void put_signed(std::string& out, std::int64_t value) { put_varint(out, zigzag(value)); }
inline void put_text(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out.append(text);
}
template <class T>
void put_word(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

/// Reads what the functions above wrote, never beyond the end. After the first malformed or missing
/// value ok() stays false and every read gives 0 or "".
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
    bool ok() const { return ok_; }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    const char* position() const { return at_; }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ == end_) return stop();
            const auto byte = static_cast<unsigned char>(*at_++);
            const std::uint64_t bits = byte & 0x7FU;
            if (shift == 63 && bits > 1) return stop();
            value |= bits << shift;
            if (byte < 0x80) return value;
        }
        return stop();
    }
    std::int64_t signed_varint() { return unzigzag(varint()); }
    std::string_view text(std::size_t bytes_max) {
        const std::uint64_t bytes = varint();
        if (bytes > bytes_max || bytes > left()) {
            stop();
            return {};
        }
        return take(static_cast<std::size_t>(bytes));
    }
    template <class T>
    T word() {
        if (left() < sizeof(T)) return static_cast<T>(stop());
        return load_word<T>(take(sizeof(T)).data());
    }
    std::string_view take(std::size_t bytes) {
        if (bytes > left()) {
            stop();
            return {};
        }
        const std::string_view out(at_, bytes);
        at_ += bytes;
        return out;
    }

private:
    std::uint64_t stop() {
        ok_ = false;
        at_ = end_;
        return 0;
    }
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

}  // namespace sky
