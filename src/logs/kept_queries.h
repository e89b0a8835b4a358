// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/kept_queries.h - finished queries on disk, a file each (docs/formats.md).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "insights/exec/query.h"
#include "logs/query_sessions.h"
#include "os/fs.h"

namespace sky::logs {

/// What is known of a finished query without its rows.
struct KeptQuery {
    std::uint64_t number = 0;  // Ascends with creation.
    std::string id, source_text;
    Tenant tenant;
    std::vector<std::string> groups;
    QueryStatus status = QueryStatus::kComplete;
    std::int64_t creation_ms = 0, finished_ms = 0;
    std::optional<std::int64_t> duration_ms;
    insights::Statistics statistics;
    std::uint64_t file_bytes = 0;  // Of what was read; nothing to write.
};

/// The file's bytes, and back. Errors of reading: kCorruption (of bytes), kUnavailable (a newer
/// format).
std::string encode_kept_query(const KeptQuery& query, const insights::QueryResult& result);
Result<KeptQuery> decode_kept_head(std::string_view file);
Result<insights::QueryResult> decode_kept_result(std::string_view file);

/// The directory of these files, made when the first is written. Threads: any, one a query.
class KeptQueries {
public:
    KeptQueries(os::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

    /// Every query of the directory, in no order. Files that cannot be read are removed and told in
    /// the log: an answer that may be wrong is worse than none. Errors: those of listing.
    Result<std::vector<KeptQuery>> load();
    /// Durable when it returns. The file's size.
    Result<std::uint64_t> write(const KeptQuery& query, const insights::QueryResult& result);
    Result<insights::QueryResult> read(std::string_view id);
    Status remove(std::string_view id);

private:
    Result<KeptQuery> load_one(const std::string& name);

    os::Fs& fs_;
    const std::string directory_;
};

}  // namespace sky::logs
