// SPDX-License-Identifier: Apache-2.0
#include "server/metrics_text.h"

namespace sky::server {

void MetricsText::header(std::string_view name, std::string_view help, std::string_view type) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(std::string_view name, const Labels& labels, std::uint64_t value) {
    text_.append(name);
    char opener = '{';
    for (const auto& [label, label_value] : labels) {
        text_ += opener;
        opener = ',';
        text_.append(label).append("=\"");
        for (const char c : label_value) {
            if (c == '\\' || c == '"') text_ += '\\';
            if (c == '\n')
                text_ += "\\n";
            else
                text_ += c;
        }
        text_ += '"';
    }
    if (!labels.empty()) text_ += '}';
    text_.append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace sky::server
