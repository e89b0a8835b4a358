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

    Violations take() { return std::move(found_); }

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
                real_range(shape, value, *static_cast<const float*>(value), path);
                return;
            case Kind::kDouble:
                real_range(shape, value, *static_cast<const double*>(value), path);
                return;
            case Kind::kBoolean:
            case Kind::kTimestamp:
                return;
        }
    }

    void length(const Shape& shape, const void* value, std::int64_t size, const Path& path) {
        if (shape.max && size > *shape.max) {
            if (!shape.max_text.empty() && found_.whole_text.empty()) {
                found_.whole_text = shape.max_text;
            }
            broken(Rule::kLength, shape, value, path, true, size);
        }
        if (shape.min && size < *shape.min) {
            broken(Rule::kLength, shape, value, path, false, size);
        }
    }

    template <class T>
    void range(const Shape& shape, const void* value, T number, const Path& path) {
        if (shape.max && number > static_cast<T>(*shape.max)) {
            broken(Rule::kRange, shape, value, path, true);
        }
        if (shape.min && number < static_cast<T>(*shape.min)) {
            broken(Rule::kRange, shape, value, path, false);
        }
    }

    // `bound` in the number's own type, so that a float that was written as the bound holds it.
    template <class T>
    void real_range(const Shape& shape, const void* value, T number, const Path& path) {
        if (shape.real_max && number > static_cast<T>(*shape.real_max)) {
            broken(Rule::kRange, shape, value, path, true);
        }
        if (shape.real_min && number < static_cast<T>(*shape.real_min)) {
            broken(Rule::kRange, shape, value, path, false);
        }
    }

    void string(const Shape& shape, const void* value, const Path& path) {
        const std::string& text = *static_cast<const std::string*>(value);
        if (shape.min || shape.max) length(shape, value, code_points(text), path);
        if (!pattern_holds(shape, text)) broken(Rule::kPattern, shape, value, path);
        if (!enum_holds(shape, text)) broken(Rule::kEnum, shape, value, path);
    }

    static bool pattern_holds(const Shape& shape, std::string_view text) {
        return shape.pattern.empty() || matches(shape.pattern, text) ||
               (!shape.also_accept.empty() && matches(shape.also_accept, text));
    }

    static bool enum_holds(const Shape& shape, std::string_view text) {
        return shape.enum_values.empty() ||
               std::ranges::find(shape.enum_values, text) != shape.enum_values.end();
    }

    void map(const Shape& shape, const void* value, const Path& path) {
        length(shape, value, static_cast<std::int64_t>(shape.map->size(value)), path);
        struct Visit {
            Validator& self;
            const Shape& shape;
            const void* map;
            const Path& path;
            bool keys_hold = true;
        } visit{*this, shape, value, path};
        shape.map->each(value, &visit, [](void* context, std::string_view key, const void* item) {
            auto& at = *static_cast<Visit*>(context);
            // One entry a map, as the service does it, however many keys are wrong.
            if (at.keys_hold) at.keys_hold = at.self.key(at.shape, at.map, key, at.path);
            const Path here = at.path.entry(key);
            at.self.check(*at.shape.element, item, here);
        });
    }

    bool key(const Shape& map, const void* value, std::string_view text, const Path& path) {
        const Shape& shape = *map.key;
        const std::int64_t size = code_points(text);
        Rule rule = Rule::kLength;
        bool at_most = false;
        if (shape.max && size > *shape.max) {
            at_most = true;
        } else if (shape.min && size < *shape.min) {
            at_most = false;
        } else if (!pattern_holds(shape, text)) {
            rule = Rule::kPattern;
        } else if (!enum_holds(shape, text)) {
            rule = Rule::kEnum;
        } else {
            return true;
        }
        if (++found_.count > limits::kViolationsMax) return false;
        found_.list.push_back({rule, path.text(), path.slashed(), &shape, true, at_most, size,
                               render_java(map, value)});
        return false;
    }

    void null_at(const Path& path) {
        if (++found_.count > limits::kViolationsMax) return;
        found_.list.push_back({Rule::kNotNull, path.text(), path.slashed()});
    }

    void broken(Rule rule, const Shape& shape, const void* value, const Path& path,
                bool at_most = false, std::int64_t size = 0) {
        if (++found_.count > limits::kViolationsMax) return;
        found_.list.push_back({rule, path.text(), path.slashed(), &shape, false, at_most, size,
                               render_java(shape, value)});
    }

    const std::unordered_set<std::string> missing_;
    Violations found_;
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

Violations find_violations(const Shape& shape, const void* value, const MissingMembers& missing) {
    Validator validator(missing);
    validator.structure(shape, value, Path{});
    return validator.take();
}

Status validate(const Shape& shape, const void* value, const MissingMembers& missing) {
    const Violations found = find_violations(shape, value, missing);
    if (found.empty()) return {};
    return fail(ErrorCode::kInvalidArgument, classic_text(found));
}

}  // namespace sky::aws
