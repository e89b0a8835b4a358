// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/xml_value.h - modelled values as XML elements; Query's answers.

#include <string>
#include <string_view>

#include "aws/shape.h"

namespace sky::aws {

/// Escaped for content and attributes. Characters that XML 1.0 cannot carry become U+FFFD.
void append_xml_text(std::string& out, std::string_view text);

/// <name>text</name>
void append_xml_element(std::string& out, std::string_view name, std::string_view text);

/// The elements of a structure's members, without an element around them. Attributes of `structure`
/// itself are left out: its start tag is the caller's.
void append_xml_members(std::string& out, const Shape& shape, const void* structure);

}  // namespace sky::aws
