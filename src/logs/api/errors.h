// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/errors.h - what clients of Logs are told when something goes wrong.

#include <cstddef>
#include <string_view>

#include "aws/error.h"
#include "aws/shape.h"
#include "base/result.h"

namespace sky::logs::api {

/// The ErrorMap of Logs (aws/error.h): each ErrorCode's wire type, with the operations that differ.
aws::ServiceError map_error(const aws::OperationModel& operation, const Error& error);

/// MalformedQueryException with its queryCompileError; other errors pass through untyped.
aws::ServiceError query_error(std::string_view query_text, Error error);

/// UTF-16 code units before a byte offset of valid UTF-8; an offset inside a character or behind
/// the end counts up to it (logs-insights-ql.md 12).
std::int32_t utf16_offset(std::string_view text, std::int64_t byte_offset);

}  // namespace sky::logs::api
