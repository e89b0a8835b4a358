// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/log_formats.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sky::insights {
namespace {

constexpr std::string_view kLambdaPrefix = "/aws/lambda/";

constexpr std::array<std::string_view, kLambdaFields> kLambdaNames = {
    "@billedDuration", "@duration", "@initDuration",  "@maxMemoryUsed", "@memorySize",
    "@requestId",      "@type",     "@xraySegmentId", "@xrayTraceId"};

/// What stands before each field's value; a value ends at a blank, tab or line end.
constexpr std::array<std::string_view, kLambdaFields> kLambdaLabels = {"\tBilled Duration: ",
                                                                       "\tDuration: ",
                                                                       "\tInit Duration: ",
                                                                       "\tMax Memory Used: ",
                                                                       "\tMemory Size: ",
                                                                       "RequestId: ",
                                                                       "",
                                                                       "SegmentId: ",
                                                                       "XRAY TraceId: "};

constexpr auto kVpcNames = std::to_array<std::string_view>(
    {"version", "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort", "dstPort", "protocol",
     "packets", "bytes", "startTime", "endTime", "action", "logStatus"});
constexpr auto kRoute53Names = std::to_array<std::string_view>(
    {"version", "queryTimestamp", "hostZoneId", "queryName", "queryType", "responseCode",
     "protocol", "edgeLocation", "resolverIp", ""});
static_assert(kVpcNames.size() <= kFormatColumnsMax && kRoute53Names.size() <= kFormatColumnsMax);

bool is_vpc_flow(std::span<const std::string_view> columns) {
    return columns.size() == kVpcNames.size() && columns[0] == "2" &&
           columns[2].starts_with("eni-") &&
           (columns[13] == "OK" || columns[13] == "NODATA" || columns[13] == "SKIPDATA");
}

bool is_route53(std::span<const std::string_view> columns) {
    return columns.size() == kRoute53Names.size() && columns[0] == "1.0" &&
           columns[1].size() >= 20 && columns[1][10] == 'T' && columns[1].ends_with('Z') &&
           columns[2].starts_with('Z');
}

constexpr auto kFormats = std::to_array<ColumnFormat>({
    {kVpcNames, is_vpc_flow},
    {kRoute53Names, is_route53},
});

static_assert(kFormats.size() == kColumnFormats);

std::string_view word_at(std::string_view text, std::size_t begin) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    return text.substr(begin, end - begin);
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

/// "START", "END", "REPORT" of the platform's own lines; else empty.
std::string_view lambda_type(std::string_view message) {
    for (const std::string_view type : {"START", "END", "REPORT"}) {
        if (message.starts_with(type) && message.substr(type.size()).starts_with(" RequestId: ")) {
            return message.substr(0, type.size());
        }
    }
    return {};
}

/// Runtimes write "<time>\t<request id>\t<level>\t..." or "[<level>]\t<time>\t<request id>\t...".
std::string_view request_id_of_line(std::string_view message) {
    constexpr int kColumnsSearched = 3;
    for (int i = 0; i < kColumnsSearched; ++i) {
        const std::size_t tab = message.find('\t');
        if (tab == std::string_view::npos) return {};
        if (is_uuid(message.substr(0, tab))) return message.substr(0, tab);
        message.remove_prefix(tab + 1);
    }
    return {};
}

}  // namespace

bool is_lambda_log(std::string_view log) {
    const std::size_t colon = log.find(':');
    if (colon != std::string_view::npos) log.remove_prefix(colon + 1);
    return log.starts_with(kLambdaPrefix);
}

std::span<const std::string_view> lambda_field_names() { return kLambdaNames; }

bool is_lambda_memory(LambdaField field) {
    return field == LambdaField::kMaxMemoryUsed || field == LambdaField::kMemorySize;
}

std::string_view lambda_field(std::string_view message, LambdaField field) {
    const std::string_view type = lambda_type(message);
    if (field == LambdaField::kType) return type;
    const std::string_view label = kLambdaLabels[static_cast<std::size_t>(field)];
    if (field == LambdaField::kRequestId) {
        return type.empty() ? request_id_of_line(message)
                            : word_at(message, type.size() + 1 + label.size());
    }
    const bool traced = field == LambdaField::kXrayTraceId || field == LambdaField::kXraySegmentId;
    if (!traced && type != "REPORT") return {};
    const std::size_t base = traced ? message.find("XRAY TraceId: ") : 0;
    if (base == std::string_view::npos) return {};
    const std::size_t at = message.find(label, base);
    if (at == std::string_view::npos) return {};
    return word_at(message, at + label.size());
}

std::string lambda_memory_text(std::string_view megabytes) {
    std::uint64_t number = 0;
    const char* const end = megabytes.data() + megabytes.size();
    const auto [stopped, error] = std::from_chars(megabytes.data(), end, number);
    constexpr std::uint64_t kMegabytesMax = 1'000'000'000;
    if (error != std::errc() || stopped != end || number > kMegabytesMax) return {};
    // Scientific from 10^7 on, one digit before the point, at least one after it.
    const std::string digits = std::to_string(number * 1'000'000);
    constexpr std::size_t kPlainDigitsMax = 7;
    if (digits.size() <= kPlainDigitsMax) return digits + ".0";
    std::string fraction = digits.substr(1);
    while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
    return digits.substr(0, 1) + "." + fraction + "E" + std::to_string(digits.size() - 1);
}

std::span<const ColumnFormat> column_formats() { return kFormats; }

std::size_t split_columns(std::string_view message, std::span<std::string_view> columns) {
    while (message.ends_with('\n') || message.ends_with('\r')) message.remove_suffix(1);
    std::size_t count = 0;
    for (;;) {
        if (count == columns.size()) return 0;
        const std::size_t blank = std::min(message.find(' '), message.size());
        columns[count++] = message.substr(0, blank);
        if (blank == message.size()) return count;
        message.remove_prefix(blank + 1);
    }
}

}  // namespace sky::insights
