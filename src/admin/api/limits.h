// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/admin/api/limits.h - bounds of administration.

#include <cstddef>
#include <cstdint>

namespace sky::admin::api::limits {

/// Source: IAM model, accessKeyIdType 16..128 of [\w]. The secret's bound is 128 bits at the least.
inline constexpr std::size_t kIdBytesMin = 16, kIdBytesMax = 128;
inline constexpr std::size_t kSecretBytesMin = 16, kSecretBytesMax = 256;
/// Of a pair whose importer asks for it: what emulators' documentation tells people to set
/// (`test`, `test`). Such a key is good on this machine alone (docs/access-control.md).
inline constexpr std::size_t kShortPairBytesMin = 4;

/// Source: IAM model, userDescription and tags have 256 characters.
inline constexpr std::size_t kDescriptionBytesMax = 256;

/// Our choice: all are held in memory and listed in one answer.
inline constexpr std::size_t kKeysPerAccountMax = 1'000;

/// A request of administration: names and secrets only.
inline constexpr std::uint64_t kBodyBytesMax = 16 * 1024;

/// Of one file of the audit log, and files kept: audit.log, audit.1.log ... Our choice: about a
/// million records in all.
inline constexpr std::uint64_t kAuditFileBytesMax = 32 << 20;
inline constexpr int kAuditFilesMax = 10;

}  // namespace sky::admin::api::limits
