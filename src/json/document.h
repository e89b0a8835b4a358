// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/json/document.h - a parsed JSON text to walk: kinds, members, elements,
              // numbers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/limits.h"

namespace sky::json {

enum class Kind : std::uint8_t {
    kNull,
    kBool,
    kInt,     // Fits std::int64_t.
    kUint,    // Above that, fits std::uint64_t.
    kDouble,  // Has a fraction or an exponent, or fits no 64 bits.
    kString,
    kArray,
    kObject,
};

class Elements;
class Members;

/// A place in a Document; valid while the document lives. Copying is cheap.
class Value {
public:
    Kind kind() const;
    /// These four are for the kind that they name; anything else is a mistake of the caller.
    bool boolean() const;
    std::int64_t integer() const;
    std::string_view string() const;  // Unescaped, valid UTF-8.
    std::uint64_t unsigned_integer() const;
    /// Any of the three number kinds.
    double number() const;
    /// For kArray and kObject; in the text's order, duplicate keys included.
    Elements elements() const;
    Members members() const;
    /// Elements of an array or members of an object.
    std::size_t size() const;
    /// The first member of that name; nullopt also where this is no object.
    std::optional<Value> find(std::string_view name) const;

private:
    friend class Document;
    friend class Elements;
    friend class Members;
    const void* document_ = nullptr;
    std::size_t index_ = 0;
};

struct MemberRef {
    std::string_view name;
    Value value;
};

class Elements {
public:
    class Iterator {
    public:
        Value operator*() const { return at_; }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

    private:
        friend class Value;
        Value at_;
    };
    Iterator begin() const { return begin_; }
    Iterator end() const { return end_; }

private:
    friend class Value;
    Iterator begin_, end_;
};

class Members {
public:
    class Iterator {
    public:
        MemberRef operator*() const;
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

    private:
        friend class Value;
        Value at_;  // The key's place.
    };
    Iterator begin() const { return begin_; }
    Iterator end() const { return end_; }

private:
    friend class Value;
    Iterator begin_, end_;
};

struct ParseLimits {
    std::size_t bytes_max = limits::kBytesMax;
    std::size_t depth_max = limits::kDepthMax;
};

/// Threads: immutable once parsed; any number may read.
class Document {
public:
    /// Lone surrogates in escapes become U+FFFD (store.md 2.6). Errors: kInvalidArgument (not JSON,
    /// not UTF-8, empty), kLimitExceeded (size or depth).
    static Result<Document> parse(std::string_view text, ParseLimits limits = {});
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();
    Value root() const;

private:
    struct Impl;
    explicit Document(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Whether bytes are UTF-8, for texts that arrive outside of JSON.
bool is_valid_utf8(std::string_view bytes);

/// The one place where lone surrogates are mended: rewrites each \uD800-\uDFFF escape that is no
/// half of a pair to \uFFFD. nullopt when there is none (the usual case: one scan, no copy). Works
/// on anything; text that is no JSON stays no JSON.
std::optional<std::string> replace_lone_surrogates(std::string_view json);

}  // namespace sky::json
