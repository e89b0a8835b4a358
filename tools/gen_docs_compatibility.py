#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of docs/compatibility.md from each service's model and rows of operations; --check only compares."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/compatibility.md"
# Built, and refuses whatever is asked, because what it is about does not exist here.
REFUSED = {
    "logs": {"AssociateKmsKey": "no key is known: there is no key service yet", "GetLogFields": "no log group has a data source",
             "PutBearerTokenAuthentication": "switching it on: no endpoint takes bearer tokens yet"},
}
# What an operation that is not built belongs to; the first expression that is found in its name counts.
THEMES = {
    "logs": [
        ("LookupTable", "lookup tables"), ("QueryDefinition", "saved queries"),
        ("ScheduledQuer", "scheduled queries"), ("Delivery|Deliveries|ConfigurationTemplates", "deliveries of vended logs"),
        ("MetricFilter", "metric filters"), ("SubscriptionFilter|Destination", "subscriptions"), ("DataProtection", "data protection"),
        ("Transformer", "transformers"), ("Index", "field indexes"), ("AccountPolic|ResourcePolic", "policies"), ("StorageTier", "storage tiers"),
        ("Anomal", "anomaly detection"), ("Export|Import|S3Table", "export and import"), ("Integration", "integrations"),
        ("Syslog", "syslog"), ("", "reading"),
    ],
    "metrics": [("Dashboard|Widget", "dashboards"), ("Alarm", "alarms"), ("Anomaly", "anomaly detection"), ("Insight", "contributor insights"),
                ("MetricStream", "metric streams"), ("", "metrics")],
    "sts": [("", "identity")], "ec2": [("", "hosts")], "oam": [("", "linked accounts")], "tagging": [("", "tags")],
}
SERVICES = {"logs": "src/logs/api", "metrics": "src/metrics/api", "sts": "src/sts/api", "ec2": "src/ec2/api",
            "oam": "src/oam/api", "tagging": "src/tagging/api"}


def state(service, name, built):
    if name in built:
        reason = REFUSED.get(service, {}).get(name)
        return f"refused: {reason}" if reason else "works"
    return "not yet: " + next(theme for pattern, theme in THEMES[service] if re.search(pattern, name))


def table(service, folder):
    model = json.loads((ROOT / folder / "model.json").read_text())
    rows = (ROOT / folder / "operations.cc").read_text()
    built = set(re.findall(r'\{"(\w+)",\s*Access::', rows))
    names = sorted(model["operations"])
    unknown = built - set(names)
    if unknown:
        sys.exit(f"{folder}/operations.cc names operations that the model does not know: {sorted(unknown)}")
    if built == set(names):  # The model is limited to what is built.
        return "Built: " + ", ".join(names) + "."
    unbuilt = set(REFUSED.get(service, {})) - built
    if unbuilt:
        sys.exit(f"tools/gen_docs_compatibility.py: refused, yet not built: {sorted(unbuilt)}")
    lines = [f"{len(built)} of {len(names)} operations are built.", "", "| Operation | State |", "|---|---|"]
    lines += [f"| {name} | {state(service, name, built)} |" for name in names]
    return "\n".join(lines)


def main():
    old = DOCUMENT.read_text()
    new = old
    for service, folder in SERVICES.items():
        begin, end = f"<!-- {service}: begin -->\n", f"\n<!-- {service}: end -->"
        if begin not in new or end not in new:
            sys.exit(f"docs/compatibility.md has no marks for {service}")
        head, rest = new.split(begin, 1)
        new = head + begin + table(service, folder) + end + rest.split(end, 1)[1]
    if new == old:
        return
    if "--check" in sys.argv:
        sys.exit("docs/compatibility.md: not current (python3 tools/gen_docs_compatibility.py)")
    DOCUMENT.write_text(new)


if __name__ == "__main__":
    main()
