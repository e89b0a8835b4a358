// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "insights/functions/json_values.h"
#include "insights/functions/kernels.h"
#include "insights/functions/operators.h"
#include "json/fields.h"

namespace sky::insights::kernels {
namespace {

std::string_view keep(EvalContext& context, std::string_view text) {
    char* const copy = grow_text(context, text.size());
    if (copy == nullptr) return {};
    text.copy(copy, text.size());
    return {copy, text.size()};
}

}  // namespace

char* grow_text(EvalContext& context, std::size_t bytes) {
    char* const room = context.arena.try_text(bytes);
    if (room == nullptr) {
        context.fail(ErrorCode::kLimitExceeded,
                     "The query needs more memory than it may have; make its texts shorter or its "
                     "time range smaller");
    }
    return room;
}

const Vector* ispresent_kernel(EvalContext& context, Args args) {
    auto* const out = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) out[row] = args[0]->present(row) ? 1 : 0;
    return Vector::booleans(context.arena, context.rows, out);
}

const Vector* coalesce_kernel(EvalContext& context, Args args) {
    Value* const values = context.arena.array<Value>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        values[row] = Value::missing();
        for (const Vector* const arg : args) {
            if (!arg->present(row)) continue;
            values[row] = arg->at(row);
            break;
        }
    }
    return Vector::from_values(context.arena, context.rows, values);
}

const Vector* case_kernel(EvalContext& context, Args args) {
    const std::size_t conditions = args.size() / 2;
    std::vector<const std::uint8_t*> holds;
    holds.reserve(conditions);
    for (std::size_t i = 0; i < conditions; ++i) holds.push_back(truth(context, args[2 * i]));
    const Vector* const otherwise = args.size() % 2 == 1 ? args.back() : nullptr;
    Value* const values = context.arena.array<Value>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        const Vector* chosen = otherwise;
        for (std::size_t i = 0; i < conditions; ++i) {
            if (holds[i][row] == 0) continue;
            chosen = args[2 * i + 1];
            break;
        }
        values[row] = chosen == nullptr ? Value::missing() : chosen->at(row);
    }
    return Vector::from_values(context.arena, context.rows, values);
}

const Vector* if_kernel(EvalContext& context, Args args) { return case_kernel(context, args); }

const Vector* json_parse_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    std::string scratch;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = value_of_token(context, json::scan(text[row]), scratch);
    });
}

const Vector* json_stringify_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    std::string scratch;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        const Value value = args[0]->at(row);
        if (value.kind != Kind::kText && value.kind != Kind::kTimestamp) {
            out = Value::of_text(text[row]);
            return;
        }
        scratch.clear();
        json::append_quoted(text[row], scratch);
        out = Value::of_text(keep(context, scratch));
    });
}

const Vector* md5_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = Value::of_text(
            keep(context, crypto::hex_encode(crypto::as_text(crypto::md5(text[row])))));
    });
}

const Vector* sha256_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = Value::of_text(keep(context, crypto::sha256_hex(text[row])));
    });
}

// Masking happens before a query sees the text; whoever may call this reads unmasked events.
const Vector* unmask_kernel(EvalContext&, Args args) { return args[0]; }

}  // namespace sky::insights::kernels
