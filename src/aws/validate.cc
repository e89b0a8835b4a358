// SPDX-License-Identifier: Apache-2.0
#include "aws/validate.h"

#include <re2/re2.h>

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "aws/limits.h"
#include "aws/path.h"
#include "base/assert.h"
#include "json/writer.h"

namespace sky::aws {
namespace {

// Patterns are constants of the tables, so their addresses identify them; each is compiled once.
// Null when RE2 cannot read it.
const re2::RE2* compiled(std::string_view pattern) {
    static std::shared_mutex mutex;
    static std::unordered_map<const char*, std::unique_ptr<const re2::RE2>> known;
    {
        const std::shared_lock lock(mutex);
        if (const auto at = known.find(pattern.data()); at != known.end()) return at->second.get();
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto fresh =
        std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!fresh->ok()) return nullptr;
    const std::unique_lock lock(mutex);
    return known.try_emplace(pattern.data(), std::move(fresh)).first->second.get();
}

bool matches(std::string_view pattern, std::string_view text) {
    const re2::RE2* expression = compiled(pattern);
    SKY_ASSERT(expression != nullptr, "check_patterns() ran before the first request");
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression);
}

std::int64_t code_points(std::string_view text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

void render(std::string& out, const Shape& shape, const void* value);

void render_structure(std::string& out, const Shape& shape, const void* value) {
    out += shape.name;
    out += '(';
    bool first = true;
    for (const Member& member : shape.members) {
        if (!first) out += ", ";
        first = false;
        out += member.name;
        out += '=';
        const void* item = member.slot->get(static_cast<const std::byte*>(value) + member.offset);
        if (item == nullptr) {
            out += "null";
        } else {
            render(out, *member.shape, item);
        }
        if (out.size() > limits::kViolationValueBytesMax) return;
    }
    out += ')';
}

void render(std::string& out, const Shape& shape, const void* value) {
    if (out.size() > limits::kViolationValueBytesMax) return;  // What follows is cut anyway.
    switch (shape.kind) {
        case Kind::kStructure:
            render_structure(out, shape, value);
            return;
        case Kind::kList: {
            out += '[';
            const std::size_t size = shape.list->size(value);
            for (std::size_t i = 0; i < size && out.size() <= limits::kViolationValueBytesMax;
                 ++i) {
                if (i != 0) out += ", ";
                render(out, *shape.element, shape.list->at(value, i));
            }
            out += ']';
            return;
        }
        case Kind::kMap: {
            struct Visit {
                std::string& out;
                const Shape& element;
                bool first = true;
            } visit{out, *shape.element};
            out += '{';
            shape.map->each(value, &visit,
                            [](void* context, std::string_view key, const void* item) {
                                auto& self = *static_cast<Visit*>(context);
                                if (!self.first) self.out += ", ";
                                self.first = false;
                                self.out += key;
                                self.out += '=';
                                render(self.out, self.element, item);
                            });
            out += '}';
            return;
        }
        case Kind::kString:
            out += *static_cast<const std::string*>(value);
            return;
        case Kind::kBlob: {
            // A Java buffer prints its place, not its bytes.
            const auto size = std::to_string(static_cast<const Blob*>(value)->bytes.size());
            out += "java.nio.HeapByteBuffer[pos=0 lim=" + size + " cap=" + size + "]";
            return;
        }
        case Kind::kBoolean:
            out += *static_cast<const bool*>(value) ? "true" : "false";
            return;
        case Kind::kInteger:
            out += std::to_string(*static_cast<const std::int32_t*>(value));
            return;
        case Kind::kLong:
            out += std::to_string(*static_cast<const std::int64_t*>(value));
            return;
        case Kind::kFloat:
            json::append_double(out, static_cast<double>(*static_cast<const float*>(value)));
            return;
        case Kind::kDouble:
            json::append_double(out, *static_cast<const double*>(value));
            return;
        case Kind::kTimestamp:
            out += std::to_string(static_cast<const Timestamp*>(value)->unix_ms);
            return;
    }
}

// Cuts at a character's start.
void truncate(std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return;
    std::size_t end = bytes_max;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "...";
}

std::string length_text(bool at_most, std::int64_t bound) {
    return std::string("Member must have length ") + (at_most ? "less" : "greater") +
           " than or equal to " + std::to_string(bound);
}

std::string value_text(bool at_most, std::int64_t bound) {
    return std::string("Member must have value ") + (at_most ? "less" : "greater") +
           " than or equal to " + std::to_string(bound);
}

std::string pattern_text(const Shape& shape) {
    return "Member must satisfy regular expression pattern: " + std::string(shape.pattern);
}

class Validator {
public:
    // A set, because a hostile batch may miss a member in each of its elements.
    explicit Validator(const MissingMembers& missing) : missing_(missing.begin(), missing.end()) {}

    void structure(const Shape& shape, const void* value, const Path& path) {
        for (const Member& member : shape.members) {
            const Path here = path.member(member.name);
            const void* item =
                member.slot->get(static_cast<const std::byte*>(value) + member.offset);
            if (member.required && (item == nullptr || is_missing(here))) {
                null_at(here);
            } else if (item != nullptr) {
                check(*member.shape, item, here);
            }
        }
    }

    Status result() const {
        if (!whole_text_.empty()) return fail(ErrorCode::kInvalidArgument, whole_text_);
        if (count_ == 0) return {};
        std::string text = std::to_string(count_) + (count_ == 1 ? " validation error detected: "
                                                                 : " validation errors detected: ");
        return fail(ErrorCode::kInvalidArgument, text + violations_);
    }

private:
    // Missing members are rare: the path's text is built only when there are some.
    bool is_missing(const Path& path) const {
        return !missing_.empty() && missing_.contains(path.text());
    }

    void check(const Shape& shape, const void* value, const Path& path) {
        switch (shape.kind) {
            case Kind::kStructure:
                structure(shape, value, path);
                return;
            case Kind::kList: {
                const std::size_t size = shape.list->size(value);
                length(shape, value, static_cast<std::int64_t>(size), path);
                for (std::size_t i = 0; i < size; ++i) {
                    const Path here = path.element(i + 1);
                    if (is_missing(here)) {
                        null_at(here);
                    } else {
                        check(*shape.element, shape.list->at(value, i), here);
                    }
                }
                return;
            }
            case Kind::kMap:
                map(shape, value, path);
                return;
            case Kind::kString:
                string(shape, value, path);
                return;
            case Kind::kBlob:
                length(shape, value,
                       static_cast<std::int64_t>(static_cast<const Blob*>(value)->bytes.size()),
                       path);
                return;
            case Kind::kInteger:
                range(shape, value, *static_cast<const std::int32_t*>(value), path);
                return;
            case Kind::kLong:
                range(shape, value, *static_cast<const std::int64_t*>(value), path);
                return;
            case Kind::kFloat:
                range(shape, value, static_cast<double>(*static_cast<const float*>(value)), path);
                return;
            case Kind::kDouble:
                range(shape, value, *static_cast<const double*>(value), path);
                return;
            case Kind::kBoolean:
            case Kind::kTimestamp:
                return;
        }
    }

    void length(const Shape& shape, const void* value, std::int64_t size, const Path& path) {
        if (shape.max && size > *shape.max) {
            if (!shape.max_text.empty() && whole_text_.empty()) whole_text_ = shape.max_text;
            broken(shape, value, path, length_text(true, *shape.max));
        }
        if (shape.min && size < *shape.min) {
            broken(shape, value, path, length_text(false, *shape.min));
        }
    }

    template <class T>
    void range(const Shape& shape, const void* value, T number, const Path& path) {
        if (shape.max && number > static_cast<T>(*shape.max)) {
            broken(shape, value, path, value_text(true, *shape.max));
        }
        if (shape.min && number < static_cast<T>(*shape.min)) {
            broken(shape, value, path, value_text(false, *shape.min));
        }
    }

    void string(const Shape& shape, const void* value, const Path& path) {
        const std::string& text = *static_cast<const std::string*>(value);
        if (shape.min || shape.max) length(shape, value, code_points(text), path);
        if (!shape.pattern.empty() && !pattern_holds(shape, text)) {
            broken(shape, value, path, pattern_text(shape));
        }
        if (!shape.enum_values.empty() &&
            std::ranges::find(shape.enum_values, text) == shape.enum_values.end()) {
            std::string allowed;
            for (const std::string_view one : shape.enum_values) {
                if (!allowed.empty()) allowed += ", ";
                allowed += one;
            }
            broken(shape, value, path, "Member must satisfy enum value set: [" + allowed + "]");
        }
    }

    static bool pattern_holds(const Shape& shape, const std::string& text) {
        return matches(shape.pattern, text) ||
               (!shape.also_accept.empty() && matches(shape.also_accept, text));
    }

    void map(const Shape& shape, const void* value, const Path& path) {
        length(shape, value, static_cast<std::int64_t>(shape.map->size(value)), path);
        struct Visit {
            Validator& self;
            const Shape& shape;
            const Path& path;
            bool keys_hold = true;
        } visit{*this, shape, path};
        shape.map->each(value, &visit, [](void* context, std::string_view key, const void* item) {
            auto& at = *static_cast<Visit*>(context);
            if (!key_holds(*at.shape.key, key)) at.keys_hold = false;
            const Path here = at.path.entry(key);
            at.self.check(*at.shape.element, item, here);
        });
        if (!visit.keys_hold) {
            std::string rules;
            const auto rule = [&rules](const std::string& text) {
                rules += (rules.empty() ? "" : ", ") + text;
            };
            if (shape.key->max) rule(length_text(true, *shape.key->max));
            if (shape.key->min) rule(length_text(false, *shape.key->min));
            if (!shape.key->pattern.empty()) rule(pattern_text(*shape.key));
            broken(shape, value, path, "Map keys must satisfy constraint: [" + rules + "]");
        }
    }

    static bool key_holds(const Shape& shape, std::string_view key) {
        const std::int64_t size = code_points(key);
        if (shape.max && size > *shape.max) return false;
        if (shape.min && size < *shape.min) return false;
        if (!shape.enum_values.empty() &&
            std::ranges::find(shape.enum_values, key) == shape.enum_values.end()) {
            return false;
        }
        return shape.pattern.empty() || matches(shape.pattern, key);
    }

    void null_at(const Path& path) {
        add("Value null at '" + path.text() + "'", "Member must not be null");
    }

    void broken(const Shape& shape, const void* value, const Path& path,
                const std::string& constraint) {
        if (count_ >= limits::kViolationsMax) {
            ++count_;
            return;
        }
        add("Value '" + render_java(shape, value) + "' at '" + path.text() + "'", constraint);
    }

    void add(const std::string& what, const std::string& constraint) {
        if (count_++ >= limits::kViolationsMax) return;
        if (!violations_.empty()) violations_ += "; ";
        violations_ += what + " failed to satisfy constraint: " + constraint;
    }

    const std::unordered_set<std::string> missing_;
    std::size_t count_ = 0;
    std::string violations_;
    std::string whole_text_;
};

Status check_patterns_of(const Shape& shape, std::unordered_set<const Shape*>& seen) {
    if (!seen.insert(&shape).second) return {};
    for (const std::string_view pattern : {shape.pattern, shape.also_accept}) {
        if (!pattern.empty() && compiled(pattern) == nullptr) {
            return fail(ErrorCode::kInternal, "RE2 cannot read the pattern of " +
                                                  std::string(shape.name) + ": " +
                                                  std::string(pattern));
        }
    }
    for (const Member& member : shape.members) SKY_TRY(check_patterns_of(*member.shape, seen));
    if (shape.key != nullptr) SKY_TRY(check_patterns_of(*shape.key, seen));
    if (shape.element != nullptr) SKY_TRY(check_patterns_of(*shape.element, seen));
    return {};
}

}  // namespace

Status check_patterns(const Shape& shape) {
    std::unordered_set<const Shape*> seen;
    return check_patterns_of(shape, seen);
}

std::string render_java(const Shape& shape, const void* value) {
    std::string out;
    render(out, shape, value);
    truncate(out, limits::kViolationValueBytesMax);
    return out;
}

Status validate(const Shape& shape, const void* value, const MissingMembers& missing) {
    Validator validator(missing);
    validator.structure(shape, value, Path{});
    return validator.result();
}

}  // namespace sky::aws
