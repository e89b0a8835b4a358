// SPDX-License-Identifier: Apache-2.0
// Any bytes as an event stream: the same messages whether they come at once or byte by byte, and
// what has only strings in its headers comes out of the encoder as it went in.
#include "aws/event_stream.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"

namespace {

using sky::aws::EventDecoder;
using sky::aws::EventMessage;

struct Read {
    std::vector<EventMessage> messages;
    bool broken = false;
};

void drain(EventDecoder& decoder, Read& read) {
    while (!read.broken) {
        auto next = decoder.next();
        read.broken = !next;
        if (!next || !*next) return;
        read.messages.push_back(std::move(**next));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    Read whole, bytewise;
    EventDecoder at_once, by_byte;
    at_once.put(input);
    drain(at_once, whole);
    for (const char& c : input) {
        by_byte.put({&c, 1});
        drain(by_byte, bytewise);
        if (bytewise.broken) break;
    }
    SKY_ASSERT(whole.broken == bytewise.broken, "cuts change nothing");
    SKY_ASSERT(whole.messages.size() == bytewise.messages.size(), "cuts change nothing");
    for (std::size_t i = 0; i < whole.messages.size(); ++i) {
        const EventMessage& message = whole.messages[i];
        SKY_ASSERT(message.headers == bytewise.messages[i].headers, "cuts change nothing");
        SKY_ASSERT(message.payload == bytewise.messages[i].payload, "cuts change nothing");
    }
    // What the fuzzer made, as a payload: there and back.
    EventDecoder back;
    back.put(sky::aws::encode_event_message({{":event-type", "e"}}, input));
    const auto read = back.next();
    SKY_ASSERT(read && *read && (*read)->payload == input, "decode undoes encode");
    SKY_ASSERT(back.between_messages(), "nothing is left over");
    return 0;
}
