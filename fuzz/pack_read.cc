// SPDX-License-Identifier: Apache-2.0
// A pack of any bytes: an error that names the file, or segments that lie in it one after the other
// and fill it up to its directory. The first byte chooses between a whole file and a directory
// alone, which the fuzzer reaches without checksums.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "os/sim_fs.h"
#include "store/packs.h"
#include "store/segment_format.h"

namespace {

void check(const sky::store::PackDirectory& directory, std::uint64_t end) {
    std::uint64_t at = sky::store::kSegmentHeaderBytes;
    for (const auto& entry : directory.entries) {
        SKY_ASSERT(entry.offset == at && entry.bytes <= end - at, "segments follow one another");
        at += entry.bytes;
    }
    SKY_ASSERT(at == end && !directory.entries.empty(), "and fill the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    using namespace sky::store;
    if (size < 3) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 0) {
        const std::uint64_t end = kSegmentHeaderBytes +
                                  256U * static_cast<unsigned char>(bytes[0]) +
                                  static_cast<unsigned char>(bytes[1]);
        if (const auto directory = parse_pack_directory(bytes.substr(2), end))
            check(*directory, end);
        return 0;
    }
    os::SimFs fs(1);
    {
        const auto file = *fs.open("f.pack", os::OpenMode::kCreateNew);
        SKY_ASSERT(file->pwrite(0, bytes), "the simulated disk has room");
    }
    const auto directory = read_pack(fs, "f.pack");
    if (!directory) {
        SKY_ASSERT(directory.error().message.find("f.pack") != std::string::npos,
                   "errors name the file");
        return 0;
    }
    check(*directory, directory->entries.back().offset + directory->entries.back().bytes);
    return 0;
}
