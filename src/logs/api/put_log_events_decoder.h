// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/put_log_events_decoder.h - PutLogEvents' JSON straight to events,
              // without copying a message that has no escape.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace sky::logs::api {

/// Views point into the body, which must outlive this, or into `unescaped`.
struct DecodedPut {
    std::string_view group, stream;
    std::vector<store::Event> events;
    bool has_entity = false;
    std::unique_ptr<char[]> unescaped;  // As large as the body: what is unescaped only shrinks.
};

/// Reads the JSON 1.1 body of a PutLogEvents that breaks no modelled constraint, in the form that
/// clients send. nullopt says nothing about the body: unknown or repeated members, nulls, numbers
/// with an exponent and everything wrong are left to the codec of the shape tables, which also owns
/// the texts of errors. What is accepted here is accepted there with equal values (a fuzz target
/// and a test hold that).
std::optional<DecodedPut> decode_put_log_events(std::string_view body);

/// The byte where a JSON string's plain run ends: '"', '\\', a control byte, or `end`. Sets
/// `non_ascii` when the run holds a byte above 0x7F, else leaves it. Public for the tests.
const char* scan_plain(const char* at, const char* end, bool& non_ascii);

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Public for the tests.
bool is_valid_utf8(std::string_view text);

}  // namespace sky::logs::api
