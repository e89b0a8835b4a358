// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/account_shares.h - which account's batches are refused first when memory
              // gets short.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace sky::store {

/// The last of the memory is kept for accounts that have brought less than the average while it got
/// short, so that one that comes while another floods finds room at once.
/// Threads: any.
class AccountShares {
public:
    /// Counts the account among those that want to write, and tells whether it has had less than
    /// the average of them since relax(). With one account alone: no, once it has had anything.
    bool below_average(std::string_view account);
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
