// SPDX-License-Identifier: Apache-2.0
#include "store/ballast.h"

#include "base/log.h"

namespace sky::store {

void Ballast::make() {
    const std::lock_guard lock(mutex_);
    if (held_ || bytes_ == 0) return;
    const auto present = fs_.stat(path_);
    if (present && present->bytes == bytes_) {
        held_ = true;
        return;
    }
    if (present) static_cast<void>(fs_.unlink(path_));  // Half made, or of another size.
    const std::string directory = os::parent_directory(path_);
    const auto space = fs_.free_bytes(directory);
    if (!space || *space / 2 < bytes_) return;
    const auto written = [&]() -> Status {
        const auto file = SKY_TRY(fs_.open(path_, os::OpenMode::kCreate));
        SKY_TRY(os::write_zeros(*file, bytes_));
        return fs_.fsync_directory(directory);
    }();
    if (written) {
        held_ = true;
        return;
    }
    log::warn("store.ballast_not_made", {{"error", written.error().message}});
    static_cast<void>(fs_.unlink(path_));
}

bool Ballast::free() {
    const std::lock_guard lock(mutex_);
    if (!held_) return false;
    const Status gone = fs_.unlink(path_);
    if (!gone) {
        log::error("store.ballast_not_freed", {{"error", gone.error().message}});
        return false;
    }
    held_ = false;
    log::warn("store.ballast_freed", {{"bytes", bytes_}, {"file", path_}});
    return true;
}

bool Ballast::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

}  // namespace sky::store
