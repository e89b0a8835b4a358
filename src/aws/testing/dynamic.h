// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/dynamic.h - shape tables made at run time from a model's JSON, so
              // that codecs can be held to published cases without generated structs.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/shape.h"
#include "json/document.h"

namespace sky::aws::testing {

/// A value of any kind; the shape says which field counts.
struct Dynamic {
    std::string text;
    Blob blob;
    bool flag = false;
    std::int32_t integer = 0;
    std::int64_t number = 0;
    float real = 0;
    double wide = 0;
    Timestamp time;
    std::vector<std::unique_ptr<Dynamic>> list;
    std::map<std::string, std::unique_ptr<Dynamic>> map;
    static constexpr std::size_t kMembersMax = 64;
    std::unique_ptr<Dynamic> members[kMembersMax];

    /// Where a codec finds the value: what the kind's C++ type would be.
    void* place(Kind kind);
};

/// The shapes of one test suite. References into it stay valid while it lives.
class Model {
public:
    /// `shapes` as in a service model: name -> {type, members, member, key, value, ...}.
    explicit Model(const json::Value& shapes);
    const Shape& get(std::string_view name) const { return *by_name_.at(std::string(name)); }
    /// True when the shape or anything below is a document, which typed shapes cannot hold.
    bool uses_documents(std::string_view name) const;

private:
    std::deque<std::string> texts_;
    std::deque<std::vector<Member>> members_;
    std::deque<Shape> shapes_;
    std::map<std::string, const Shape*> by_name_;
    std::vector<std::string> documents_;
};

/// A value in the form that the cases use for parameters: blobs as plain text, times as epoch
/// seconds.
std::string to_parameters(const Shape& shape, const void* value);
void from_parameters(const Shape& shape, const json::Value& parameters, void* value);

/// Text that is equal for equal JSON values: sorted keys, no blanks, members that are null left
/// out.
std::string canonical_json(const json::Value& value);
std::string canonical_json(std::string_view text);

}  // namespace sky::aws::testing
