// SPDX-License-Identifier: Apache-2.0
#include "admin/api/audit_log.h"

#include "admin/api/limits.h"
#include "base/time.h"
#include "json/writer.h"
#include "os/fs.h"

namespace sky::admin::api {

std::string render_audit(const aws::AuditRecord& record) {
    std::string out;
    json::Writer writer(out);
    const auto text = [&](std::string_view key, std::string_view value) {
        if (value.empty()) return;
        writer.key(key);
        writer.string(value);
    };
    writer.begin_object();
    text("time", format_iso8601_ms(record.time_ms));
    text("action", record.action);
    text("who", record.caller_arn);
    text("account", record.account);
    text("access_key_id", record.access_key_id);
    text("from", record.remote_ip);
    text("request_id", record.request_id);
    writer.key("parameters");
    writer.raw(record.parameters.empty() ? "{}" : record.parameters);
    if (record.status != 0) {
        writer.key("status");
        writer.integer(record.status);
    }
    text("error", record.error_type);
    writer.end_object();
    out.push_back('\n');
    return out;
}

AuditLog::AuditLog(os::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

std::string AuditLog::path(int number) const {
    return directory_ + (number == 0 ? "/audit.log" : "/audit." + std::to_string(number) + ".log");
}

Status AuditLog::rotate() {
    for (int number = limits::kAuditFilesMax - 1; number > 0; --number) {
        const Status moved = fs_.rename(path(number - 1), path(number));
        if (!moved && moved.error().code != ErrorCode::kNotFound) return moved;
    }
    return fs_.fsync_directory(directory_);
}

Status AuditLog::append(const aws::AuditRecord& record) {
    const std::string line = render_audit(record);
    const std::lock_guard lock(mutex_);
    // Opened each time: administration is rare, and an operator may move the file away.
    auto file = SKY_TRY(fs_.open(path(0), os::OpenMode::kCreate));
    std::uint64_t end = SKY_TRY(file->size());
    if (end != 0 && end + line.size() > limits::kAuditFileBytesMax) {
        file.reset();
        SKY_TRY(rotate());
        file = SKY_TRY(fs_.open(path(0), os::OpenMode::kCreate));
        end = 0;
    }
    SKY_TRY(file->pwrite(end, line));
    SKY_TRY(file->fdatasync());
    return end == 0 ? fs_.fsync_directory(directory_) : Status();
}

}  // namespace sky::admin::api
