// SPDX-License-Identifier: Apache-2.0
#include "aws/audit.h"

#include <algorithm>
#include <array>

#include "aws/limits.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::aws {
namespace {

bool is_secret(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    static constexpr std::array<std::string_view, 4> kWords = {"secret", "password", "token",
                                                               "credential"};
    return std::ranges::any_of(
        kWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Cut between code points.
std::string_view shortened(std::string_view text) {
    if (text.size() <= limits::kAuditValueBytesMax) return text;
    std::size_t end = limits::kAuditValueBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

void write_list(json::Writer& writer, const json::Value& list) {
    writer.begin_array();
    std::size_t count = 0;
    for (const json::Value one : list.elements()) {
        if (one.kind() != json::Kind::kString) continue;
        if (++count > limits::kAuditMembersMax) break;
        writer.string(shortened(one.string()));
    }
    writer.end_array();
}

}  // namespace

bool is_administration(std::string_view operation, Permissions allowed_by) {
    if (allowed_by != Permissions{Permission::kAdmin}) return false;
    static constexpr std::array<std::string_view, 3> kReading = {"Describe", "Get", "List"};
    return std::ranges::none_of(kReading,
                                [&](std::string_view verb) { return operation.starts_with(verb); });
}

std::string audit_parameters(std::string_view body) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    const auto document = json::Document::parse(body);
    if (document && document->root().kind() == json::Kind::kObject) {
        std::size_t count = 0;
        for (const auto& [name, value] : document->root().members()) {
            if (++count > limits::kAuditMembersMax) break;
            const json::Kind kind = value.kind();
            if (kind == json::Kind::kNull || kind == json::Kind::kObject) continue;
            writer.key(shortened(name));
            if (is_secret(name)) {
                writer.string("***");
            } else if (kind == json::Kind::kString) {
                writer.string(shortened(value.string()));
            } else if (kind == json::Kind::kBool) {
                writer.boolean(value.boolean());
            } else if (kind == json::Kind::kInt) {
                writer.integer(value.integer());
            } else if (kind == json::Kind::kArray) {
                write_list(writer, value);
            } else {
                writer.number(value.number());
            }
        }
    }
    writer.end_object();
    return out;
}

}  // namespace sky::aws
