// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/shape.h - a service's modelled shapes as constant tables over typed
              // structs.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sky::aws {

/// Bits of a mask of required members; tools/gen_shapes.py holds the models to it.
inline constexpr std::size_t kRequiredMembersMax = 64;

/// Query and its EC2 flavour are one codec with two sets of names.
enum class Protocol : std::uint8_t { kJson10, kJson11, kRestJson, kQuery, kEc2Query, kCbor };

/// The C++ type that a generated struct uses for each kind:
///   kString std::string · kBlob aws::Blob (bytes, not base64) · kBoolean bool · kInteger
///   std::int32_t · kLong std::int64_t · kFloat float · kDouble double · kTimestamp aws::Timestamp
///   · kList std::vector<element> · kMap std::map<std::string, element> · kStructure the struct.
/// A required member is that type itself; every other is std::optional of it (aws::Boxed where the
/// struct contains itself).
enum class Kind : std::uint8_t {
    kStructure,
    kList,
    kMap,
    kString,
    kBlob,
    kBoolean,
    kInteger,
    kLong,
    kFloat,
    kDouble,
    kTimestamp,
};

/// Bytes; each protocol has its own text for them (base64 in JSON).
struct Blob {
    std::string bytes;
    friend bool operator==(const Blob&, const Blob&) = default;
};

/// A modelled timestamp: Unix milliseconds. (Most times of Logs are plain longs instead.)
struct Timestamp {
    std::int64_t unix_ms = 0;
    friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// An optional value of a type that contains itself. Copies are deep.
template <class T>
class Boxed {
public:
    Boxed() = default;
    Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Boxed(const Boxed& other)
        : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(Boxed other) noexcept {
        value_ = std::move(other.value_);
        return *this;
    }
    ~Boxed() = default;
    T& emplace() { return *(value_ = std::make_unique<T>()); }
    bool has_value() const { return value_ != nullptr; }
    explicit operator bool() const { return has_value(); }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return value_.get(); }
    const T* operator->() const { return value_.get(); }

private:
    std::unique_ptr<T> value_;
};

struct Shape;

/// How a codec reaches a member without knowing its type.
struct Slot {
    void* (*emplace)(void* field);          // Makes the member present and default; its value.
    const void* (*get)(const void* field);  // Null when absent.
};

/// Where REST puts a member of an operation's input or output. The other protocols have a body
/// alone.
enum class Location : std::uint8_t {
    kBody,
    kPayload,    // The member is the whole body.
    kUri,        // A label of the path.
    kQuery,      // One key of the query string.
    kQueryMap,   // All keys, bound ones included.
    kHeader,     // One header.
    kHeaderMap,  // All headers whose names begin with `wire_name`.
    kStatus,     // The response's status.
};

/// A name space that XML declares at an element. (Requests have no XML.)
struct XmlNamespace {
    std::string_view uri = {}, prefix = {};
};

struct Member {
    std::string_view name;  // As modelled; the wire's name in JSON 1.x and CBOR.
    const Shape* shape;
    std::size_t offset;  // Of the field in its struct.
    const Slot* slot;
    bool required;
    Location location = Location::kBody;
    // REST and Query: label, query key, header, JSON key, form key, element; empty where it is
    // `name`.
    std::string_view wire_name = {};
    std::string_view ec2_name = {};          // EC2's form key where it follows no rule.
    std::string_view timestamp_format = {};  // Before the shape's own.
    XmlNamespace xml_namespace = {};
    bool flattened = false;      // Query: a list or map without an element of its own.
    bool xml_attribute = false;  // Query: written into the start tag.

    std::string_view on_wire() const { return wire_name.empty() ? name : wire_name; }
};

struct ListAccess {
    std::size_t (*size)(const void* list);
    const void* (*at)(const void* list, std::size_t index);
    void* (*append)(void* list);  // Invalidates earlier elements' addresses.
    void (*reserve)(void* list, std::size_t count);
};

struct MapAccess {
    std::size_t (*size)(const void* map);
    void* (*emplace)(void* map, std::string_view key);  // Replaces an older value of that key.
    void (*each)(const void* map, void* context,
                 void (*visit)(void* context, std::string_view key, const void* value));
};

