// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/rest_bindings.h - members of REST requests and answers outside of the body:
              // labels, query string, headers.

#include <string>
#include <string_view>
#include <vector>

#include "aws/codec.h"
#include "aws/presence.h"
#include "aws/shape.h"
#include "http/message.h"

namespace sky::aws {

/// Fills every member whose place is not the body. Null: all read; else the member whose text has
/// not the modelled form.
const Member* decode_bindings(const WireRequest& request, const Shape& shape, void* out,
                              Presence& presence);

/// Headers and status of an answer.
void encode_bindings(http::Response& response, const Shape& shape, const void* structure);

/// "a, b" and "\"a, b\", c" as the values between the commas. nullopt for an open quote.
std::optional<std::vector<std::string>> split_header_list(std::string_view text);

/// Whether a media type is one of those that an Accept header names ("*/*", "text/*", "text/plain;
/// q=0.5").
bool accepts(std::string_view accept, std::string_view media_type);

/// "application/json" of "Application/JSON; charset=utf-8".
std::string bare_media_type(std::string_view content_type);

}  // namespace sky::aws
