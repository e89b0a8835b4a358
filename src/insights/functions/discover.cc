// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/discover.h"

#include <algorithm>
#include <array>

#include "insights/functions/json_values.h"
#include "insights/functions/kernels.h"
#include "insights/functions/limits.h"
#include "insights/functions/log_formats.h"
#include "insights/functions/render.h"

namespace sky::insights {
namespace {

constexpr std::size_t kNone = Discovery::kNoPath;

std::size_t index_of(std::span<const std::string_view> names, std::string_view name) {
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? kNone : static_cast<std::size_t>(at - names.begin());
}

constexpr auto kAutomatic = std::to_array<std::string_view>(
    {"@timestamp", "@ingestionTime", "@message", "@logStream", "@log", "@ptr", "@entity",
     "@aws.account", "@aws.region", "@source.log", "@data_source_name", "@data_source_type",
     "@data_format"});

bool may_be_json(std::string_view message) {
    const std::size_t first = message.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && message[first] == '{';
}

/// Where in a message of this log JSON is looked for; an empty text when there is none.
std::string_view json_part(bool lambda, std::string_view message) {
    if (may_be_json(message)) {
        if (!lambda || json::scan(message).type == json::Type::kObject) return message;
    }
    if (!lambda) return {};
    return json::find_object(message, limits::kEmbeddedJsonAttemptsMax).raw;
}

std::string_view kept(EvalContext& context, std::string_view text) {
    char* const copy = kernels::grow_text(context, text.size());
    if (copy == nullptr) return {};
    text.copy(copy, text.size());
    return {copy, text.size()};
}

}  // namespace

struct Discovery::Impl {
    struct Wanted {
        std::size_t lambda = kNone;                                       // LambdaField.
        std::size_t json = kNone;                                         // Index among the paths.
        std::array<std::size_t, kColumnFormats> column = {kNone, kNone};  // By format.
    };
    std::vector<Wanted> wanted;
    std::vector<std::string> paths;
    bool any_lambda = false, any_column = false;
    std::unique_ptr<json::FieldPaths> json;

    void json_values(EvalContext& context, bool lambda, std::string_view message,
                     std::span<json::Token> found, std::string& scratch, std::size_t row,
                     std::span<Value* const> out) const {
        const std::string_view text = json_part(lambda, message);
        if (text.empty() || !json->resolve(text, found)) return;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i].json == kNone) continue;
            out[i][row] = value_of_token(context, found[wanted[i].json], scratch);
        }
    }

    void lambda_values(EvalContext& context, std::string_view message, std::size_t row,
                       std::span<Value* const> out) const {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i].lambda == kNone) continue;
            const auto field = static_cast<LambdaField>(wanted[i].lambda);
            const std::string_view text = lambda_field(message, field);
            if (text.empty()) continue;
            if (!is_lambda_memory(field)) {
                out[i][row] = Value::of_text(text);
                continue;
            }
            const std::string memory = lambda_memory_text(text);
            if (!memory.empty()) out[i][row] = Value::of_text(kept(context, memory));
        }
    }

    void column_values(std::string_view message, std::size_t row,
                       std::span<Value* const> out) const {
        std::string_view columns[kFormatColumnsMax];
        const std::size_t count = split_columns(message, columns);
        const auto formats = column_formats();
        for (std::size_t f = 0; f < formats.size(); ++f) {
            if (!formats[f].recognises({columns, count})) continue;
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                const std::size_t column = wanted[i].column[f];
                if (column != kNone) out[i][row] = Value::of_text(columns[column]);
            }
        }
    }
};

Discovery::Discovery(std::span<const std::string> names) : impl_(std::make_unique<Impl>()) {
    for (const std::string& name : names) {
        Impl::Wanted wanted;
        if (name.starts_with("@@")) {
            wanted.json = impl_->paths.size();
            impl_->paths.push_back(name.substr(1));
        } else if (name.starts_with('@')) {
            wanted.lambda = index_of(lambda_field_names(), name);
            impl_->any_lambda = impl_->any_lambda || wanted.lambda != kNone;
        } else {
            wanted.json = impl_->paths.size();
            impl_->paths.push_back(name);
            const auto formats = column_formats();
            for (std::size_t f = 0; f < formats.size(); ++f) {
                wanted.column[f] = index_of(formats[f].names, name);
                impl_->any_column = impl_->any_column || wanted.column[f] != kNone;
            }
        }
        impl_->wanted.push_back(wanted);
    }
    impl_->json = std::make_unique<json::FieldPaths>(impl_->paths);
}

