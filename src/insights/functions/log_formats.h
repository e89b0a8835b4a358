// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/log_formats.h - fields of service logs that are no JSON:
              // Lambda, VPC flow logs, Route 53 (logs-insights-ql.md 9.2).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sky::insights {

/// Whether `log` ("<account>:<group>" or the group's name) names a Lambda group.
bool is_lambda_log(std::string_view log);

/// Fields of a Lambda function's line.
enum class LambdaField : std::uint8_t {
    kBilledDuration,
    kDuration,
    kInitDuration,
    kMaxMemoryUsed,
    kMemorySize,
    kRequestId,
    kType,
    kXraySegmentId,
    kXrayTraceId,
};
constexpr std::size_t kLambdaFields = 9;
/// "@billedDuration"; by the enumerator's number.
std::span<const std::string_view> lambda_field_names();
/// Null view where the line has no such field. Durations are the line's own digits; memory is the
/// number of MB, for lambda_memory_text().
std::string_view lambda_field(std::string_view message, LambdaField field);
bool is_lambda_memory(LambdaField field);
/// Bytes, MB counted as 1,000,000, as the service prints them: "128" is "1.28E8". Empty when it is
/// no number of MB.
std::string lambda_memory_text(std::string_view megabytes);

/// A service log whose fields are separated by single blanks.
struct ColumnFormat {
    std::span<const std::string_view> names;  // Empty name: the column is no field.
    bool (*recognises)(std::span<const std::string_view> columns);
};
std::span<const ColumnFormat> column_formats();
constexpr std::size_t kColumnFormats = 2;
constexpr std::size_t kFormatColumnsMax = 14;
/// Splits at blanks; the number of columns, or 0 when there are more than kFormatColumnsMax.
std::size_t split_columns(std::string_view message, std::span<std::string_view> columns);

}  // namespace sky::insights
