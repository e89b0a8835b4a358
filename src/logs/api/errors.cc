// SPDX-License-Identifier: Apache-2.0
#include "logs/api/errors.h"

#include <algorithm>

#include "aws/codec.h"
#include "base/log.h"
#include "logs/api/shapes/structures.h"

namespace sky::logs::api {
namespace {

struct Deviation {
    std::string_view operation;
    ErrorCode code;
    std::string_view type;
};

// Where an operation answers another type than the general table; each from its published list of
// errors (logs-api.md 14).
constexpr auto kDeviations = std::to_array<Deviation>({
    {"DeleteLogGroup", ErrorCode::kInvalidState, "ValidationException"},
    {"DeleteLogStream", ErrorCode::kInvalidState, "ValidationException"},
    {"TagLogGroup", ErrorCode::kLimitExceeded, "InvalidParameterException"},
    {"TagResource", ErrorCode::kLimitExceeded, "TooManyTagsException"},
});

std::string_view general_type(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "InvalidParameterException";
        case ErrorCode::kNotFound:
            return "ResourceNotFoundException";
        case ErrorCode::kAlreadyExists:
            return "ResourceAlreadyExistsException";
        case ErrorCode::kLimitExceeded:
            return "LimitExceededException";
        case ErrorCode::kThrottled:
            return aws::error_types::kThrottling;
        case ErrorCode::kAccessDenied:
            return aws::error_types::kAccessDenied;
        case ErrorCode::kAborted:
            return "OperationAbortedException";
        case ErrorCode::kInvalidState:
            return "InvalidOperationException";
        case ErrorCode::kMalformedQuery:
            return "MalformedQueryException";
        case ErrorCode::kCancelled:
        case ErrorCode::kDeadlineExceeded:
        case ErrorCode::kUnavailable:
        case ErrorCode::kNoSpace:
            return aws::error_types::kServiceUnavailable;
        case ErrorCode::kCorruption:
        case ErrorCode::kInternal:
            break;
    }
    return aws::error_types::kInternalFailure;
}

/// Texts about our disks and files are for our log, not for clients.
std::string_view public_message(ErrorCode code) {
    switch (code) {
        case ErrorCode::kThrottled:
            return "Rate exceeded";
        case ErrorCode::kUnavailable:
        case ErrorCode::kNoSpace:
            return "The service cannot complete the request. Please retry the request.";
        case ErrorCode::kCorruption:
        case ErrorCode::kInternal:
            return "An internal error occurred. Please retry the request.";
        default:
            return {};
    }
}

}  // namespace

aws::ServiceError map_error(const aws::OperationModel& operation, const Error& error) {
    std::string_view type = general_type(error.code);
    for (const Deviation& deviation : kDeviations)
        if (deviation.operation == operation.name && deviation.code == error.code)
            type = deviation.type;
    Error told = error;
    if (const std::string_view message = public_message(error.code); !message.empty()) {
        log::warn("operation_failed", {{"operation", operation.name},
                                       {"code", error_code_name(error.code)},
                                       {"message", error.message}});
        told.message = message;
    }
    return {std::string(type), std::move(told)};
}

std::int32_t utf16_offset(std::string_view text, std::int64_t byte_offset) {
    const auto end = static_cast<std::size_t>(
        std::clamp<std::int64_t>(byte_offset, 0, static_cast<std::int64_t>(text.size())));
    std::int32_t units = 0;
    for (const char c : text.substr(0, end)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
    }
    return units;
}

aws::ServiceError query_error(std::string_view query_text, Error error) {
    if (error.code != ErrorCode::kMalformedQuery) return {std::move(error)};
    MalformedQueryException detail;
    QueryCompileError& compile_error = detail.query_compile_error.emplace();
    compile_error.message = error.message;
    if (error.offset >= 0) {
        const std::int32_t start = utf16_offset(query_text, error.offset);
        const std::int32_t end = utf16_offset(query_text, error.offset + error.length);
        compile_error.location =
            QueryCompileErrorLocation{.start_char_offset = start, .end_char_offset = end};
    }
    return aws::ServiceError("MalformedQueryException", std::move(error)).with(std::move(detail));
}

}  // namespace sky::logs::api
