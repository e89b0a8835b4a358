// SPDX-License-Identifier: Apache-2.0
// Any bytes as XML text: no markup of the client's is left, and a reader gets the text back but for
// what XML cannot carry.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "aws/xml_value.h"
#include "base/assert.h"

namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#xD;", '\r'}}};

std::string unescaped(std::string_view xml) {
    std::string out;
    while (!xml.empty()) {
        SKY_ASSERT(xml.front() != '<' && xml.front() != '>' && xml.front() != '"', "no markup");
        bool entity = false;
        for (const auto& [name, c] : kEntities) {
            if (!xml.starts_with(name)) continue;
            out.push_back(c);
            xml.remove_prefix(name.size());
            entity = true;
            break;
        }
        if (entity) continue;
        SKY_ASSERT(xml.front() != '&', "every ampersand begins an entity");
        out.push_back(xml.front());
        xml.remove_prefix(1);
    }
    return out;
}

// What append_xml_text() must replace: control characters and the two characters that are none.
std::string carried(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::string_view rest = text.substr(i);
        if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {
            out += "\xEF\xBF\xBD";
            i += 2;
        } else if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
            out += "\xEF\xBF\xBD";
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string xml;
    sky::aws::append_xml_text(xml, text);
    SKY_ASSERT(unescaped(xml) == carried(text), "a reader gets the text back");
    return 0;
}
