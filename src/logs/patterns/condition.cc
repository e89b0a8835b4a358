// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/condition.h"

namespace sky::logs {
namespace {

std::optional<NumberText> number_of(const Scalar& value) {
    if (value.kind != Scalar::Kind::kNumber && value.kind != Scalar::Kind::kField)
        return std::nullopt;
    return NumberText::read(value.text);
}

bool equals(const Condition& condition, const Scalar& value) {
    if (value.kind == Scalar::Kind::kNull) return condition.text && condition.text->is_any();
    if (condition.regex) return condition.regex->search(value.text);
    if (condition.text && condition.text->matches(value.text)) return true;
    if (!condition.has_number) return false;
    const auto wanted = NumberText::read(condition.number_text);
    const auto number = number_of(value);
    return wanted && number && NumberText::compare(*number, *wanted) == 0;
}

}  // namespace

bool Condition::holds(const Scalar& value) const {
    switch (comparison) {
        case Comparison::kEqual:
            return equals(*this, value);
        case Comparison::kNotEqual:
            return !equals(*this, value);
        case Comparison::kIsNull:
            return value.kind == Scalar::Kind::kNull;
        case Comparison::kIsTrue:
            return value.kind == Scalar::Kind::kTrue;
        case Comparison::kIsFalse:
            return value.kind == Scalar::Kind::kFalse;
        case Comparison::kNotExists:
            return false;  // There is a value.
        case Comparison::kLess:
        case Comparison::kLessEqual:
        case Comparison::kGreater:
        case Comparison::kGreaterEqual:
            break;
    }
    const auto wanted = NumberText::read(number_text);
    const auto number = number_of(value);
    if (!wanted || !number) return false;
    const int order = NumberText::compare(*number, *wanted);
    switch (comparison) {
        case Comparison::kLess:
            return order < 0;
        case Comparison::kLessEqual:
            return order <= 0;
        case Comparison::kGreater:
            return order > 0;
        default:
            return order >= 0;
    }
}

}  // namespace sky::logs
