// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/json_value.h - modelled values as JSON; for the JSON and REST codecs.

#include <string>

#include "aws/codec.h"
#include "aws/path.h"
#include "aws/presence.h"
#include "aws/shape.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::aws {

enum class JsonFlavour : std::uint8_t {
    // JSON 1.0 and 1.1: members under their own names, what is odd but harmless is let through.
    kRpc,
    // REST: members under their wire names; nulls in lists and maps, unknown members of unions and
    // times with an offset are refused, as the published cases ask.
    kRest,
};

class JsonDecoder {
public:
    JsonDecoder(JsonFlavour flavour, MissingMembers& missing)
        : flavour_(flavour), missing_(missing) {}

    /// A whole value. False: message() says why.
    bool decode(const json::Value& value, const Shape& shape, void* out, const Path& path,
                std::string_view timestamp_format = {});
    /// REST: the members of a request that belong to its JSON body; the caller reports what is
    /// missing.
    bool body_members(const json::Value& value, const Shape& shape, void* out, const Path& path,
                      Presence& presence);
    std::string take_message() { return std::move(message_); }

private:
    enum class Scope : std::uint8_t { kBody, kNested };
    bool members(const json::Value& value, const Shape& shape, void* out, const Path& path,
                 Presence& presence, Scope scope);
    bool structure(const json::Value& value, const Shape& shape, void* out, const Path& path);
    bool list(const json::Value& value, const Shape& shape, void* out, const Path& path);
    bool map(const json::Value& value, const Shape& shape, void* out, const Path& path);
    bool blob(const json::Value& value, Blob& out, const Path& path);
    bool integer(const json::Value& value, const Shape& shape, std::int32_t& out, const Path& path);
    bool real(const json::Value& value, double& out, const Path& path);
    bool timestamp(const json::Value& value, std::string_view format, Timestamp& out,
                   const Path& path);
    bool unexpected(const json::Value& value, std::string_view wanted, const Path& path);
    bool wrong(std::string text, const Path& path);

    const JsonFlavour flavour_;
    MissingMembers& missing_;
    std::string message_;
};

void encode_json(json::Writer& out, JsonFlavour flavour, const Shape& shape, const void* value,
                 std::string_view timestamp_format = {});
/// The members of an answer or error that belong to its body, without the braces. Places of
/// requests, such as the query string, say nothing about answers.
void encode_json_body(json::Writer& out, JsonFlavour flavour, const Shape& shape,
                      const void* structure);

/// An error's members: `message`, spelled as the model spells it, then the detail's.
void encode_json_error_members(json::Writer& out, JsonFlavour flavour, const WireContext& context,
                               const ServiceError& error);

}  // namespace sky::aws
