// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/account_shares.h - which account's batches are refused first when memory
              // gets short.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace sky::store {

/// Under pressure an account may fill no more than its equal share of what comes in; what is left
/// of the memory then belongs to the others. Alone, an account may take everything.
/// Threads: any.
class AccountShares {
public:
    /// Counts the account among those that want to write; false when it has had more than its share
    /// since relax().
    bool within_share(std::string_view account);
    /// Of an admitted batch.
    void admitted(std::string_view account, std::uint64_t bytes);
    /// The pressure is over: all that is forgotten.
    void relax();

private:
    std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> bytes_;
    std::uint64_t total_ = 0;
};

}  // namespace sky::store
