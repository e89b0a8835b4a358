// SPDX-License-Identifier: Apache-2.0
#include "aws/rest_bindings.h"

#include <algorithm>

#include "aws/text_value.h"
#include "crypto/encoding.h"
#include "json/document.h"

namespace sky::aws {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

struct Pair {
    std::string key, value;
};

std::optional<std::vector<Pair>> read_query(std::string_view query) {
    std::vector<Pair> out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto key = percent_decode(pair.substr(0, equals), Plus::kBlank);
        auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), Plus::kBlank);
        if (!key || !value) return std::nullopt;
        out.push_back({std::move(*key), std::move(*value)});
    }
    return out;
}

// The standard time format of each place (clients.md 5.4).
std::string_view format_of(const Member* member, const Shape& shape, Location location) {
    return timestamp_format_of(member, shape, location == Location::kHeader ? "rfc822" : "iso8601");
}

bool read_scalar(const Member& member, const Shape& shape, std::string_view text, void* out) {
    return parse_scalar(shape, text, out, format_of(&member, shape, member.location),
                        Offsets::kRefuse);
}

bool read_label(const WireRequest& request, const Member& member, void* out, bool& found) {
    for (const PathLabel& label : request.labels) {
        if (label.name != member.on_wire()) continue;
        const auto text = percent_decode(label.value, Plus::kPlus);
        found = true;
        return text && read_scalar(member, *member.shape, *text, field_of(member, out));
    }
    return true;
}

bool read_query_member(const std::vector<Pair>& pairs, const Member& member, void* out,
                       bool& found) {
    const Shape& shape = *member.shape;
    void* field = nullptr;
    for (const Pair& pair : pairs) {
        if (pair.key != member.on_wire()) continue;
        const bool list = shape.kind == Kind::kList;
        if (field != nullptr && !list) continue;  // The first of several counts.
        if (field == nullptr) field = field_of(member, out);
        found = true;
        void* place = list ? shape.list->append(field) : field;
        if (!read_scalar(member, list ? *shape.element : shape, pair.value, place)) return false;
    }
    return true;
}

// Servers put every key into the map, bound ones included.
bool read_query_map(const std::vector<Pair>& pairs, const Member& member, void* out, bool& found) {
    const Shape& shape = *member.shape;
    if (pairs.empty()) return true;
    void* map = field_of(member, out);
    found = true;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto same = [&](const Pair& one) { return one.key == pairs[i].key; };
        if (std::find_if(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(i), same) !=
            pairs.begin() + static_cast<std::ptrdiff_t>(i)) {
            continue;  // Read with the first one of its key.
        }
        void* place = shape.map->emplace(map, pairs[i].key);
        if (shape.element->kind != Kind::kList) {
            if (!read_scalar(member, *shape.element, pairs[i].value, place)) return false;
            continue;
        }
        for (std::size_t j = i; j < pairs.size(); ++j) {
            if (!same(pairs[j])) continue;
            void* slot = shape.element->list->append(place);
            if (!read_scalar(member, *shape.element->element, pairs[j].value, slot)) return false;
        }
    }
    return true;
}

// HTTP dates hold a comma of their own.
std::vector<std::string> split_dates(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t first = text.find(',');
        const std::size_t second =
            first == std::string_view::npos ? first : text.find(',', first + 1);
        out.emplace_back(trimmed(text.substr(0, second)));
        text.remove_prefix(second == std::string_view::npos ? text.size() : second + 1);
    }
    return out;
}

bool read_header_value(const Member& member, const Shape& shape, std::string_view text, void* out) {
    if (shape.kind == Kind::kString && !shape.media_type.empty()) {
        const auto bytes = crypto::base64_decode(text);
        if (!bytes || !json::is_valid_utf8(*bytes)) return false;
        *static_cast<std::string*>(out) = *bytes;
        return true;
    }
    return read_scalar(member, shape, text, out);
}

bool read_header(const http::Headers& headers, const Member& member, void* out, bool& found) {
    const Shape& shape = *member.shape;
    const std::string name = lower_case(member.on_wire());
    void* field = nullptr;
    for (const http::Header& header : headers.list()) {
        if (lower_case(header.name) != name) continue;
        if (shape.kind != Kind::kList) {
            found = true;
            return read_header_value(member, shape, trimmed(header.value), field_of(member, out));
        }
        if (field == nullptr) field = field_of(member, out);
        found = true;
        const Shape& element = *shape.element;
        const bool dates = element.kind == Kind::kTimestamp &&
                           format_of(&member, element, Location::kHeader) == "rfc822";
        const auto values =
            dates ? std::optional(split_dates(header.value)) : split_header_list(header.value);
        if (!values) return false;
        for (const std::string& value : *values) {
            if (!read_header_value(member, element, value, shape.list->append(field))) return false;
        }
    }
    return true;
}

