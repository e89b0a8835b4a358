// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/packs.h - one file that holds many whole segments: write it, list it. The
              // format: docs/formats.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fs.h"

namespace sky::store {

/// Rises with every change of the format; a file of a higher one is refused by name.
inline constexpr std::uint32_t kPackFormat = 1;

/// A segment in a pack: all its bytes, header to trailer, so that it can be read alone.
struct PackEntry {
    std::uint64_t id = 0, offset = 0, bytes = 0;
    std::uint32_t crc = 0;  // Of its trailer, which stands for the rest of it.
    friend bool operator==(const PackEntry&, const PackEntry&) = default;
};

/// All that is known of a pack without reading its segments.
struct PackDirectory {
    std::uint64_t id = 0, file_bytes = 0;
    std::uint32_t level = 0;         // SegmentRow::level of the segments in it.
    std::vector<PackEntry> entries;  // One after the other, without gaps.
};

/// Writes "<directory>/<id>.pack" under a temporary name, segment by segment.
/// Threads: one at a time.
class PackWriter {
public:
    PackWriter(os::Fs& fs, const std::string& directory, std::uint64_t id, std::uint32_t level);
    /// Removes what was not finished.
    ~PackWriter();
    PackWriter(const PackWriter&) = delete;
    PackWriter& operator=(const PackWriter&) = delete;

    /// Appends a whole segment; where it begins in the file.
    /// Errors: those of os::Fs; the pack cannot be finished then.
    Result<std::uint64_t> add(std::uint64_t segment_id, std::string_view segment);
    /// Writes the rest, syncs the file and gives it its name, which is durable after
    /// fsync_directory(). Expects at least one segment. Errors: those of os::Fs.
    Status finish();

    std::uint64_t id() const { return directory_.id; }
    const std::string& path() const { return path_; }
    std::size_t segments() const { return directory_.entries.size(); }
    /// Of the file so far; all of it after finish().
    std::uint64_t bytes() const { return written_ + waiting_.size(); }

private:
    Status write_waiting();

    os::Fs& fs_;
    const std::string path_, temporary_;
    std::unique_ptr<os::File> file_;
    PackDirectory directory_;
    std::string waiting_;  // Not yet written, from offset written_ on.
    std::uint64_t written_ = 0;
    bool finished_ = false;
};

/// Reads a pack's directory. Errors: kCorruption, kUnavailable (newer format), those of os::Fs; all
/// name the file.
Result<PackDirectory> read_pack(os::Fs& fs, const std::string& path);
/// `bytes` begin at `offset` of the file. Errors: kCorruption; without the file's name.
Result<PackDirectory> parse_pack_directory(std::string_view bytes, std::uint64_t offset);

}  // namespace sky::store
