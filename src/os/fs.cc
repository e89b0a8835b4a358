// SPDX-License-Identifier: Apache-2.0
#include "os/fs.h"

#include "os/limits.h"

namespace sky::os {

std::string parent_directory(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    if (slash == 0) return "/";
    return std::string(path.substr(0, slash));
}

Status make_directories(Fs& fs, const std::string& path) {
    if (path.empty() || path == "." || path == "/") return {};
    const auto present = fs.stat(path);
    if (present) {
        if (present->directory) return {};
        return fail(ErrorCode::kInvalidArgument, "not a directory: " + path);
    }
    if (present.error().code != ErrorCode::kNotFound) return std::unexpected(present.error());
    const std::string parent = parent_directory(path);
    SKY_TRY(make_directories(fs, parent));
    const Status made = fs.make_directory(path);
    if (!made && made.error().code != ErrorCode::kAlreadyExists) return made;
    return fs.fsync_directory(parent);
}

Status write_zeros(File& file, std::uint64_t bytes) {
    const std::vector<std::byte> zeros(std::min<std::uint64_t>(bytes, limits::kZeroBlockBytes));
    for (std::uint64_t at = 0; at < bytes;) {
        const auto step = std::min<std::uint64_t>(bytes - at, zeros.size());
        SKY_TRY(file.pwrite(at, std::span(zeros).first(static_cast<std::size_t>(step))));
        SKY_TRY(file.fdatasync());
        at += step;
    }
    return {};
}

Result<std::string> read_file(Fs& fs, const std::string& path, std::uint64_t bytes_max) {
    const auto file = SKY_TRY(fs.open(path, OpenMode::kRead));
    const std::uint64_t bytes = SKY_TRY(file->size());
    if (bytes > bytes_max)
        return fail(ErrorCode::kInvalidArgument, "file is too long to read at once: " + path);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    const std::size_t got = SKY_TRY(file->pread(0, std::as_writable_bytes(std::span(text))));
    text.resize(got);
    return text;
}

Status write_file_durably(Fs& fs, const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    {
        const auto file = SKY_TRY(fs.open(temporary, OpenMode::kCreate));
        SKY_TRY(file->truncate(0));
        SKY_TRY(file->pwrite(0, bytes));
        SKY_TRY(file->fdatasync());
    }
    SKY_TRY(fs.rename(temporary, path));
    return fs.fsync_directory(parent_directory(path));
}

}  // namespace sky::os
