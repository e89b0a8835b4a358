// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/dynamic.h - shape tables made at run time from a model's JSON, so
              // that codecs can be held to published cases without generated structs.

#include <deque>
#include <map>
#include <memory>
#include <optional>
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

/// Points a shape's list or map accessors at Dynamic, once its element is known.
void use_dynamic_access(Shape& shape);
/// A member that is the index-th of its structure.
Member dynamic_member(std::string_view name, const Shape& shape, std::size_t index, bool required);

/// The two ways in which the published cases write models.
enum class Dialect : std::uint8_t { kBotocore, kSmithy };
/// Smithy's names for JSON and XML are different traits of one member.
enum class Names : std::uint8_t { kJson, kXml };

/// The shapes of one test suite. References into it stay valid while it lives.
class Model {
public:
    /// name -> {type, members, member, key, value, ...}.
    Model(const json::Value& shapes, Dialect dialect, Names names = Names::kJson);
    ~Model();
    /// Null for an unknown name and for Smithy's unit.
    const Shape* find(std::string_view name) const;
    const Shape& get(std::string_view name) const { return *find(name); }
    /// Why typed structs cannot hold these parameters: a document, or a null inside of a list or
    /// map; empty when they can.
    std::string_view unfit(const Shape& shape, const json::Value& parameters) const;
    /// A copy of `text` that lives as long as the model.
    std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }

private:
    struct Later;  // A member's own version of a shape, made when all shapes are complete.

    Shape& add(std::string_view name, std::string_view type);
    Shape& target(std::string_view name);
    void read_botocore(const json::Value& shapes);
    void botocore_members(Shape& shape, const json::Value& facts);
    void read_smithy(const json::Value& shapes, Names names);
    void smithy_facts(Shape& shape, const json::Value& traits, Names names);
    void smithy_members(Shape& shape, const json::Value& facts, Names names);
    void smithy_element(Shape& shape, const json::Value& facts, Names names);
    const Shape* own_version(const Shape& shape, const json::Value& traits, Names names);
    void finish(Shape& shape);

    std::deque<std::string> texts_;
    std::deque<std::vector<Member>> members_;
    std::deque<std::vector<std::string_view>> enums_;
    std::deque<Shape> shapes_;
    std::vector<Later> later_;
    std::map<std::string, Shape*, std::less<>> by_name_;
    std::vector<const Shape*> documents_;
};

/// A value in the form that the cases use for parameters: blobs as plain text, times as epoch
/// seconds.
std::string to_parameters(const Shape& shape, const void* value);
void from_parameters(const Shape& shape, const json::Value& parameters, void* value);

}  // namespace sky::aws::testing
