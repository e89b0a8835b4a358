// SPDX-License-Identifier: Apache-2.0
#include "store/account_shares.h"

namespace sky::store {

bool AccountShares::below_average(std::string_view account) {
    const std::lock_guard lock(mutex_);
    const auto it = bytes_.find(account);
    const std::uint64_t mine = (it == bytes_.end() ? bytes_.emplace(account, 0).first : it)->second;
    return mine * bytes_.size() < total_ || total_ == 0;
}

void AccountShares::admitted(std::string_view account, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto it = bytes_.find(account);
    (it == bytes_.end() ? bytes_.emplace(account, 0).first : it)->second += bytes;
    total_ += bytes;
}

void AccountShares::relax() {
    const std::lock_guard lock(mutex_);
    bytes_.clear();
    total_ = 0;
}

}  // namespace sky::store
