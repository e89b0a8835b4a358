// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/base/result.h - errors are values: Result<T>, Error, SKY_TRY.

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace sky {

/// What a caller can act on. Wire names are mapped in one table per service (logs/api/errors.cc).
enum class ErrorCode : std::uint8_t {
    kInvalidArgument,   // A value breaks a rule; the message says which.
    kNotFound,          // The named thing does not exist.
    kAlreadyExists,     // A create met an existing name.
    kLimitExceeded,     // A quota that only the user can change.
    kThrottled,         // Try again later: a queue or budget is full.
    kAccessDenied,      // Known caller, not allowed.
    kAborted,           // A concurrent change of the same thing won.
    kInvalidState,      // The thing exists but its state forbids the operation.
    kMalformedQuery,    // Query text; `offset` and `length` point at the fault.
    kCancelled,         // The caller asked to stop.
    kDeadlineExceeded,  // Time is up.
    kUnavailable,       // Draining, read-only after a disk failure, not ready.
    kNoSpace,           // The disk is full.
    kCorruption,        // Bytes on disk are not what was written.
    kInternal,          // A bug or an I/O error that the caller cannot mend.
};

/// Short stable name of a code, for logs ("not_found").
const char* error_code_name(ErrorCode code);

struct Error {
    ErrorCode code;
    std::string message;       // For the user: fixed words first, runtime values last.
    std::int64_t offset = -1;  // Byte offset into the query text or body, when there is one.
    std::int64_t length = 0;   // Bytes of the fault from `offset`.
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::int64_t offset = -1,
                                   std::int64_t length = 0) {
    return std::unexpected(Error{code, std::move(message), offset, length});
}

}  // namespace sky

/// Unwraps a Result or returns its error from the enclosing function. One a line; do not nest.
#define SKY_TRY(expr)                                                       \
    __extension__({                                                         \
        auto sky_try_ = (expr);                                             \
        if (!sky_try_) return std::unexpected(std::move(sky_try_).error()); \
        *std::move(sky_try_);                                               \
    })
