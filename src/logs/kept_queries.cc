// SPDX-License-Identifier: Apache-2.0
#include "logs/kept_queries.h"

#include <algorithm>

#include "base/byte_codec.h"
#include "base/log.h"
#include "crypto/crc32c.h"
#include "logs/limits.h"

namespace sky::logs {
namespace {

constexpr std::string_view kMagic = "SKYQ";
constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kSuffix = ".query";
// Magic, format, head's bytes and CRC, rows' bytes and CRC.
constexpr std::size_t kPrefixBytes = 4 + 4 + 8 + 4 + 8 + 4;
constexpr std::size_t kFilesBytesMax = limits::kKeptFileBytesMax;

struct Parts {
    std::uint64_t head_bytes = 0, rows_bytes = 0;
    std::uint32_t head_crc = 0, rows_crc = 0;
};

std::unexpected<Error> damaged(std::string_view what) {
    return fail(ErrorCode::kCorruption, "a kept query is damaged: " + std::string(what));
}

Result<Parts> read_prefix(std::string_view file) {
    ByteReader reader(file);
    if (reader.take(kMagic.size()) != kMagic) return damaged("no kept query");
    const auto format = reader.word<std::uint32_t>();
    if (format > kFormat) {
        return fail(ErrorCode::kUnavailable,
                    "a kept query has format " + std::to_string(format) +
                        ", written by a newer skywatch; this one knows formats up to " +
                        std::to_string(kFormat));
    }
    Parts parts;
    parts.head_bytes = reader.word<std::uint64_t>();
    parts.head_crc = reader.word<std::uint32_t>();
    parts.rows_bytes = reader.word<std::uint64_t>();
    parts.rows_crc = reader.word<std::uint32_t>();
    if (!reader.ok() || format == 0 || parts.head_bytes > kFilesBytesMax ||
        parts.rows_bytes > kFilesBytesMax) {
        return damaged("its beginning");
    }
    return parts;
}

std::string encode_head(const KeptQuery& query) {
    std::string out;
    put_varint(out, query.number);
    put_text(out, query.id);
    put_text(out, query.tenant.account);
    put_text(out, query.tenant.region);
    put_text(out, query.source_text);
    put_varint(out, query.groups.size());
    for (const std::string& group : query.groups) put_text(out, group);
    put_varint(out, static_cast<std::uint64_t>(query.status));
    put_signed(out, query.creation_ms);
    put_signed(out, query.finished_ms);
    put_varint(out, query.duration_ms ? 1 : 0);
    put_signed(out, query.duration_ms.value_or(0));
    put_word(out, query.statistics.records_matched);
    put_word(out, query.statistics.records_scanned);
    put_word(out, query.statistics.bytes_scanned);
    put_word(out, query.statistics.log_groups_scanned);
    return out;
}

// A row is its number of values, then each one's column and text.
std::string encode_rows(const insights::QueryResult& result) {
    std::string out;
    const insights::ResultRows& rows = result.rows;
    put_varint(out, rows.columns().size());
    for (const std::string& column : rows.columns()) put_text(out, column);
    put_varint(out, rows.size());
    for (const auto& row : rows) {
        put_varint(out, row.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            put_varint(out, row[i].column);
            put_text(out, row[i].value);
        }
    }
    return out;
}

}  // namespace

std::string encode_kept_query(const KeptQuery& query, const insights::QueryResult& result) {
    const std::string head = encode_head(query);
    const std::string rows = encode_rows(result);
    std::string out(kMagic);
    out.reserve(kPrefixBytes + head.size() + rows.size());
    put_word(out, kFormat);
    put_word<std::uint64_t>(out, head.size());
    put_word(out, crypto::crc32c(head));
    put_word<std::uint64_t>(out, rows.size());
    put_word(out, crypto::crc32c(rows));
    return out.append(head).append(rows);
}

Result<KeptQuery> decode_kept_head(std::string_view file) {
    const Parts parts = SKY_TRY(read_prefix(file));
    file.remove_prefix(kPrefixBytes);
    if (file.size() < parts.head_bytes) return damaged("it is cut");
    const std::string_view head = file.substr(0, static_cast<std::size_t>(parts.head_bytes));
    if (crypto::crc32c(head) != parts.head_crc) return damaged("the checksum of its head");
    ByteReader reader(head);
    KeptQuery query;
    const auto text = [&] { return std::string(reader.text(head.size())); };
    query.number = reader.varint();
    query.id = text();
    query.tenant.account = text();
    query.tenant.region = text();
    query.source_text = text();
    const std::uint64_t groups = reader.varint();
    for (std::uint64_t i = 0; i < groups && reader.ok(); ++i) query.groups.push_back(text());
    const std::uint64_t status = reader.varint();
    query.creation_ms = reader.signed_varint();
    query.finished_ms = reader.signed_varint();
    const std::uint64_t has_duration = reader.varint();
    const std::int64_t duration_ms = reader.signed_varint();
    if (has_duration == 1) query.duration_ms = duration_ms;
    query.statistics.records_matched = reader.word<double>();
    query.statistics.records_scanned = reader.word<double>();
    query.statistics.bytes_scanned = reader.word<double>();
    query.statistics.log_groups_scanned = reader.word<double>();
    const bool finished = status >= static_cast<std::uint64_t>(QueryStatus::kComplete) &&
                          status <= static_cast<std::uint64_t>(QueryStatus::kTimeout);
    if (!reader.ok() || reader.left() != 0 || !finished || has_duration > 1) {
        return damaged("its head");
    }
    query.status = static_cast<QueryStatus>(status);
    query.file_bytes = kPrefixBytes + parts.head_bytes + parts.rows_bytes;
    return query;
}

Result<insights::QueryResult> decode_kept_result(std::string_view file) {
    const KeptQuery head = SKY_TRY(decode_kept_head(file));
    const Parts parts = SKY_TRY(read_prefix(file));
    const std::string_view rows =
        file.substr(kPrefixBytes + static_cast<std::size_t>(parts.head_bytes));
    if (rows.size() != parts.rows_bytes) return damaged("its length");
    if (crypto::crc32c(rows) != parts.rows_crc) return damaged("the checksum of its rows");
    ByteReader reader(rows);
    insights::QueryResult result;
    result.statistics = head.statistics;
    const std::uint64_t columns = reader.varint();
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < columns && reader.ok(); ++i) {
        names.emplace_back(reader.text(rows.size()));
    }
    result.rows = insights::ResultRows(std::move(names));
    const std::uint64_t count = reader.varint();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const std::uint64_t cells = reader.varint();
        if (cells > reader.left()) return damaged("its rows");
        for (std::uint64_t c = 0; c < cells && reader.ok(); ++c) {
            const std::uint64_t column = reader.varint();
            if (column >= result.rows.columns().size()) return damaged("its rows");
            result.rows.add(static_cast<std::size_t>(column), reader.text(rows.size()));
        }
        result.rows.end_row();
    }
    if (!reader.ok() || reader.left() != 0) return damaged("its rows");
    return result;
}

