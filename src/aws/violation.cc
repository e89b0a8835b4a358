// SPDX-License-Identifier: Apache-2.0
#include "aws/violation.h"

#include "json/writer.h"

namespace sky::aws {
namespace {

std::string number_text(double value) {
    std::string text;
    json::append_double(text, value);
    return text;
}

// A bound as the model writes it: whole where it is an integer's.
std::string bound_text(const Shape& shape, bool at_most) {
    const auto& whole = at_most ? shape.max : shape.min;
    if (whole) return std::to_string(*whole);
    const auto& real = at_most ? shape.real_max : shape.real_min;
    return real ? number_text(*real) : std::string{};
}

std::string one_bound(std::string_view what, const Shape& shape, bool at_most) {
    return "Member must " + std::string(what) + (at_most ? "less" : "greater") +
           " than or equal to " + bound_text(shape, at_most);
}

std::string pattern_text(const Shape& shape) {
    return "Member must satisfy regular expression pattern: " + std::string(shape.pattern);
}

std::string enum_text(const Shape& shape) {
    std::string allowed;
    for (const std::string_view one : shape.enum_values) {
        if (!allowed.empty()) allowed += ", ";
        allowed += one;
    }
    return "Member must satisfy enum value set: [" + allowed + "]";
}

// All rules of a key in one constraint, whichever is broken.
std::string keys_text(const Shape& key) {
    std::string rules;
    const auto rule = [&rules](const std::string& text) {
        rules += (rules.empty() ? "" : ", ") + text;
    };
    if (key.max) rule(one_bound("have length ", key, true));
    if (key.min) rule(one_bound("have length ", key, false));
    if (!key.pattern.empty()) rule(pattern_text(key));
    if (!key.enum_values.empty()) rule(enum_text(key));
    return "Map keys must satisfy constraint: [" + rules + "]";
}

std::string classic_constraint(const Violation& violation) {
    if (violation.of_key) return keys_text(*violation.shape);
    switch (violation.rule) {
        case Rule::kNotNull:
            break;
        case Rule::kLength:
            return one_bound("have length ", *violation.shape, violation.at_most);
        case Rule::kRange:
            return one_bound("have value ", *violation.shape, violation.at_most);
        case Rule::kPattern:
            return pattern_text(*violation.shape);
        case Rule::kEnum:
            return enum_text(*violation.shape);
    }
    return "Member must not be null";
}

// Both bounds in one constraint, whichever is broken.
std::string both_bounds(std::string_view what, std::string_view between, const Shape& shape) {
    const std::string low = bound_text(shape, false), high = bound_text(shape, true);
    if (low.empty() || high.empty()) return one_bound(what, shape, low.empty());
    return "Member must " + std::string(between) + low + " and " + high + ", inclusive";
}

std::string field_constraint(const Violation& violation) {
    switch (violation.rule) {
        case Rule::kNotNull:
            break;
        case Rule::kLength:
            return both_bounds("have length ", "have length between ", *violation.shape);
        case Rule::kRange:
            return both_bounds("be ", "be between ", *violation.shape);
        case Rule::kPattern:
            return pattern_text(*violation.shape);
        case Rule::kEnum:
            return enum_text(*violation.shape);
    }
    return "Member must not be null";
}

std::string detected(std::size_t count, std::string_view end) {
    return std::to_string(count) +
           (count == 1 ? " validation error detected" : " validation errors detected") +
           std::string(end);
}

}  // namespace

std::string classic_text(const Violations& violations) {
    if (!violations.whole_text.empty()) return std::string(violations.whole_text);
    std::string out = detected(violations.count, ": ");
    bool first = true;
    for (const Violation& one : violations.list) {
        if (!first) out += "; ";
        first = false;
        out += one.rule == Rule::kNotNull ? "Value null" : "Value '" + one.value + "'";
        out += " at '" + one.dotted + "' failed to satisfy constraint: " + classic_constraint(one);
    }
    return out;
}

std::vector<FieldFault> field_faults(const Violations& violations) {
    std::vector<FieldFault> out;
    for (const Violation& one : violations.list) {
        std::string text = "Value ";
        if (one.rule == Rule::kLength) text += "with length " + std::to_string(one.size) + " ";
        text += "at '" + one.slashed + "' failed to satisfy constraint: " + field_constraint(one);
        out.push_back({one.slashed, std::move(text)});
    }
    return out;
}

std::string field_text(const Violations& violations) {
    std::string out = detected(violations.count, ". ");
    bool first = true;
    for (const FieldFault& one : field_faults(violations)) {
        if (!first) out += "; ";
        first = false;
        out += one.message;
    }
    return out;
}

}  // namespace sky::aws
