# SPDX-License-Identifier: Apache-2.0
"""./dev bench soak: everything at once for as long as wanted (bench/soak.cc says what); held to nothing lost, nothing failed, memory kept."""
import json
import subprocess


def measure(root, work, seconds, log):
    """Rows of (what, figure, beside it); whether something did not hold."""
    memory_mib = 512
    done = subprocess.run([str(root / "build/release/bench/bench_soak"), "--seconds", str(seconds), "--directory", str(work / "soak"),
                           "--memory-mib", str(memory_mib)], stdout=subprocess.PIPE, text=True, timeout=seconds + 900)
    if not done.stdout.strip():
        raise RuntimeError(f"the soak ended with {done.returncode} before its report")
    seen = json.loads(done.stdout.splitlines()[-1])
    log(f"soak: {seen['events']:,.0f} events in {seen['seconds']:.0f} s" + (f"; {seen['first_failure']}" if seen["first_failure"] else ""))
    written = seen["written_mb"] / max(seen["disk_mb"], 0.001)
    rows = [
        ("acknowledged events, batches", f"{seen['events']:,.0f}, {seen['batches']:,.0f}", f"in {seen['seconds']:.0f} s; 10,000 groups made in {seen['making_s']:.1f} s"),
        ("of them missing or doubled; after a restart", f"{seen['wrong']:.0f}; {seen['wrong_after_restart']:.0f}", "0"),
        ("calls that failed, of which " + f"{seen['queries']:,.0f} queries", f"{seen['failed']:.0f}", "0"),
        ("groups deleted and made again; not empty then", f"{seen['made_again']:,.0f}; {seen['came_back']:.0f}", "0"),
        ("batches throttled", f"{seen['throttled']:,.0f}", f"the store's budget was filled to {seen['store_memory_percent_peak']:.0f} % at most"),
        ("ack p50 / p99, everything beside", f"{seen['ack_p50_ms']:.1f} / {seen['ack_p99_ms']:.1f} ms", ""),
        ("RSS, peak", f"{seen['rss_peak_mb']:.0f} MB", f"budget {seen['memory_mb']:.0f} MB; {seen['rss_quarter_mb']:.0f} after a quarter, {seen['rss_end_mb']:.0f} at the end"),
        ("merge debt, peak", f"{seen['debt_segments_peak']:,.0f} segments, {seen['debt_mb_peak']:.1f} MB", f"{seen['merges']:.0f} merges; soft limit 200,000 segments, 512 MB"),
        ("written to segments / on disk in the end", f"{seen['written_mb']:.0f} / {seen['disk_mb']:.0f} MB", f"{written:.2f}x"),
        ("files, open files, peak", f"{seen['files_peak']:.0f}, {seen['open_files_peak']:.0f}", ""),
        ("deletion suspended by the clock's jump", "yes" if seen["deletion_suspended"] else "no", "yes, once expiry has looked"),
        ("stop; start", f"{seen['stop_s']:.2f} s; {seen['start_s']:.2f} s", "floor of the start 5 s"),
    ]
    return rows, not seen["held"]
