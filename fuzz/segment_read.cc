// SPDX-License-Identifier: Apache-2.0
// A segment of any bytes: an error, or rows that keep every promise of a batch, and the same rows
// for a clipped read. The first byte chooses whether checksums count: without them the fuzzer
// reaches the decoders behind them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "os/sim_fs.h"
#include "store/segment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sky;
    using namespace sky::store;
    if (size == 0) return 0;
    const bool verify = data[0] % 2 == 0;
    os::SimFs fs(1);
    {
        const auto file = *fs.open("f.seg", os::OpenMode::kCreateNew);
        const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
        SKY_ASSERT(file->pwrite(0, bytes), "the simulated disk has room");
    }
    const auto reader =
        SegmentReader::open(fs, "f.seg", verify ? Checksums::kVerify : Checksums::kIgnore);
    if (!reader) {
        SKY_ASSERT(reader.error().message.find("f.seg") != std::string::npos,
                   "errors name the file");
        return 0;
    }
    const SegmentFooter& footer = (*reader)->footer();
    const TimeRange whole{footer.row.min_ms, footer.row.max_ms};
    const auto all = (*reader)->read({.range = whole}, Columns::kAll);
    if (!all) {
        SKY_ASSERT(all.error().message.find("f.seg") != std::string::npos, "errors name the file");
        return 0;
    }
    const std::size_t rows = all->rows();
    SKY_ASSERT(rows == footer.row.rows && all->sequence.size() == rows &&
                   all->ingestion_ms.size() == rows && all->stream.size() == rows &&
                   all->message.size() == rows,
               "columns have the same number of rows, as many as the footer says");
    for (std::size_t i = 0; i < rows; ++i)
        SKY_ASSERT(all->message[i].data() + all->message[i].size() <=
                       all->message.data().data() + all->message.data().size(),
                   "texts lie inside the buffer");
    const TimeRange half{all->timestamp_ms[rows / 2], footer.row.max_ms};
    const auto part = (*reader)->read({.range = half}, Columns::kMessage);
    SKY_ASSERT(part, "what could be read whole can be read in part");
    SKY_ASSERT(part->message.size() == part->rows() && part->rows() <= rows,
               "a clipped read is a part");
    const std::size_t skipped = rows - part->rows();
    for (std::size_t i = 0; i < part->rows(); ++i)
        SKY_ASSERT(part->message[i] == all->message[skipped + i] &&
                       part->timestamp_ms[i] == all->timestamp_ms[skipped + i],
                   "the newest rows of the whole");

    const StreamId only[] = {all->stream[rows / 2]};
    const auto one = (*reader)->read({.range = whole, .streams = only}, Columns::kMessage);
    SKY_ASSERT(one, "what could be read whole can be read by stream");
    std::size_t next = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        if (all->stream[i] != only[0]) continue;
        SKY_ASSERT(next < one->rows() && one->sequence[next] == all->sequence[i] &&
                       one->message[next] == all->message[i],
                   "exactly the stream's rows");
        ++next;
    }
    SKY_ASSERT(next == one->rows(), "and no others");
    return 0;
}