/// Absent bounds are the type's own limits, so that a check needs no flag.
struct Shape {
    Kind kind;
    std::string_view name;                 // The model's name.
    std::span<const Member> members = {};  // kStructure, in the model's order.
    const Shape* element = nullptr;        // kList, kMap.
    const Shape* key = nullptr;            // kMap.
    const ListAccess* list = nullptr;      // kList.
    const MapAccess* map = nullptr;        // kMap.
    std::optional<std::int64_t> min = {};  // Code points, elements, entries, or the value itself.
    std::optional<std::int64_t> max = {};
    std::string_view pattern = {};  // Anchored at both ends; RE2 syntax.
    std::span<const std::string_view> enum_values = {};
    // A recorded text that replaces the whole validation answer when `max` is exceeded
    // (model_overrides.json).
    std::string_view max_text = {};
    bool is_union = false;
    bool is_error = false;
    bool is_fault = false;  // An error of the service's side: status 500 unless `http_status` says.
    int http_status = 0;    // 0: the protocol's default.
    bool is_event_stream = false;
    // What AWS refuses and we accept on purpose: a further form of the whole string, tried when
    // `pattern` does not match (model_overrides.json).
    std::string_view also_accept = {};
    std::string_view timestamp_format = {};  // "iso8601", "rfc822", "unixTimestamp", or none.
    std::uint8_t bits = 32;                  // kInteger: 8 and 16 exist as well.
    std::optional<double> real_min = {};     // kFloat, kDouble, instead of min and max.
    std::optional<double> real_max = {};
    std::string_view error_code = {};  // Errors: Query's name, where it is not `name`.
    int query_status = 0;              // Errors: Query's status, where it is not `http_status`.
    std::string_view media_type = {};  // Strings and blobs that hold a document of that type.
    bool flattened = false;            // kList, kMap: wherever a member has it.
    // Query: what a list's elements are called where that is not "member", a map's keys and values
    // where not "key" and "value".
    std::string_view element_name = {}, key_name = {}, value_name = {};
    XmlNamespace element_namespace = {}, key_namespace = {}, value_namespace = {};
};

struct OperationModel {
    std::string_view name;
    const Shape* input;   // Never null: an operation without input has an empty structure.
    const Shape* output;  // Null: the answer has an empty body.
    std::span<const std::string_view> errors;  // Sorted wire names.
    std::string_view validation_error;         // The type that a broken constraint answers with.
    std::string_view http_method, http_uri;
    int http_status = 200;
    std::string_view result_wrapper = {};  // Query: the element around the members of the output.
};

struct ServiceModel {
    std::string_view name;           // Folder and metric label: "logs".
    std::string_view signing_name;   // In credential scopes.
    std::string_view target_prefix;  // "Logs_20140328"
    std::string_view api_version;
    std::string_view json_version;
    std::string_view error_namespace;            // "com.amazonaws.logs" in full shape ids.
    std::span<const OperationModel> operations;  // Sorted by name.
    std::span<const Shape* const> errors;        // Sorted by name.
    std::span<const Protocol> protocols;         // That its clients speak.
    std::string_view xml_namespace = {};         // Of Query's answers.
    // Answers of JSON and CBOR also name an error's Query code (clients.md trap 9).
    bool query_compatible = false;

    bool speaks(Protocol protocol) const;
    /// Null when the model has no such name.
    const OperationModel* find_operation(std::string_view operation) const;
    const Shape* find_error(std::string_view error) const;
};

// The accessors that generated tables point at.
// ------------------------------------------------------------------------------------------------

template <class T>
struct PlainSlot {
    static void* emplace(void* field) {
        auto* value = static_cast<T*>(field);
        *value = T{};
        return value;
    }
    static const void* get(const void* field) { return field; }
};
template <class T>
struct OptionalSlot {
    static void* emplace(void* field) {
        return std::addressof(static_cast<std::optional<T>*>(field)->emplace());
    }
    static const void* get(const void* field) {
        const auto* value = static_cast<const std::optional<T>*>(field);
        return value->has_value() ? std::addressof(**value) : nullptr;
    }
};
template <class T>
struct BoxedSlot {
    static void* emplace(void* field) {
        return std::addressof(static_cast<Boxed<T>*>(field)->emplace());
    }
    static const void* get(const void* field) {
        const auto* value = static_cast<const Boxed<T>*>(field);
        return value->has_value() ? std::addressof(**value) : nullptr;
    }
};
template <class T>
inline constexpr Slot kPlainSlot{&PlainSlot<T>::emplace, &PlainSlot<T>::get};
template <class T>
inline constexpr Slot kOptionalSlot{&OptionalSlot<T>::emplace, &OptionalSlot<T>::get};
template <class T>
inline constexpr Slot kBoxedSlot{&BoxedSlot<T>::emplace, &BoxedSlot<T>::get};

template <class T>
struct ListOf {
    using List = std::vector<T>;
    static std::size_t size(const void* list) { return static_cast<const List*>(list)->size(); }
    static const void* at(const void* list, std::size_t index) {
        return std::addressof((*static_cast<const List*>(list))[index]);
    }
    static void* append(void* list) {
        return std::addressof(static_cast<List*>(list)->emplace_back());
    }
    static void reserve(void* list, std::size_t count) { static_cast<List*>(list)->reserve(count); }
};
template <class T>
inline constexpr ListAccess kListAccess{&ListOf<T>::size, &ListOf<T>::at, &ListOf<T>::append,
                                        &ListOf<T>::reserve};

template <class T>
struct MapOf {
    using Map = std::map<std::string, T>;
    static std::size_t size(const void* map) { return static_cast<const Map*>(map)->size(); }
    static void* emplace(void* map, std::string_view key) {
        T& value = (*static_cast<Map*>(map))[std::string(key)];
        value = T{};
        return std::addressof(value);
    }
    static void each(const void* map, void* context,
                     void (*visit)(void*, std::string_view, const void*)) {
        for (const auto& [key, value] : *static_cast<const Map*>(map)) {
            visit(context, key, std::addressof(value));
        }
    }
};
template <class T>
inline constexpr MapAccess kMapAccess{&MapOf<T>::size, &MapOf<T>::emplace, &MapOf<T>::each};

}  // namespace sky::aws
