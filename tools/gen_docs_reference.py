#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/functions.md, docs/query-language.md and docs/metrics.md from the tables of the code; --check only compares."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STRING = r'"((?:[^"\\]|\\.)*)"'


def strings(row):
    """The string literals of a row, adjacent ones joined as the compiler joins them."""
    out, end = [], None
    for match in re.finditer(STRING, row):
        text = match.group(1).replace('\\"', '"').replace("\\\\", "\\")
        if end is not None and not row[end:match.start()].strip():
            out[-1] += text
        else:
            out.append(text)
        end = match.end()
    return out


def rows(path, array):
    source = (ROOT / path).read_text()
    body = source[source.index(array):]
    body = body[body.index("({") + 2:body.index("\n});")]
    # A row begins with a brace at the start of its line and a name.
    return [strings(row) for row in re.split(r"\n\s{4}(?=\{\")", "\n    " + body.strip()) if row.strip()]


def cell(text):
    return text.replace("|", "\\|")


def functions():
    out = ["# Query functions", "", "Made from the tables in `src/insights/functions/`; every example is run as a test. Names are read in any case.", ""]
    for title, path, array in (("Scalar functions", "src/insights/functions/table.cc", "kFunctions = "),
                               ("Aggregates of stats", "src/insights/functions/aggregate.cc", "kAggregates = ")):
        out += [f"## {title}", "", "| Function | What it gives | Example |", "|---|---|---|"]
        for row in rows(path, array):
            name, help_text, example = row[0], row[-2], row[-1]
            out.append(f"| `{name}` | {cell(help_text)} | `{cell(example)}` |")
        out.append("")
    return "\n".join(out)


def reference_queries():
    """The events and tables of tests/queries/reference.txt, and what each of its queries answers."""
    head, *queries = (ROOT / "tests/queries/reference.txt").read_text().split("\n== query ")
    answers = {}
    for query in queries:
        name, rest = query.split("\n", 1)
        expected = rest[rest.index("-- rows\n") + len("-- rows\n"):].strip("\n").split("\n")
        answers[name] = [line.replace("\t", "  ") for line in expected if line]
    return head[head.index("== events"):].strip(), answers


def query_language():
    events, answers = reference_queries()
    out = ["# The query language", "",
           "Commands stand one behind the other, separated by `|`; each takes the rows of the one before. Made from the table in",
           "`src/insights/syntax/commands.cc` and `tests/queries/reference.txt`, whose queries run as tests; functions are in [functions.md](functions.md).",
           "Names of commands and functions are read in any case, `#` begins a comment, a name with other characters than letters, digits, `_`, `@` and `.`",
           "stands in backticks. In the syntax below `[ ]` may be left out and `…` repeated. Rows are shown as `field=value`; `@ptr` is the event's pointer.", "",
           "## The events of the examples", "", "```", events, "```", ""]
    for row in rows("src/insights/syntax/commands.cc", "kCommands = "):
        name, syntax, help_text, example = (row + ["", ""])[:4]
        out += [f"## {name}", "", help_text, "", "```", syntax, "```", ""]
        if example:
            out += ["```", example, "", *answers[name], "```", ""]
    out += ["## Fields of every event", "",
            "Besides these an event has the fields found in it: those of a JSON object by path, and those of Lambda, VPC flow and Route 53 logs.",
            "A name that an event does not have is a missing value.", "", "| Field | What it is |", "|---|---|"]
    out += [f"| `{row[0]}` | {cell(row[-1])} |" for row in rows("src/insights/plan/expression_binder.cc", "kAutomaticFields = ")]
    return "\n".join(out) + "\n"


def metrics():
    source = (ROOT / "src/server/metrics.cc").read_text()
    found = re.findall(r'\{"(skywatch_\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', source)
    out = ["# Metrics", "", "What `/metrics` shows, in Prometheus' text format. Made from `src/server/metrics.cc`.", "",
           "| Metric | What it counts |", "|---|---|"]
    out += [f"| `{name}` | {cell(''.join(re.findall(STRING, text)))} |" for name, text in found]
    return "\n".join(out) + "\n"


def main():
    stale = []
    for name, text in (("functions.md", functions()), ("query-language.md", query_language()), ("metrics.md", metrics())):
        path = ROOT / "docs" / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                stale.append(f"docs/{name} is not current: python3 tools/gen_docs_reference.py")
        else:
            path.write_text(text)
    print("\n".join(stale), end="\n" if stale else "")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
