// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/admin/api/audit_log.h - who changed what and when, in audit.log of the data
              // directory.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "aws/dispatch.h"
#include "base/result.h"

namespace sky::os {
class Fs;
}

namespace sky::admin::api {

/// JSON, one record a line, in the order of their ends (docs/access-control.md). At 32 MiB the file
/// becomes audit.1.log, that one audit.2.log, and so on; ten are kept.
/// Threads: every member may be called from any thread.
class AuditLog {
public:
    /// `fs` outlives the log; the directory exists. Nothing is touched before the first record.
    AuditLog(os::Fs& fs, std::string directory);

    /// Appends one record and makes it durable. Errors: those of Fs.
    Status append(const aws::AuditRecord& record);

private:
    Status rotate();
    std::string path(int number) const;

    os::Fs& fs_;
    const std::string directory_;
    std::mutex mutex_;
};

/// One line with its end. `parameters` is JSON already.
std::string render_audit(const aws::AuditRecord& record);

}  // namespace sky::admin::api
