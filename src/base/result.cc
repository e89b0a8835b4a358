// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace sky {

const char* error_code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid_argument";
        case ErrorCode::kNotFound:
            return "not_found";
        case ErrorCode::kAlreadyExists:
            return "already_exists";
        case ErrorCode::kLimitExceeded:
            return "limit_exceeded";
        case ErrorCode::kThrottled:
            return "throttled";
        case ErrorCode::kAccessDenied:
            return "access_denied";
        case ErrorCode::kAborted:
            return "aborted";
        case ErrorCode::kInvalidState:
            return "invalid_state";
        case ErrorCode::kMalformedQuery:
            return "malformed_query";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kDeadlineExceeded:
            return "deadline_exceeded";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kNoSpace:
            return "no_space";
        case ErrorCode::kCorruption:
            return "corruption";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "unknown";
}

}  // namespace sky