std::size_t Discovery::size() const { return impl_->wanted.size(); }
const json::FieldPaths& Discovery::json_paths() const { return *impl_->json; }
std::size_t Discovery::path_of(std::size_t name) const { return impl_->wanted[name].json; }
bool Discovery::looks_beyond_json() const { return impl_->any_column; }

bool Discovery::has_index() const {
    return std::any_of(impl_->paths.begin(), impl_->paths.end(), [](std::string_view path) {
        bool digits = false;  // Of the present step, all so far.
        for (std::size_t i = 0; i <= path.size(); ++i) {
            if (i < path.size() && path[i] == '[') return true;
            if (i == path.size() || path[i] == '.') {
                if (digits && i > 0 && path[i - 1] != '.') return true;
                digits = true;
            } else {
                digits = (digits || i == 0) && path[i] >= '0' && path[i] <= '9';
            }
        }
        return false;
    });
}

Discovery::Discovery(Discovery&&) noexcept = default;
Discovery& Discovery::operator=(Discovery&&) noexcept = default;
Discovery::~Discovery() = default;

std::vector<const Vector*> Discovery::resolve(EvalContext& context, std::string_view log,
                                              const Vector* messages) const {
    const std::size_t rows = context.rows;
    const bool lambda = is_lambda_log(log);
    const TextView text = as_text(context, messages);
    std::vector<Value*> out;
    for (std::size_t i = 0; i < impl_->wanted.size(); ++i) {
        out.push_back(context.arena.array<Value>(rows));
        std::fill_n(out.back(), rows, Value::missing());
    }
    std::vector<json::Token> found(impl_->paths.size());
    std::string scratch;
    for (std::size_t row = 0; row < rows; ++row) {
        if (!text.is_present(row)) continue;
        const std::string_view message = text[row];
        if (!impl_->paths.empty()) {
            impl_->json_values(context, lambda, message, found, scratch, row, out);
        }
        if (lambda && impl_->any_lambda) impl_->lambda_values(context, message, row, out);
        if (impl_->any_column) impl_->column_values(message, row, out);
    }
    std::vector<const Vector*> columns;
    for (const Value* const values : out) {
        columns.push_back(Vector::from_values(context.arena, rows, values));
    }
    return columns;
}

bool is_discoverable(std::string_view name) {
    if (!name.starts_with('@') || name.starts_with("@@")) return true;
    if (name.starts_with("@entity.") || name.starts_with("@ptr.")) return false;
    return std::find(kAutomatic.begin(), kAutomatic.end(), name) == kAutomatic.end();
}

std::vector<DiscoveredField> discover_all(std::string_view log, std::string_view message) {
    std::vector<DiscoveredField> out;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (out.size() >= limits::kFieldsPerEventMax) return;
        out.push_back({std::string(name), std::string(value)});
    };
    const bool lambda = is_lambda_log(log);
    if (lambda) {
        const auto names = lambda_field_names();
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto field = static_cast<LambdaField>(i);
            const std::string_view text = lambda_field(message, field);
            if (text.empty()) continue;
            add(names[i], is_lambda_memory(field) ? lambda_memory_text(text) : std::string(text));
        }
    }
    std::string scratch;
    for (const json::Field& field :
         json::flatten(json_part(lambda, message), limits::kFieldsPerEventMax)) {
        const std::string name = field.name.starts_with('@') ? "@" + field.name : field.name;
        const bool quoted = field.value.type == json::Type::kString;
        std::string compact;
        if (!quoted) json::append_compact(field.value, compact);
        add(name, quoted ? json::string_text(field.value, scratch) : std::string_view(compact));
    }
    std::string_view columns[kFormatColumnsMax];
    const std::size_t count = split_columns(message, columns);
    for (const ColumnFormat& format : column_formats()) {
        if (!format.recognises({columns, count})) continue;
        for (std::size_t i = 0; i < count; ++i) {
            if (!format.names[i].empty()) add(format.names[i], columns[i]);
        }
    }
    return out;
}

const Vector* member(EvalContext& context, const Vector* structures, std::string_view path) {
    const std::string names[] = {std::string(path)};
    const json::FieldPaths paths(names);
    json::Token found[1];
    std::string scratch;
    Value* const values = context.arena.array<Value>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        values[row] = Value::missing();
        if (!structures->present(row)) continue;
        const Value structure = structures->at(row);
        if (structure.kind != Kind::kJson || !paths.resolve(structure.text, found)) continue;
        values[row] = value_of_token(context, found[0], scratch);
    }
    return Vector::from_values(context.arena, context.rows, values);
}

}  // namespace sky::insights
