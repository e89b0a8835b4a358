# SPDX-License-Identifier: Apache-2.0
"""./dev bench micro: the inner loops alone, as google-benchmark measures them: CPU time of one turn and what it moves in a second."""
import json
import subprocess

PROGRAMS = ("shapes_block", "query_kernels", "insights_seed_query", "put_stages", "put_log_events", "store_append", "store_scan", "store_groups")


def targets():
    return [f"bench_{program}" for program in PROGRAMS]


def measure(root, log):
    """Rows of (loop, CPU time of a turn, rate, the program)."""
    rows = []
    for target in targets():
        report = json.loads(subprocess.run([str(root / "build/release/bench" / target), "--benchmark_format=json", "--benchmark_min_time=0.2"],
                                           check=True, capture_output=True, text=True, timeout=900).stdout)
        for row in report["benchmarks"]:
            if row.get("error_occurred"):
                rows.append((row["name"], "not measured", row["error_message"], target))
                continue
            rate = ", ".join(f"{row[key] / 1e6:,.1f} {unit}" for key, unit in (("bytes_per_second", "MB/s"), ("items_per_second", "M/s")) if key in row)
            rows.append((row["name"], f"{row['cpu_time']:,.1f} {row['time_unit']}", rate, target))
        log(f"micro: {target}")
    return rows
