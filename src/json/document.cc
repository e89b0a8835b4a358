// SPDX-License-Identifier: Apache-2.0
#include "json/document.h"

#include <simdjson.h>

#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace sky::json {
namespace {

namespace dom = simdjson::dom;

// simdjson's handles are a document and an index on its tape. Ours hold the same two words, so that
// no header of ours includes simdjson's.
struct Words {
    const void* document;
    std::size_t index;
};
static_assert(sizeof(Words) == sizeof(dom::element) && std::is_trivially_copyable_v<dom::element>);
static_assert(sizeof(Words) == sizeof(dom::array::iterator));
static_assert(sizeof(Words) == sizeof(dom::object::iterator));

template <class T>
T from_words(const void* document, std::size_t index) {
    const Words words{document, index};
    T handle;
    std::memcpy(static_cast<void*>(&handle), &words, sizeof words);
    return handle;
}

template <class T>
Words to_words(const T& handle) {
    Words words;
    std::memcpy(&words, static_cast<const void*>(&handle), sizeof words);
    return words;
}

template <class T>
T expect(simdjson::simdjson_result<T> result) {
    T value{};
    const simdjson::error_code error = std::move(result).get(value);
    SKY_ASSERT(error == simdjson::SUCCESS, "the caller asks for the kind that the value has");
    return value;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The code unit of a \uXXXX escape at `at`, or -1.
int escape_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
    return simdjson::validate_utf8(bytes.data(), bytes.size());
}

std::optional<std::string> replace_lone_surrogates(std::string_view json) {
    std::optional<std::string> changed;
    for (std::size_t at = json.find('\\'); at != std::string_view::npos; at = json.find('\\', at)) {
        const int unit = escape_at(json, at);
        if (unit < 0) {
            at += 2;  // Another escape: its second byte may be a backslash.
            continue;
        }
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            const int low = escape_at(json, at + 6);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                at += 12;
                continue;
            }
        }
        if (unit >= 0xD800 && unit <= 0xDFFF) {
            if (!changed) changed.emplace(json);
            changed->replace(at, 6, "\\uFFFD");
        }
        at += 6;
    }
    return changed;
}

namespace {

// Appends ".0" to each integer that may not fit 64 bits, so that it is read as a double. nullopt
// when there is none.
std::optional<std::string> widen_big_integers(std::string_view json) {
    constexpr std::size_t kDigitsThatFit = 18;
    std::optional<std::string> changed;
    std::size_t copied = 0;
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') {
            for (++at; at < json.size() && json[at] != '"'; ++at) {
                if (json[at] == '\\') ++at;
            }
            ++at;
            continue;
        }
        if (c < '0' || c > '9') {
            ++at;
            continue;
        }
        const std::size_t begin = at;
        while (at < json.size() && json[at] >= '0' && json[at] <= '9') ++at;
        const bool is_integer =
            (at == json.size() || (json[at] != '.' && json[at] != 'e' && json[at] != 'E')) &&
            (begin == 0 || (json[begin - 1] != '.' && json[begin - 1] != 'e' &&
                            json[begin - 1] != 'E' && json[begin - 1] != '+'));
        if (!is_integer || at - begin <= kDigitsThatFit) continue;
        const bool negative = begin > 0 && json[begin - 1] == '-';
        if (negative && begin > 1 && (json[begin - 2] == 'e' || json[begin - 2] == 'E')) continue;
        const std::string_view digits = json.substr(begin, at - begin);
        std::uint64_t magnitude = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
        constexpr auto kLowest = std::uint64_t{1} << 63;
        if (error == std::errc{} && (!negative || magnitude <= kLowest)) continue;
        if (!changed) changed.emplace();
        changed->append(json, copied, at - copied);
        changed->append(".0");
        copied = at;
    }
    if (changed) changed->append(json, copied);
    return changed;
}

}  // namespace

