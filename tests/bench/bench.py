#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The figures of ./bench: runs within a private journald, measures, prints one table.

    bench.py BUILD-DIRECTORY RECORDS

Machines are noisy: what counts are the ratios within one run. Each comparison runs several times in turn, and the
median is printed.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time

BUILD, RECORDS = os.path.abspath(sys.argv[1]), int(sys.argv[2])
os.environ["TX_BUILD"] = BUILD
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from tracexd import CHILDREN, CONFIG, Daemon, wait_until  # noqa: E402

BENCH = os.path.join(BUILD, "tests/bench")
VERIFY = os.path.join(BUILD, "tools/auditverify/tracex-auditverify")


def row(what, figure, beside=""):
    print(f"  {what:<58} {figure:>16}  {beside}", flush=True)


def pss_kib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    return total


def daemon_pids(d):
    return [d.supervisor()] + [p for p in map(d.child, CHILDREN) if p]


def call_cost(d):
    """ns a call, in a tight loop and alternating."""
    print("\nCost of one call, 300-byte record, queued; forwarding off (median; mean, 99th percentile)")
    for mode in ("tight", "alternating"):
        out = subprocess.run([os.path.join(BENCH, "bench-client"), "--mode", mode], check=True, text=True,
                             stdout=subprocess.PIPE, env=dict(os.environ, TRACEX_SOCKET=d.socket)).stdout
        figures = json.loads(out)
        base = figures["sd_journal_sendv"]
        for name, f in figures.items():
            row(f"{mode}: {name}", f"{f['p50']:.0f} ns",
                f"mean {f['mean']:.0f}, p99 {f['p99']:.0f}; of sd_journal_sendv {f['p50'] / base['p50']:.2f}, "
                f"by the mean {f['mean'] / base['mean']:.2f}")
        wait_until(lambda: settled(d), 60, "everything is durable")


def settled(d):
    size = os.path.getsize(os.path.join(d.log, d.segments()[-1]))
    time.sleep(0.3)
    return os.path.getsize(os.path.join(d.log, d.segments()[-1])) == size


def end_to_end(d):
    print(f"\nEnd to end, one client, {RECORDS} records, timed to the return of tx_flush")
    idle = pss_kib(daemon_pids(d))
    out = subprocess.run([os.path.join(BENCH, "bench-throughput"), str(RECORDS)], check=True, text=True,
                         stdout=subprocess.PIPE, env=dict(os.environ, TRACEX_SOCKET=d.socket)).stdout
    figures = json.loads(out)
    row("masked, chained, durable", f"{figures['records_per_second']:.0f}/s", f"{figures['seconds']:.2f} s")
    row("memory of all processes (sum of PSS), before", f"{idle / 1024:.1f} MiB")
    row(f"the same after {RECORDS} records", f"{pss_kib(daemon_pids(d)) / 1024:.1f} MiB")


def run_seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def verifier(d):
    files = [os.path.join(d.log, n) for n in d.segments()]
    size = sum(os.path.getsize(f) for f in files)
    print(f"\nVerifier, {size / 1e6:.0f} MB in {len(files)} segments (median of 5, in turn)")
    commands = {
        "sha256sum": ["sha256sum", *files],
        "openssl dgst -sha256": ["openssl", "dgst", "-sha256", *files],
        "tracex-auditverify -j1": [VERIFY, "-q", "-j", "1", d.log],
        "tracex-auditverify": [VERIFY, "-q", d.log],
    }
    times = {name: [] for name in commands}
    for _ in range(5):
        for name, command in commands.items():
            times[name].append(run_seconds(command))
    base = statistics.median(times["sha256sum"])
    for name, values in times.items():
        median = statistics.median(values)
        row(name, f"{size / median / 1e6:.0f} MB/s", f"{median / base:.2f} of sha256sum's time")


def detection():
    figures = json.loads(subprocess.run([os.path.join(BENCH, "bench-detect")], check=True, text=True,
                                        stdout=subprocess.PIPE).stdout)
    records, slowest = figures["records"], min(figures["adversarial_mb_per_s"].items(), key=lambda item: item[1])
    print("\nFinding personal data, all detectors on (best of 5)")
    row(f"a record of {records['bytes']:.0f} bytes, 5 % with personal data", f"{records['ns']:.0f} ns",
        f"{records['mb_per_s']:.0f} MB/s")
    row("a value of 16 bytes", f"{figures['value_of_16_bytes_ns']:.0f} ns")
    row(f"the slowest of {len(figures['adversarial_mb_per_s'])} texts made to be slow", f"{slowest[1]:.0f} MB/s",
        f"{slowest[0]!r} repeated")


def main():
    config = CONFIG.replace("compress: zstd", "compress: none")
    with Daemon(config).start() as d:
        call_cost(d)
    with Daemon(config).start() as d:
        time.sleep(0.5)
        end_to_end(d)
        assert d.stop() == 0
        verifier(d)
    detection()


main()
