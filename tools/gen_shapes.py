#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns src/<service>/api/model.json and model_overrides.json into typed structs and shape tables. Run by the build.

usage: gen_shapes.py FOLDER MODEL OVERRIDES OUTPUT_DIRECTORY

FOLDER is the module's folder below src ("logs/api"): it gives the namespace (sky::logs::api) and the include path
(logs/api/shapes/...). Written into OUTPUT_DIRECTORY:
  <operation>.h    the request and response structs of one operation, with the structures that only it uses
  structures.h     structures that several operations use, and the errors that carry members
  service.h        service_model(), the table of operations
  tables_<n>.cc    the constant tables that codecs and validation walk (aws/shape.h)
Files are written only when their text changes, so that a new model rebuilds no more than it must. The number of
tables_<n>.cc is fixed (PARTS, also named in cmake/sky.cmake), because the build must know its outputs beforehand.
"""
import argparse
import json
import pathlib
import re
import sys

PARTS = 4
REQUIRED_MAX = 64  # The codecs keep one bit a required member.

SCALARS = {"string": ("std::string", "kString", ""), "blob": ("aws::Blob", "kBlob", ""),
           "boolean": ("bool", "kBoolean", " = false"), "integer": ("std::int32_t", "kInteger", " = 0"),
           "long": ("std::int64_t", "kLong", " = 0"), "float": ("float", "kFloat", " = 0"),
           "double": ("double", "kDouble", " = 0"), "timestamp": ("aws::Timestamp", "kTimestamp", "")}

# C++ words that the model may use as member names.
KEYWORDS = set("""and asm auto bool break case catch char class const continue default delete do double else enum
explicit export extern false float for friend goto if inline int long module mutable namespace new not operator or
private protected public register requires return short signed sizeof static struct switch template this throw true try
typedef typeid typename union unsigned using virtual void volatile while xor""".split())

LOCATIONS = {"uri": "kUri", "querystring": "kQuery", "header": "kHeader", "headers": "kHeaderMap", "statusCode": "kStatus"}
# Protocols by their names in models. A target prefix also names the service in RPC v2 CBOR, to which clients are moved
# one by one (clients.md 2), so every service that has one answers in both.
PROTOCOLS = {"rest-json": ["kRestJson"], "query": ["kQuery"], "ec2": ["kEc2Query"], "smithy-rpc-v2-cbor": []}

OVERRIDE_SHAPE = {"also_accept", "max_text", "min", "max", "pattern", "reason"}
OVERRIDE_OPERATION = {"errors_add", "validation_error", "reason"}


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()
    return name + "_" if name in KEYWORDS else name


def quoted(text):
    return json.dumps(text, ensure_ascii=True)


class Model:
    def __init__(self, folder, model, overrides):
        self.folder = folder
        self.namespace = "sky::" + folder.replace("/", "::")
        self.metadata = model["metadata"]
        self.operations = model["operations"]
        self.shapes = model["shapes"]
        self.validation_default = "ValidationException"
        for name, operation in self.operations.items():
            if "input" not in operation:  # Codecs and handlers always have a request, if an empty one.
                operation["input"] = name + "Request"
                self.shapes.setdefault(operation["input"], {"type": "structure", "members": {}})
        self.apply(overrides)
        self.order = self.used_shapes()

    def apply(self, overrides):
        unknown = set(overrides) - {"validation_error_default", "shapes", "operations"}
        if unknown:
            sys.exit(f"model_overrides.json: unknown section {sorted(unknown)}")
        if "validation_error_default" in overrides:
            self.validation_default = overrides["validation_error_default"]["value"]
        for kind, entries, known in (("shapes", self.shapes, OVERRIDE_SHAPE),
                                     ("operations", self.operations, OVERRIDE_OPERATION)):
            for name, change in overrides.get(kind, {}).items():
                if name not in entries:
                    sys.exit(f"model_overrides.json: {kind} has no {name}")
                if not change.get("reason"):
                    sys.exit(f"model_overrides.json: {name} gives no reason")
                if set(change) - known:
                    sys.exit(f"model_overrides.json: {name} has unknown keys {sorted(set(change) - known)}")
                entries[name] = {**entries[name], **{k: v for k, v in change.items() if k != "reason"}}

    @staticmethod
    def target(reference):
        return reference if isinstance(reference, str) else reference["shape"]

    def children(self, name):
        shape = self.shapes[name]
        references = list(shape.get("members", {}).values())
        references += [shape[part] for part in ("member", "key", "value") if part in shape]
        return [self.target(reference) for reference in references]

    def reachable(self, roots):
        seen, queue = set(), list(roots)
        while queue:
            name = queue.pop()
            if name not in seen:
                seen.add(name)
                queue += self.children(name)
        return seen

    def roots(self):
        for operation in self.operations.values():
            yield from (operation[part] for part in ("input", "output") if part in operation)
            yield from operation["errors"]
        # Errors that any operation may answer with and that none lists.
        yield from (name for name, shape in self.shapes.items() if shape.get("exception") and shape.get("synthetic"))

    def used_shapes(self):
        """Every shape that an operation or error reaches, each after what it contains by value."""
        used, order, state = self.reachable(self.roots()), [], {}

        def visit(name):
            if name in state:
                return
            state[name] = "open"
            required = self.shapes[name].get("required", [])
            if len(required) > REQUIRED_MAX:
                sys.exit(f"{name} requires {len(required)} members; codecs count to {REQUIRED_MAX}")
            for child in self.children(name):
                visit(child)
            order.append(name)

        for name in sorted(used):
            visit(name)
        return order

    def is_recursive(self, name, member):
        return name in self.reachable([member])

    def cpp_type(self, name):
        shape = self.shapes[name]
        kind = shape["type"]
        if kind in SCALARS:
            return SCALARS[kind][0]
        if kind == "list":
            return f"std::vector<{self.cpp_type(self.target(shape['member']))}>"
        if kind == "map":
            return f"std::map<std::string, {self.cpp_type(self.target(shape['value']))}>"
        return name

    def field(self, structure, member, reference):
        """(C++ type, initialiser, slot template) of one member."""
        target = self.target(reference)
        value, required = self.cpp_type(target), member in self.shapes[structure].get("required", [])
        if self.shapes[target]["type"] == "structure" and self.is_recursive(structure, target):
            return f"aws::Boxed<{value}>", "", f"aws::kBoxedSlot<{value}>"
        if required:
            kind = self.shapes[target]["type"]
            return value, SCALARS[kind][2] if kind in SCALARS else "", f"aws::kPlainSlot<{value}>"
        return f"std::optional<{value}>", "", f"aws::kOptionalSlot<{value}>"

    def struct(self, name):
        shape = self.shapes[name]
        rows = [f"struct {name} {{"]
        for member, reference in shape.get("members", {}).items():
            type_, initial, _ = self.field(name, member, reference)
            rows.append(f"    {type_} {snake(member)}{initial};")
        rows += ["};", f"const aws::Shape& shape_of(const {name}*);", ""]
        return rows

    def validation_error(self, operation):
        if "validation_error" in operation:
            return operation["validation_error"]
        for wanted in (self.validation_default, "InvalidParameterException", "ValidationException"):
            if wanted in operation["errors"]:
                return wanted
        return self.validation_default


def header(path, what, includes):
    return ["// SPDX-License-Identifier: Apache-2.0",
            f"#pragma once  // {path} - {what} Written by tools/gen_shapes.py.", "",
            *[f"#include {include}" for include in includes], ""]




def includes(*local):
    return ["<cstdint>", "<map>", "<optional>", "<string>", "<vector>", *[f'"{path}"' for path in ("aws/shape.h", *local)]]


def structs_header(model, path, what, local, names, extra=()):
    text = header(path, what, includes(*local)) + [f"namespace {model.namespace} {{", ""]
    recursive = sorted(n for n in names if n in {c for child in model.children(n) for c in model.reachable([child])})
    text += [f"struct {name};" for name in recursive] + ([""] if recursive else [])
    for name in names:
        text += model.struct(name)
    return text + [*extra, f"}}  // namespace {model.namespace}", ""]


def generate(model):
    """File name -> lines."""
    files = {}
    base = f"{model.folder}/shapes"
    structures = [n for n in model.order if model.shapes[n]["type"] == "structure"]
    users = {name: set() for name in structures}
    for name, operation in model.operations.items():
        for part in ("input", "output"):
            if part in operation:
                for shape in model.reachable([operation[part]]):
                    if shape in users:
                        users[shape].add(name)
    # Errors stand in structures.h, so what they hold must stand there too.
    for shape in model.reachable(n for n in model.order if model.shapes[n].get("exception")) & set(users):
        users[shape].add("errors")
    own = {name: [s for s in structures if users[s] == {name}] for name in model.operations}
    shared = [s for s in structures if len(users[s]) != 1 or users[s] == {"errors"}]

    files["structures.h"] = structs_header(model, f"{base}/structures.h", "Structures of several operations, and errors.",
                                           [], shared)
    for name, operation in model.operations.items():
        extra = []
        for part, suffix in (("input", "Request"), ("output", "Response")):
            wanted = name + suffix
            if part not in operation:
                extra += [f"/// {name} answers with an empty body.", f"struct {wanted} {{}};", ""]
            elif operation[part] != wanted:
                extra += [f"using {wanted} = {operation[part]};", ""]
        file = snake(name) + ".h"
        files[file] = structs_header(model, f"{base}/{file}", f"{name}.", [f"{base}/structures.h"], own[name], extra)

    files["service.h"] = header(f"{base}/service.h", "The table of operations.", ['"aws/shape.h"']) + [
        f"namespace {model.namespace} {{", "", "const aws::ServiceModel& service_model();", "",
        f"}}  // namespace {model.namespace}", ""]

    files["tables.h"] = header(f"{base}/tables.h", "Every shape by name; for the tables alone.", ['"aws/shape.h"']) + [
        f"namespace {model.namespace}::shapes {{", "", *[f"extern const aws::Shape k{n};" for n in model.order], "",
        f"}}  // namespace {model.namespace}::shapes", ""]

    # Neighbours in the order use the same structs, so contiguous parts include fewer headers.
    size = -(-len(model.order) // PARTS)
    parts = [model.order[i * size:(i + 1) * size] for i in range(PARTS)]
    for index, names in enumerate(parts):
        files[f"tables_{index}.cc"] = tables(model, names, own, shared, base, index == 0)
    return files


def xml_namespace(trait):
    trait = {"uri": trait} if isinstance(trait, str) else trait
    return f"{{{quoted(trait['uri'])}, {quoted(trait.get('prefix', ''))}}}"


def member_row(model, structure, member):
    shape = model.shapes[structure]
    reference = shape["members"][member]
    traits = {} if isinstance(reference, str) else reference
    target = model.target(reference)
    fields = [f".name = {quoted(member)}", f".shape = &k{target}", f".offset = offsetof({structure}, {snake(member)})",
              f".slot = &{model.field(structure, member, reference)[2]}",
              f".required = {'true' if member in shape.get('required', []) else 'false'}"]
    location = LOCATIONS.get(traits.get("location"))
    if location == "kQuery" and model.shapes[target]["type"] == "map":
        location = "kQueryMap"
    if shape.get("payload") == member:
        location = "kPayload"
    if location:
        fields.append(f".location = aws::Location::{location}")
    for trait, field in (("locationName", "wire_name"), ("queryName", "ec2_name"), ("timestampFormat", "timestamp_format")):
        if trait in traits:
            fields.append(f".{field} = {quoted(traits[trait])}")
    if "xmlNamespace" in traits:
        fields.append(f".xml_namespace = {xml_namespace(traits['xmlNamespace'])}")
    for trait, field in (("flattened", "flattened"), ("xmlAttribute", "xml_attribute")):
        if traits.get(trait):
            fields.append(f".{field} = true")
    return "{" + ", ".join(fields) + "}"


def shape_table(model, name):
    shape = model.shapes[name]
    kind = shape["type"]
    rows, fields = [], [f".kind = aws::Kind::{SCALARS[kind][1] if kind in SCALARS else 'k' + kind.capitalize()}",
                        f".name = {quoted(name)}"]
    if kind == "structure" and shape.get("members"):
        rows.append(f"constexpr aws::Member k{name}Members[] = {{")
        rows += [f"    {member_row(model, name, member)}," for member in shape["members"]]
        rows.append("};")
        fields.append(f".members = k{name}Members")
    if kind == "list":
        element = model.target(shape["member"])
        fields += [f".element = &k{element}", f".list = &aws::kListAccess<{model.cpp_type(element)}>"]
    if kind == "map":
        element = model.target(shape["value"])
        fields += [f".element = &k{element}", f".key = &k{model.target(shape['key'])}",
                   f".map = &aws::kMapAccess<{model.cpp_type(element)}>"]
    real = "real_" if kind in ("float", "double") else ""
    for bound in ("min", "max"):
        if bound in shape:
            fields.append(f".{real}{bound} = {shape[bound]}")
    if "pattern" in shape:
        fields.append(f".pattern = {quoted(shape['pattern'])}")
    if "enum" in shape:
        values = ", ".join(quoted(value) for value in shape["enum"])
        rows.append(f"constexpr std::string_view k{name}Values[] = {{{values}}};")
        fields.append(f".enum_values = k{name}Values")
    if "max_text" in shape:
        fields.append(f".max_text = {quoted(shape['max_text'])}")
    for flag, field in (("union", "is_union"), ("exception", "is_error"), ("fault", "is_fault")):
        if shape.get(flag):
            fields.append(f".{field} = true")
    if "httpStatusCode" in shape.get("error", {}):
        fields.append(f".http_status = {shape['error']['httpStatusCode']}")
    if shape.get("eventstream"):
        fields.append(".is_event_stream = true")
    if "also_accept" in shape:
        fields.append(f".also_accept = {quoted(shape['also_accept'])}")
    if "timestampFormat" in shape:
        fields.append(f".timestamp_format = {quoted(shape['timestampFormat'])}")
    if "code" in shape.get("error", {}):
        fields.append(f".error_code = {quoted(shape['error']['code'])}")
    if shape.get("flattened"):
        fields.append(".flattened = true")
    for part, field in (("member", "element"), ("key", "key"), ("value", "value")):
        traits = shape.get(part, "")
        if isinstance(traits, dict) and "locationName" in traits:
            fields.append(f".{field}_name = {quoted(traits['locationName'])}")
    for part, field in (("member", "element"), ("key", "key"), ("value", "value")):
        traits = shape.get(part, "")
        if isinstance(traits, dict) and "xmlNamespace" in traits:
            fields.append(f".{field}_namespace = {xml_namespace(traits['xmlNamespace'])}")
    if rows:
        rows = ["namespace {", *rows, "}  // namespace"]
    return rows + [f"constinit const aws::Shape k{name}{{" + ", ".join(fields) + "};", ""]


def tables(model, names, own, shared, base, with_service):
    needed = set()
    for name in names:
        needed |= {n for n in [name, *model.children(name)]}
        needed |= {n for child in model.children(name) for n in model.children(child)}
    headers = {f"{base}/{snake(op)}.h" for op, structs in own.items() if needed & set(structs)}
    text = ["// SPDX-License-Identifier: Apache-2.0", "// Written by tools/gen_shapes.py.", "#include <array>", "#include <cstddef>", "",
            *[f'#include "{h}"' for h in sorted(headers | {f"{base}/structures.h", f"{base}/tables.h"})],
            f'#include "{base}/service.h"', "",
            "// GCC and Clang both define offsetof for these plain structs; the warning is about types with virtual bases.",
            '#pragma GCC diagnostic ignored "-Winvalid-offsetof"', "", f"namespace {model.namespace}::shapes {{", ""]
    for name in names:
        text += shape_table(model, name)
    text += [f"}}  // namespace {model.namespace}::shapes", "", f"namespace {model.namespace} {{", ""]
    text += [f"const aws::Shape& shape_of(const {n}*) {{ return shapes::k{n}; }}"
             for n in names if model.shapes[n]["type"] == "structure"]
    if with_service:
        text += service(model)
    return text + ["", f"}}  // namespace {model.namespace}", ""]


def service(model):
    text = ["", "namespace {"]
    for name in sorted(model.operations):
        errors = sorted(set(model.operations[name]["errors"]) | set(model.operations[name].get("errors_add", [])))
        if errors:
            values = ", ".join(quoted(error) for error in errors)
            text.append(f"constexpr std::string_view k{name}Errors[] = {{{values}}};")
    text.append("constexpr aws::OperationModel kOperations[] = {")
    for name in sorted(model.operations):
        operation = model.operations[name]
        output = f"&shapes::k{operation['output']}" if "output" in operation else "nullptr"
        errors = f"k{name}Errors" if operation["errors"] or operation.get("errors_add") else "{}"
        http = operation["http"]
        text.append(f"    {{{quoted(name)}, &shapes::k{operation['input']}, {output}, {errors}, "
                    f"{quoted(model.validation_error(operation))}, {quoted(http['method'])}, "
                    f"{quoted(http['requestUri'])}, {http.get('responseCode', 200)}, "
                    f"{quoted(operation.get('resultWrapper', ''))}}},")
    errors = sorted(n for n in model.order if model.shapes[n].get("exception"))
    text += ["};", f"constexpr std::array<const aws::Shape*, {len(errors)}> kErrors = {{",
             *[f"    &shapes::k{name}," for name in errors]]
    meta = model.metadata
    label = model.folder.split("/")[0]
    signing = meta.get("signingName", meta["endpointPrefix"])
    # As in the published models: "CloudWatch Logs" is com.amazonaws.cloudwatchlogs.
    namespace = "com.amazonaws." + meta["serviceId"].replace(" ", "").lower()
    protocols = ["kCbor"] if "targetPrefix" in meta else []
    for protocol in meta["protocols"]:
        known = {**PROTOCOLS, "json": ["kJson10" if meta.get("jsonVersion") == "1.0" else "kJson11"]}
        protocols += known[protocol]
    space = meta.get("xmlNamespace", "")
    if "ec2" in meta["protocols"] and not space.endswith("/"):
        space += "/"  # Answers have the slash that the model leaves out (clients.md 5.3).
    text += ["};",
             "constexpr aws::Protocol kProtocols[] = {" + ", ".join(f"aws::Protocol::{p}" for p in protocols) + "};",
             f"constexpr aws::ServiceModel kService{{{quoted(label)}, {quoted(signing)}, "
             f"{quoted(meta.get('targetPrefix', ''))}, {quoted(meta['apiVersion'])}, {quoted(meta.get('jsonVersion', ''))}, "
             f"{quoted(namespace)}, kOperations, kErrors, kProtocols, {quoted(space)}, "
             f"{'true' if 'awsQueryCompatible' in meta else 'false'}}};",
             "}  // namespace", "", "const aws::ServiceModel& service_model() { return kService; }"]
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("overrides", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    overrides = json.loads(arguments.overrides.read_text()) if arguments.overrides.exists() else {}
    model = Model(arguments.folder, json.loads(arguments.model.read_text()), overrides)
    arguments.output.mkdir(parents=True, exist_ok=True)
    files = generate(model)
    for name, rows in files.items():
        path, text = arguments.output / name, "\n".join(rows)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    for stale in set(p.name for p in arguments.output.iterdir()) - set(files):
        (arguments.output / stale).unlink()


if __name__ == "__main__":
    main()
