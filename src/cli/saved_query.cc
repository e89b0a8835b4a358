// SPDX-License-Identifier: Apache-2.0
#include "cli/saved_query.h"

#include <algorithm>

#include "insights/syntax/parameters.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

std::optional<std::string> text_of(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    if (!value || value->kind() != json::Kind::kString) return std::nullopt;
    return std::string(value->string());
}

std::vector<json::Value> elements_of(const json::Value& object, std::string_view name) {
    std::vector<json::Value> out;
    const auto list = object.find(name);
    if (!list || list->kind() != json::Kind::kArray) return out;
    for (const json::Value element : list->elements()) out.push_back(element);
    return out;
}

Result<std::vector<insights::ParameterValue>> values_of(const json::Value& definition,
                                                        const std::vector<std::string>& given) {
    std::vector<insights::ParameterValue> values;
    std::vector<std::string> names;
    for (const json::Value parameter : elements_of(definition, "parameters")) {
        const std::string name = text_of(parameter, "name").value_or("");
        names.push_back(name);
        if (auto value = text_of(parameter, "defaultValue")) values.push_back({name, *value});
    }
    for (const std::string& pair : given) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(ErrorCode::kInvalidArgument, "Not a parameter NAME=VALUE: " + pair);
        }
        const std::string name = pair.substr(0, equals);
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            return fail(ErrorCode::kInvalidArgument,
                        "The query definition has no parameter " + name);
        }
        std::erase_if(values, [&](const auto& value) { return value.name == name; });
        values.push_back({name, pair.substr(equals + 1)});
    }
    return values;
}

}  // namespace

Result<SavedQuery> choose_saved_query(const json::Value& answer, std::string_view name,
                                      const std::vector<std::string>& given) {
    std::optional<json::Value> found;
    std::string others;
    for (const json::Value definition : elements_of(answer, "queryDefinitions")) {
        const std::string known = text_of(definition, "name").value_or("");
        if (known != name) {
            others += (others.empty() ? "" : ", ") + known;
            continue;
        }
        if (found) {
            return fail(ErrorCode::kInvalidArgument,
                        "Several query definitions have the name " + std::string(name));
        }
        found = definition;
    }
    if (!found) {
        return fail(ErrorCode::kNotFound,
                    "No query definition has the name " + std::string(name) +
                        (others.empty() ? "" : "; names that begin so: " + others));
    }
    if (text_of(*found, "queryLanguage").value_or("CWLI") != "CWLI") {
        return fail(ErrorCode::kInvalidArgument, "The query definition is in the language " +
                                                     text_of(*found, "queryLanguage").value_or(""));
    }
    SavedQuery query;
    for (const json::Value group : elements_of(*found, "logGroupNames")) {
        if (group.kind() == json::Kind::kString) query.groups.emplace_back(group.string());
    }
    const auto values = SKY_TRY(values_of(*found, given));
    query.text =
        SKY_TRY(insights::fill_parameters(text_of(*found, "queryString").value_or(""), values));
    return query;
}

Result<SavedQuery> find_saved_query(LogsClient& client, std::string_view name,
                                    const std::vector<std::string>& given) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("queryDefinitionNamePrefix");
    writer.string(name);
    writer.end_object();
    const Answer answer = SKY_TRY(client.call("DescribeQueryDefinitions", body));
    if (!answer.ok()) {
        return fail(ErrorCode::kInvalidArgument, answer.error_type + ": " + answer.error_message);
    }
    return choose_saved_query(answer.body.root(), name, given);
}

}  // namespace sky::cli