struct Document::Impl {
    dom::parser parser;
    dom::element root;
};

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, ParseLimits limits) {
    if (text.size() > limits.bytes_max) {
        return fail(ErrorCode::kLimitExceeded, "The JSON text is too long.");
    }
    auto impl = std::make_unique<Impl>();
    if (impl->parser.allocate(std::max<std::size_t>(text.size(), 64), limits.depth_max) !=
        simdjson::SUCCESS) {
        return fail(ErrorCode::kInternal, "No memory to parse JSON.");
    }
    auto error = impl->parser.parse(text.data(), text.size()).get(impl->root);
    if (error == simdjson::STRING_ERROR || error == simdjson::NUMBER_ERROR) {
        // simdjson refuses a lone surrogate as it does a bad escape, and an integer above 64 bits
        // as it does a bad number: mend the valid ones, try again.
        const auto paired = replace_lone_surrogates(text);
        const auto mended = widen_big_integers(paired ? std::string_view(*paired) : text);
        if (mended || paired) {
            const std::string& again = mended ? *mended : *paired;
            error = impl->parser.parse(again.data(), again.size()).get(impl->root);
        }
    }
    switch (error) {
        case simdjson::SUCCESS:
            return Document(std::move(impl));
        case simdjson::DEPTH_ERROR:
            return fail(ErrorCode::kLimitExceeded, "The JSON text nests too deeply.");
        case simdjson::UTF8_ERROR:
            return fail(ErrorCode::kInvalidArgument, "The JSON text is not valid UTF-8.");
        case simdjson::EMPTY:
            return fail(ErrorCode::kInvalidArgument, "The JSON text is empty.");
        case simdjson::MEMALLOC:
            return fail(ErrorCode::kInternal, "No memory to parse JSON.");
        default:
            return fail(ErrorCode::kInvalidArgument, "The text is not valid JSON.");
    }
}

Value Document::root() const {
    const Words words = to_words(impl_->root);
    Value value;
    value.document_ = words.document;
    value.index_ = words.index;
    return value;
}

Kind Value::kind() const {
    switch (from_words<dom::element>(document_, index_).type()) {
        case dom::element_type::ARRAY:
            return Kind::kArray;
        case dom::element_type::OBJECT:
            return Kind::kObject;
        case dom::element_type::INT64:
            return Kind::kInt;
        case dom::element_type::UINT64:
            return Kind::kUint;
        case dom::element_type::DOUBLE:
            return Kind::kDouble;
        case dom::element_type::STRING:
            return Kind::kString;
        case dom::element_type::BOOL:
            return Kind::kBool;
        case dom::element_type::NULL_VALUE:
            return Kind::kNull;
    }
    return Kind::kNull;
}

bool Value::boolean() const {
    return expect(from_words<dom::element>(document_, index_).get_bool());
}
std::int64_t Value::integer() const {
    return expect(from_words<dom::element>(document_, index_).get_int64());
}
std::uint64_t Value::unsigned_integer() const {
    return expect(from_words<dom::element>(document_, index_).get_uint64());
}
double Value::number() const {
    return expect(from_words<dom::element>(document_, index_).get_double());
}
std::string_view Value::string() const {
    return expect(from_words<dom::element>(document_, index_).get_string());
}

std::size_t Value::size() const {
    const auto element = from_words<dom::element>(document_, index_);
    return element.is_array() ? expect(element.get_array()).size()
                              : expect(element.get_object()).size();
}

Elements Value::elements() const {
    const dom::array array = expect(from_words<dom::element>(document_, index_).get_array());
    Elements range;
    const Words begin = to_words(array.begin()), end = to_words(array.end());
    range.begin_.at_.document_ = begin.document;
    range.begin_.at_.index_ = begin.index;
    range.end_.at_.document_ = end.document;
    range.end_.at_.index_ = end.index;
    return range;
}

Elements::Iterator& Elements::Iterator::operator++() {
    auto iterator = from_words<dom::array::iterator>(at_.document_, at_.index_);
    ++iterator;
    at_.index_ = to_words(iterator).index;
    return *this;
}

Members Value::members() const {
    const dom::object object = expect(from_words<dom::element>(document_, index_).get_object());
    Members range;
    const Words begin = to_words(object.begin()), end = to_words(object.end());
    range.begin_.at_.document_ = begin.document;
    range.begin_.at_.index_ = begin.index;
    range.end_.at_.document_ = end.document;
    range.end_.at_.index_ = end.index;
    return range;
}

MemberRef Members::Iterator::operator*() const {
    const auto iterator = from_words<dom::object::iterator>(at_.document_, at_.index_);
    const Words value = to_words(iterator.value());
    MemberRef member{iterator.key(), {}};
    member.value.document_ = value.document;
    member.value.index_ = value.index;
    return member;
}

Members::Iterator& Members::Iterator::operator++() {
    auto iterator = from_words<dom::object::iterator>(at_.document_, at_.index_);
    ++iterator;
    at_.index_ = to_words(iterator).index;
    return *this;
}

std::optional<Value> Value::find(std::string_view name) const {
    if (kind() != Kind::kObject) return std::nullopt;
    for (const MemberRef& member : members()) {
        if (member.name == name) return member.value;
    }
    return std::nullopt;
}

}  // namespace sky::json
