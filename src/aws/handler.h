// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/handler.h - one row per operation, and how a handler is called.

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "aws/codec.h"
#include "aws/error.h"
#include "aws/permissions.h"
#include "aws/shape.h"
#include "http/message.h"

namespace sky::aws {

class EventWriter;  // aws/event_stream.h

/// Who asks, where and when.
struct CallContext {
    std::string account;        // Of the key; the configured one without authentication.
    std::string region;         // Of the credential scope; the configured one without a scope.
    std::string access_key_id;  // Empty without authentication.
    std::string request_id;     // As in x-amzn-RequestId.
    std::string remote_ip;
    std::int64_t now_ms = 0;  // Arrival, Unix milliseconds.
    /// What the caller may do: all without authentication. Handlers ask it where one operation
    /// answers differently (logs:Unmask); whether the operation is open was decided before.
    Permissions permissions = {};
    /// As GetCallerIdentity shows them: of a user or an assumed role; the root without
    /// authentication.
    std::string caller_arn = {}, caller_id = {};
    /// Signed with temporary credentials: the long-term key that they hang on. Else empty.
    std::string session_issuer = {};
};

/// What an operation does to data, and on which of the server's pools it runs.
enum class Access : std::uint8_t {
    kControl,  // Settings and names; read or written in memory and the catalog.
    kRead,     // Events, queries: may take long.
    kWrite,    // Ingest.
};

/// A call that a handler answers itself, now or later, on any thread: for PutLogEvents, which must
/// not keep a thread while the log syncs. Answer exactly once; a call destroyed without an answer
/// is answered with InternalFailure and logged.
class Call {
public:
    struct State;
    explicit Call(std::unique_ptr<State> state);
    Call(Call&&) noexcept;
    Call& operator=(Call&&) noexcept;
    ~Call();

    const CallContext& context() const;
    const OperationModel& operation() const;
    const http::RequestHead& head() const;
    Protocol protocol() const;
    /// Inflated. Valid until the call is answered or the body taken.
    std::string_view body() const;
    std::string take_body();

    /// Decodes and validates `body` by the tables. The error is typed.
    template <class T>
    std::expected<void, ServiceError> decode(T& out) const {
        return decode_into(shape_of(static_cast<const T*>(nullptr)), &out);
    }
    /// `value` is the operation's response struct.
    template <class T>
    void respond(const T& value) {
        if constexpr (requires { shape_of(&value); }) {
            respond_with(&shape_of(&value), &value);
        } else {
            static_assert(std::is_empty_v<T>, "a response struct of the operation");
            respond_with(nullptr, nullptr);
        }
    }
    /// The answer as the call's protocol() has it, written by the handler itself: where the tables
    /// would have to walk over very many values.
    void respond_written(std::string body);
    void fail(ServiceError error);
    /// The answer of an operation whose output is an event stream: begins it, initial-response
    /// included. `waiting_bytes_max` bounds what a slow reader leaves waiting.
    EventWriter respond_with_events(std::size_t waiting_bytes_max);

private:
    std::expected<void, ServiceError> decode_into(const Shape& shape, void* out) const;
    void respond_with(const Shape* shape, const void* value);
    std::unique_ptr<State> state_;
};

/// A handler with its types erased.
struct Handler {
    void (*invoke)(void* service, Call call);
    const void* service_type;  // Holds a table's rows to one service type.
};

namespace detail {

template <class S>
inline constexpr char kServiceType = 0;

template <auto Fn>
struct TypedHandler;

template <class S, class In, class Out, class E,
          std::expected<Out, E> (*Fn)(S&, const CallContext&, const In&)>
struct TypedHandler<Fn> {
    using Service = S;
    static void invoke(void* service, Call call) {
        In in;
        if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
        std::expected<Out, E> out = Fn(*static_cast<S*>(service), call.context(), in);
        if (!out) return call.fail(ServiceError(std::move(out).error()));
        call.respond(*out);
    }
};

template <auto Fn>
struct RawHandler;

template <class S, void (*Fn)(S&, Call)>
struct RawHandler<Fn> {
    using Service = S;
    static void invoke(void* service, Call call) { Fn(*static_cast<S*>(service), std::move(call)); }
};

}  // namespace detail

/// For `Result<CreateLogGroupResponse> create_log_group(Service&, const CallContext&, const
/// CreateLogGroupRequest&)`, or the same with Reply<...>: decode, validate, call, encode.
template <auto Fn>
inline constexpr Handler typed{&detail::TypedHandler<Fn>::invoke,
                               &detail::kServiceType<typename detail::TypedHandler<Fn>::Service>};

/// For `void put_log_events(Service&, Call)`.
template <auto Fn>
inline constexpr Handler raw{&detail::RawHandler<Fn>::invoke,
                             &detail::kServiceType<typename detail::RawHandler<Fn>::Service>};

/// One built operation.
struct OperationDef {
    std::string_view name;
    Access access;
    std::uint64_t body_bytes_max;  // As received, and again after inflation.
    Handler handler;
    /// Any one of these opens it; empty: default_allowed_by(access, name).
    Permissions allowed_by = {};
};

/// A service as src/server hands it to the dispatcher.
struct ServiceDef {
    const ServiceModel* model;
    std::span<const OperationDef> operations;  // Sorted by name; each is in the model.
    ErrorMap errors;
    void* instance;             // What the handlers get; outlives the dispatcher and all its calls.
    const void* instance_type;  // Of service_def().
};

/// The one way to make a ServiceDef: the instance's type is checked against the rows at start.
template <class S>
ServiceDef service_def(const ServiceModel& model, std::span<const OperationDef> operations,
                       ErrorMap errors, S& instance) {
    return {&model, operations, errors, &instance, &detail::kServiceType<S>};
}

}  // namespace sky::aws