Result<KeptQuery> KeptQueries::load_one(const std::string& name) {
    const std::string path = directory_ + "/" + name;
    const auto file = SKY_TRY(fs_.open(path, os::OpenMode::kRead));
    std::string bytes(kPrefixBytes, '\0');
    const auto fill = [&](std::size_t from) -> Status {
        const std::size_t read =
            SKY_TRY(file->pread(from, std::as_writable_bytes(std::span(bytes)).subspan(from)));
        if (read != bytes.size() - from) return damaged("it is cut");
        return {};
    };
    SKY_TRY(fill(0));
    const Parts parts = SKY_TRY(read_prefix(bytes));
    const std::uint64_t size = SKY_TRY(file->size());
    if (size != kPrefixBytes + parts.head_bytes + parts.rows_bytes) return damaged("its length");
    bytes.resize(kPrefixBytes + static_cast<std::size_t>(parts.head_bytes));
    SKY_TRY(fill(kPrefixBytes));
    KeptQuery query = SKY_TRY(decode_kept_head(bytes));
    if (name != query.id + std::string(kSuffix)) return damaged("its name");
    return query;
}

Result<std::vector<KeptQuery>> KeptQueries::load() {
    std::vector<KeptQuery> out;
    const auto names = fs_.list(directory_);
    if (!names && names.error().code == ErrorCode::kNotFound) return out;
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
        auto query = load_one(name);
        if (query) {
            out.push_back(*std::move(query));
            continue;
        }
        // A newer program's files stay: the user may go forward again.
        if (query.error().code == ErrorCode::kUnavailable) continue;
        log::warn("kept_query_dropped", {{"file", name}, {"why", query.error().message}});
        if (const Status gone = fs_.unlink(directory_ + "/" + name); !gone) {
            log::warn("kept_query_stays", {{"file", name}, {"why", gone.error().message}});
        }
    }
    return out;
}

Result<std::uint64_t> KeptQueries::write(const KeptQuery& query,
                                         const insights::QueryResult& result) {
    SKY_TRY(os::make_directories(fs_, directory_));
    const std::string bytes = encode_kept_query(query, result);
    SKY_TRY(os::write_file_durably(fs_, directory_ + "/" + query.id + std::string(kSuffix), bytes));
    return bytes.size();
}

Result<insights::QueryResult> KeptQueries::read(std::string_view id) {
    const std::string path = directory_ + "/" + std::string(id) + std::string(kSuffix);
    return decode_kept_result(SKY_TRY(os::read_file(fs_, path, kFilesBytesMax)));
}

Status KeptQueries::remove(std::string_view id) {
    return fs_.unlink(directory_ + "/" + std::string(id) + std::string(kSuffix));
}

}  // namespace sky::logs
