// SPDX-License-Identifier: Apache-2.0
#include "aws/testing/vectors.h"

#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sky::aws::testing {

std::optional<json::Document> shared_json(const std::string& name) {
    const char* chosen = std::getenv("SKYWATCH_SHARED");
    const std::string path =
        (chosen != nullptr ? chosen : SKY_SOURCE_DIR "/../shared") + ("/data/" + name);
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::printf("skipped: %s is absent\n", path.c_str());
        return std::nullopt;
    }
    const std::string packed{std::istreambuf_iterator<char>(file), {}};
    std::string text;
    ZSTD_DCtx* context = ZSTD_createDCtx();
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::string piece(1 << 16, '\0');
    while (in.pos < in.size) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        if (ZSTD_isError(ZSTD_decompressStream(context, &out, &in))) std::abort();
        text.append(piece, 0, out.pos);
    }
    for (bool more = true; more;) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        if (ZSTD_isError(ZSTD_decompressStream(context, &out, &in))) std::abort();
        text.append(piece, 0, out.pos);
        more = out.pos == out.size;
    }
    ZSTD_freeDCtx(context);
    auto document = json::Document::parse(text);
    if (!document) std::abort();
    return std::move(*document);
}

}  // namespace sky::aws::testing
