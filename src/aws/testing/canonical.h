// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/canonical.h - texts that are equal for equal values on the wire.

#include <string>
#include <string_view>

#include "json/document.h"

namespace sky::aws::testing {

/// Sorted keys, no blanks, members that are null left out, 1.0 as 1. Aborts on what is no JSON.
std::string canonical_json(const json::Value& value);
std::string canonical_json(std::string_view text);

/// The same for CBOR, with markers for what JSON does not have; "not CBOR" for anything else.
std::string canonical_cbor(std::string_view bytes);

/// Elements by name, those of equal names in their order but entries of maps sorted; attributes;
/// blanks between elements dropped. "not XML: why" for anything else.
std::string canonical_xml(std::string_view text);

}  // namespace sky::aws::testing
