// SPDX-License-Identifier: Apache-2.0
#include "aws/form.h"

#include <algorithm>
#include <charconv>

#include "aws/limits.h"
#include "aws/text_value.h"

namespace sky::aws {

std::vector<std::pair<std::size_t, const FormNode*>> FormNode::numbered() const {
    std::vector<std::pair<std::size_t, const FormNode*>> out;
    for (const auto& [part, node] : children) {
        std::size_t number = 0;
        const auto [end, fault] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (fault == std::errc{} && end == part.data() + part.size())
            out.push_back({number, &node});
    }
    std::ranges::sort(out, {}, [](const auto& one) { return one.first; });
    return out;
}

Result<Form> Form::parse(std::string_view body, std::string_view query) {
    Form form;
    SKY_TRY(form.add(body));
    SKY_TRY(form.add(query));
    return form;
}

Status Form::add(std::string_view pairs) {
    while (!pairs.empty()) {
        const std::size_t end = std::min(pairs.find('&'), pairs.size());
        const std::string_view pair = pairs.substr(0, end);
        pairs.remove_prefix(std::min(end + 1, pairs.size()));
        if (pair.empty()) continue;
        if (++pairs_ > limits::kFormPairsMax) {
            return fail(ErrorCode::kLimitExceeded, "The request has too many parameters.");
        }
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto key = percent_decode(pair.substr(0, equals), Plus::kBlank);
        auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), Plus::kBlank);
        if (!key || !value) {
            return fail(ErrorCode::kInvalidArgument, "A parameter is not URL-encoded UTF-8.");
        }
        std::string_view rest = texts_->emplace_back(std::move(*key));
        FormNode* node = &root_;
        for (std::size_t parts = 1;; ++parts) {
            if (parts > limits::kFormKeyPartsMax) {
                return fail(ErrorCode::kLimitExceeded, "A parameter's name has too many parts.");
            }
            const std::size_t dot = rest.find('.');
            node = &node->children[rest.substr(0, dot)];
            if (dot == std::string_view::npos) break;
            rest.remove_prefix(dot + 1);
        }
        if (!node->value) node->value = texts_->emplace_back(std::move(*value));
    }
    return {};
}

}  // namespace sky::aws
