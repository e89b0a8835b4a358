#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/<service>/api/model.json: the facts of one service's published model, without its prose.

usage: import_model.py SERVICE_MODEL OUTPUT [--source TEXT] [--operations NAME,NAME...]

SERVICE_MODEL is service-2.json or service-2.json.gz of the botocore package. The output is deterministic: keys are
sorted except members, whose order in the model is kept (error texts follow it), and every shape is one line, so that a
new model shows as a small diff. With --operations only those operations and what they reach are kept, for services of
which we build a corner (EC2 has 830 operations and 4,400 shapes).
"""
import argparse
import gzip
import json
import pathlib

# What the build and the codecs read. Everything else (documentation above all) stays behind.
METADATA = ("apiVersion", "awsQueryCompatible", "endpointPrefix", "jsonVersion", "protocol", "protocols", "serviceId", "signingName",
            "targetPrefix", "xmlNamespace")
OPERATION = ("http", "endpoint", "httpChecksumRequired", "idempotent", "requestcompression")
SHAPE = ("type", "required", "min", "max", "pattern", "enum", "union", "eventstream", "event", "exception", "fault",
         "error", "payload", "flattened", "timestampFormat", "box", "sensitive", "document", "wrapper", "locationName",
         "synthetic")
MEMBER = ("location", "locationName", "queryName", "flattened", "idempotencyToken", "streaming", "timestampFormat",
          "xmlNamespace", "xmlAttribute", "eventpayload", "eventheader", "jsonvalue", "hostLabel", "box")


def reference(value):
    """A reference to a shape: its bare name, or an object where the reference carries traits."""
    traits = {key: value[key] for key in MEMBER if key in value}
    return {"shape": value["shape"], **traits} if traits else value["shape"]


def shape_facts(shape):
    facts = {key: shape[key] for key in SHAPE if key in shape}
    if "members" in shape:
        facts["members"] = {name: reference(member) for name, member in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            facts[part] = reference(shape[part])
    return facts


def operation_facts(operation):
    facts = {}
    for part in ("input", "output"):
        if part in operation:
            facts[part] = operation[part]["shape"]
            if "resultWrapper" in operation[part]:
                facts["resultWrapper"] = operation[part]["resultWrapper"]
    facts["errors"] = sorted(error["shape"] for error in operation.get("errors", []))
    for key in OPERATION:
        if key in operation:
            facts[key] = operation[key]
    return facts


def lines(title, entries, last):
    rows = [f"    {json.dumps(name)}: {json.dumps(entries[name], ensure_ascii=False)}" for name in sorted(entries)]
    return f'  "{title}": {{\n' + ",\n".join(rows) + "\n  }" + ("\n" if last else ",\n")


def reachable(operations, shapes):
    """Names of the shapes that the operations use, and of the errors that any operation may answer with."""
    queue = [name for name, shape in shapes.items() if shape.get("exception") and shape.get("synthetic")]
    for operation in operations.values():
        queue += [operation[part]["shape"] for part in ("input", "output") if part in operation]
        queue += [error["shape"] for error in operation.get("errors", [])]
    seen = set()
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            shape = shapes[name]
            queue += [member["shape"] for member in shape.get("members", {}).values()]
            queue += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--source", default="", help="where the model came from, e.g. 'botocore 1.44.5'")
    parser.add_argument("--operations", default="", help="names, with commas between; all when absent")
    arguments = parser.parse_args()

    raw = arguments.model.read_bytes()
    model = json.loads(gzip.decompress(raw) if arguments.model.suffix == ".gz" else raw)
    metadata = {key: model["metadata"][key] for key in METADATA if key in model["metadata"]}
    if arguments.source:
        metadata["source"] = arguments.source
    if arguments.operations:
        wanted = arguments.operations.split(",")
        model["operations"] = {name: model["operations"][name] for name in wanted}
        kept = reachable(model["operations"], model["shapes"])
        model["shapes"] = {name: shape for name, shape in model["shapes"].items() if name in kept}
    text = "{\n" + f'  "metadata": {json.dumps(metadata, sort_keys=True)},\n'
    text += lines("operations", {name: operation_facts(op) for name, op in model["operations"].items()}, last=False)
    text += lines("shapes", {name: shape_facts(shape) for name, shape in model["shapes"].items()}, last=True) + "}\n"
    json.loads(text)  # What is committed must be readable.
    arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
