// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/classify.h - one port: which protocol, service and operation a head asks
              // for.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "aws/codec.h"
#include "http/message.h"

namespace sky::aws {

/// What a head says by itself (clients.md 5.1). Host is never looked at.
struct Classification {
    Protocol protocol = Protocol::kRestJson;
    /// JSON: the target's prefix. CBOR: the service in the path. Query and REST: the credential
    /// scope's service, which may be empty.
    std::string service;
    /// Empty for REST, whose operation is method and path, and for Query where the form names it.
    std::string operation;
    /// Query: the API version, if the query string has it; names the service where no scope does.
    std::string version = {};
    /// Why such a head is refused whatever it asks for; empty when it is not.
    std::string_view contradiction = {};
};

/// nullopt: not the shape of an AWS request; the server's own pages answer. `path` is the head's
/// path without the configured prefix.
std::optional<Classification> classify(const http::RequestHead& head, std::string_view path);

/// What a Query request's form asks for; empty where it does not say.
struct QueryNames {
    std::string action, version;
};
/// From the form body, else from the query string.
QueryNames query_names(const http::RequestHead& head, std::string_view body);

}  // namespace sky::aws