bool read_header_map(const http::Headers& headers, const Member& member, void* out, bool& found) {
    const std::string prefix = lower_case(member.wire_name);
    void* map = nullptr;
    for (const http::Header& header : headers.list()) {
        if (!lower_case(header.name).starts_with(prefix)) continue;
        if (map == nullptr) map = field_of(member, out);
        found = true;
        const std::string_view key = std::string_view(header.name).substr(prefix.size());
        if (!read_scalar(member, *member.shape->element, header.value,
                         member.shape->map->emplace(map, key))) {
            return false;
        }
    }
    return true;
}

// A value of ours must not end its header: what HTTP forbids becomes a blank.
std::string header_safe(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    return text;
}

std::string header_text(const Member& member, const Shape& shape, const void* value, bool in_list) {
    std::string text;
    append_scalar(text, shape, value, format_of(&member, shape, Location::kHeader));
    if (shape.kind != Kind::kString) return text;
    if (!shape.media_type.empty()) return crypto::base64_encode(text);
    if (!in_list || text.find_first_of(",\"") == std::string::npos) return header_safe(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return header_safe(quoted + "\"");
}

void write_header(http::Response& response, const Member& member, const void* value) {
    const Shape& shape = *member.shape;
    std::string text;
    if (shape.kind == Kind::kList) {
        const std::size_t size = shape.list->size(value);
        if (size == 0) return;
        for (std::size_t i = 0; i < size; ++i) {
            if (i != 0) text += ", ";
            text += header_text(member, *shape.element, shape.list->at(value, i), true);
        }
    } else {
        text = header_text(member, shape, value, false);
    }
    response.headers.push_back({std::string(member.on_wire()), std::move(text)});
}

void write_header_map(http::Response& response, const Member& member, const void* value) {
    struct Visit {
        http::Response& response;
        const Member& member;
    } visit{response, member};
    member.shape->map->each(
        value, &visit, [](void* context, std::string_view key, const void* item) {
            const Visit& self = *static_cast<Visit*>(context);
            self.response.headers.push_back(
                {header_safe(std::string(self.member.wire_name) + std::string(key)),
                 header_text(self.member, *self.member.shape->element, item, false)});
        });
}

}  // namespace

std::optional<std::vector<std::string>> split_header_list(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        text = trimmed(text);
        if (text.empty()) return out;
        std::string value;
        if (text.front() == '"') {
            std::size_t at = 1;
            for (; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\' && ++at == text.size()) return std::nullopt;
                value.push_back(text[at]);
            }
            if (at == text.size()) return std::nullopt;
            text = trimmed(text.substr(at + 1));
            if (!text.empty() && text.front() != ',') return std::nullopt;
        } else {
            const std::size_t comma = std::min(text.find(','), text.size());
            value = trimmed(text.substr(0, comma));
            text.remove_prefix(comma);
        }
        out.push_back(std::move(value));
        if (!text.empty()) text.remove_prefix(1);
    }
}

std::string bare_media_type(std::string_view content_type) {
    return lower_case(trimmed(content_type.substr(0, content_type.find(';'))));
}

bool accepts(std::string_view accept, std::string_view media_type) {
    const std::string wanted = bare_media_type(media_type);
    const std::string main_type = wanted.substr(0, wanted.find('/'));
    while (!accept.empty()) {
        const std::size_t comma = std::min(accept.find(','), accept.size());
        const std::string range = bare_media_type(accept.substr(0, comma));
        accept.remove_prefix(std::min(comma + 1, accept.size()));
        if (range == "*/*" || range == "*" || range == wanted || range == main_type + "/*") {
            return true;
        }
    }
    return false;
}

const Member* decode_bindings(const WireRequest& request, const Shape& shape, void* out,
                              Presence& presence) {
    static const http::Headers kNoHeaders;
    const http::Headers& headers = request.head == nullptr ? kNoHeaders : request.head->headers;
    const auto pairs =
        read_query(request.head == nullptr ? std::string_view{} : request.head->query());
    for (std::size_t i = 0; i < shape.members.size(); ++i) {
        const Member& member = shape.members[i];
        bool found = false, read = true;
        switch (member.location) {
            case Location::kUri:
                read = read_label(request, member, out, found);
                break;
            case Location::kQuery:
                read = pairs && read_query_member(*pairs, member, out, found);
                break;
            case Location::kQueryMap:
                read = pairs && read_query_map(*pairs, member, out, found);
                break;
            case Location::kHeader:
                read = read_header(headers, member, out, found);
                break;
            case Location::kHeaderMap:
                read = read_header_map(headers, member, out, found);
                break;
            case Location::kBody:
            case Location::kPayload:
            case Location::kStatus:
                break;
        }
        if (!read) return &member;
        if (found) presence.mark(i);
    }
    return nullptr;
}

void encode_bindings(http::Response& response, const Shape& shape, const void* structure) {
    for (const Member& member : shape.members) {
        const void* value = value_of(member, structure);
        if (value == nullptr) continue;
        if (member.location == Location::kHeader) {
            write_header(response, member, value);
        } else if (member.location == Location::kHeaderMap) {
            write_header_map(response, member, value);
        } else if (member.location == Location::kStatus) {
            response.status = *static_cast<const std::int32_t*>(value);
        }
    }
}

}  // namespace sky::aws
