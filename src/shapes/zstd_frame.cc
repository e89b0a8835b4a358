// SPDX-License-Identifier: Apache-2.0
#include "shapes/zstd_frame.h"

#include <zstd.h>

#include <memory>

namespace sky::shapes {

namespace {

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

bool append_zstd(std::string_view raw, std::string& out, int level) {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    if (!context) return false;
    const std::size_t start = out.size(), bound = ZSTD_compressBound(raw.size());
    out.resize(start + bound);
    const std::size_t got =
        ZSTD_compressCCtx(context.get(), out.data() + start, bound, raw.data(), raw.size(), level);
    const bool good = ZSTD_isError(got) == 0;
    out.resize(start + (good ? got : 0));
    return good;
}

bool decode_zstd(std::string_view frame, char* out, std::size_t raw_bytes) {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    if (!context) return false;
    const std::size_t got =
        ZSTD_decompressDCtx(context.get(), out, raw_bytes, frame.data(), frame.size());
    return ZSTD_isError(got) == 0 && got == raw_bytes;
}

}  // namespace sky::shapes
