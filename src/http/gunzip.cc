// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>

#include "http/server.h"

namespace sky::http {
namespace {

// Frees zlib's state on every way out.
struct Inflater {
    z_stream stream{};
    bool open = false;
    Inflater() = default;
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater() {
        if (open) inflateEnd(&stream);
    }
};

constexpr int kGzipOrZlib = 15 + 32;  // Window bits; 32 asks zlib to look at the header.
constexpr std::size_t kFirstOutputBytes = 16 * 1024;

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::uint64_t inflated_bytes_max) {
    if (compressed.empty()) {
        return fail(ErrorCode::kInvalidArgument, "The gzip body is empty.");
    }
    if (compressed.size() > std::numeric_limits<uInt>::max()) {
        return fail(ErrorCode::kLimitExceeded, "The gzip body is too long.");
    }
    Inflater inflater;
    z_stream& z = inflater.stream;
    if (inflateInit2(&z, kGzipOrZlib) != Z_OK) {
        return fail(ErrorCode::kInternal, "No memory to inflate the body.");
    }
    inflater.open = true;
    // zlib's interface is not const-correct; it only reads the input.
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    z.avail_in = static_cast<uInt>(compressed.size());
    const bool is_gzip = compressed.size() >= 2 && compressed[0] == '\x1f';

    std::string out;
    std::size_t used = 0;
    for (;;) {
        if (used == out.size()) {
            // One byte beyond the cap tells "exactly the cap" from "more".
            const std::uint64_t wanted =
                std::max<std::uint64_t>({kFirstOutputBytes, 2 * out.size(), 3 * compressed.size()});
            const auto size = static_cast<std::size_t>(
                std::min(wanted, std::max(inflated_bytes_max, inflated_bytes_max + 1)));
            if (size <= out.size()) {
                return fail(ErrorCode::kLimitExceeded,
                            "The body inflates to more bytes than are allowed: " +
                                std::to_string(inflated_bytes_max));
            }
            // Not the lambda's own argument: libstdc++ 12 passes the grown capacity there.
            out.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
        }
        const std::size_t room =
            std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max());
        z.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        z.avail_out = static_cast<uInt>(room);
        const int code = inflate(&z, Z_NO_FLUSH);
        used += room - z.avail_out;
        if (used > inflated_bytes_max) {
            return fail(ErrorCode::kLimitExceeded,
                        "The body inflates to more bytes than are allowed: " +
                            std::to_string(inflated_bytes_max));
        }
        if (code == Z_STREAM_END) {
            if (z.avail_in == 0) break;
            // RFC 1952 2.2: members follow one another. A zlib stream is always alone.
            if (!is_gzip || inflateReset2(&z, 15 + 16) != Z_OK) {
                return fail(ErrorCode::kInvalidArgument, "Bytes follow the end of the zlib body.");
            }
            continue;
        }
        if (code != Z_OK && code != Z_BUF_ERROR) {
            return fail(ErrorCode::kInvalidArgument, "The body is not valid gzip.");
        }
        if (z.avail_in == 0 && z.avail_out != 0) {
            return fail(ErrorCode::kInvalidArgument, "The gzip body is cut short.");
        }
    }
    out.resize(used);
    return out;
}

}  // namespace sky::http
