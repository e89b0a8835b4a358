// SPDX-License-Identifier: Apache-2.0
#include "aws/wire_error.h"

#include <array>

#include "json/writer.h"

namespace sky::aws {
namespace {

constexpr std::size_t kOperationNameMax = 128;  // Our choice; the longest published name has 44.

http::Response rest_error(const WireContext& context, const ServiceError& error) {
    http::Response response;
    response.status = http_status_of(context.service, error);
    response.headers.push_back({"Content-Type", "application/json"});
    response.headers.push_back({"x-amzn-ErrorType", error.type});
    json::Writer out(response.body);
    out.begin_object();
    out.key("message");
    out.string(error.error.message);
    out.end_object();
    return response;
}

void append_xml(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                // XML 1.0 has no way to write the other control characters.
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
                    out.push_back(c);
        }
    }
}

http::Response query_error(const WireContext& context, const ServiceError& error) {
    http::Response response;
    response.status = http_status_of(context.service, error);
    response.headers.push_back({"Content-Type", "text/xml"});
    std::string& out = response.body;
    out = "<ErrorResponse><Error><Type>";
    out += response.status >= 500 ? "Receiver" : "Sender";
    out += "</Type><Code>";
    append_xml(out, error.type);
    out += "</Code><Message>";
    append_xml(out, error.error.message);
    out += "</Message></Error><RequestId>";
    append_xml(out, context.request_id);
    out += "</RequestId></ErrorResponse>";
    return response;
}

// A definite-length text string (RFC 8949 3.1, major type 3).
void append_cbor_text(std::string& out, std::string_view text) {
    const std::size_t size = text.size();
    if (size < 24) {
        out.push_back(static_cast<char>(0x60 + size));
    } else if (size < 0x100) {
        out.push_back(static_cast<char>(0x78));
        out.push_back(static_cast<char>(size));
    } else {
        out.push_back(static_cast<char>(0x7A));
        for (int shift = 24; shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(size >> shift & 0xFF));
    }
    out += text;
}

http::Response cbor_error(const WireContext& context, const ServiceError& error) {
    http::Response response;
    response.status = http_status_of(context.service, error);
    response.headers.push_back({"Content-Type", "application/cbor"});
    response.headers.push_back({"smithy-protocol", "rpc-v2-cbor"});
    std::string type = error.type;
    if (context.service != nullptr)
        type = std::string(context.service->error_namespace) + "#" + type;
    response.body.push_back(static_cast<char>(0xA2));  // A map of two.
    append_cbor_text(response.body, "__type");
    append_cbor_text(response.body, type);
    append_cbor_text(response.body, "message");
    append_cbor_text(response.body, error.error.message);
    return response;
}

}  // namespace

http::Response wire_error(Protocol protocol, const WireContext& context,
                          const ServiceError& error) {
    switch (protocol) {
        case Protocol::kJson10:
            return json10_codec().encode_error(context, error);
        case Protocol::kJson11:
            return json11_codec().encode_error(context, error);
        case Protocol::kRestJson:
            return rest_error(context, error);
        case Protocol::kQuery:
            return query_error(context, error);
        case Protocol::kCbor:
            return cbor_error(context, error);
    }
    return rest_error(context, error);
}

http::Response wire_error(Protocol protocol, const WireContext& context, const AuthError& error) {
    const AuthFailureRow& row = auth_failure_row(error.why);
    ServiceError out(std::string(protocol == Protocol::kQuery ? row.query_code : row.type),
                     Error{ErrorCode::kAccessDenied, error.message});
    out.http_status = protocol == Protocol::kQuery      ? row.query_status
                      : protocol == Protocol::kRestJson ? row.rest_status
                                                        : row.json_status;
    return wire_error(protocol, context, out);
}

ServiceError unknown_operation(Protocol protocol, std::string_view operation) {
    std::string name;
    for (const char c : operation.substr(0, kOperationNameMax)) {
        if (c > 0x20 && c < 0x7F) name.push_back(c);
    }
    ServiceError error(std::string(error_types::kUnknownOperation),
                       Error{ErrorCode::kNotFound, "Operation " + name +
                                                       " is not supported by skywatch (see "
                                                       "docs/compatibility.md)"});
    error.http_status = protocol == Protocol::kRestJson || protocol == Protocol::kCbor ? 404 : 400;
    return error;
}

}  // namespace sky::aws
