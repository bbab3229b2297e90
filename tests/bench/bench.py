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
import tempfile
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


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def many_clients(d, n_clients=8):
    """Seconds depend on what else the machine does; processor time a record less so."""
    print(f"\n{n_clients} clients at once, {RECORDS} records in all, each to the return of its tx_flush")
    pids = daemon_pids(d)
    for level in ("queued", "buffered", "durable"):
        n = RECORDS if level != "durable" else RECORDS // 20
        threads = 1 if level != "durable" else 8
        before, own, start = cpu_seconds(pids), os.times(), time.perf_counter()
        command = [os.path.join(BENCH, "bench-throughput"), str(n // n_clients), str(threads), level]
        clients = [subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ, TRACEX_SOCKET=d.socket))
                   for _ in range(n_clients)]
        assert [c.wait() for c in clients] == [0] * n_clients
        seconds, after = time.perf_counter() - start, os.times()
        spent = after.children_user + after.children_system - own.children_user - own.children_system
        row(level if threads == 1 else f"{level}, of {threads} threads each", f"{n / seconds:.0f}/s",
            f"processor time a record: daemon {(cpu_seconds(pids) - before) / n * 1e6:.2f} µs, "
            f"clients {spent / n * 1e6:.2f} µs")


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


DETECT_RECORDS, PEER_RECORDS = 1000000, 100000


def bench(name, *arguments):
    result = subprocess.run([os.path.join(BENCH, name), *map(str, arguments)], text=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout) if result.returncode == 0 else None


def detection():
    patterns = os.path.join(os.path.dirname(os.path.abspath(__file__)), "patterns.tsv")
    with tempfile.NamedTemporaryFile() as f:
        figures = bench("bench-detect", DETECT_RECORDS, f.name)
        ours, slow = figures["records"], figures["adversarial_mb_per_s"]
        print(f"\nFinding personal data, all detectors on, one thread, {DETECT_RECORDS} records of {figures['bytes']:.0f} "
              "bytes, 5 % with personal data (best of several rounds, the thread's own time)")
        row("a record", f"{ours['ns']:.0f} ns", f"{ours['mb_per_s']:.0f} MB/s, {ours['found']} found, with their places")
        row("the same without vectors", f"{figures['portable']['ns']:.0f} ns",
            f"{figures['portable']['mb_per_s']:.0f} MB/s")
        for name, what in (("re2", "RE2::Set, without places"), ("hyperscan", "Hyperscan, ends of matches"),
                           ("pcre2", "PCRE2 with JIT, pattern by pattern")):
            if not os.path.exists(os.path.join(BENCH, "bench-" + name)):
                row(what, "-", "its library is not installed")
                continue
            peer = bench("bench-" + name, patterns, f.name, PEER_RECORDS)
            row(what, f"{peer['ns']:.0f} ns", f"46 patterns, {peer['mb_per_s']:.1f} MB/s: {peer['ns'] / ours['ns']:.1f} times "
                "our time")
    values = figures["values"]
    row("a value of 16 bytes", f"{figures['value_of_16_bytes_ns']:.0f} ns")
    row(f"a record of {values['n']} short values, one by one", f"{values['alone_ns']:.0f} ns")
    row("the same all at once", f"{values['together_ns']:.0f} ns")
    below = sorted(slow.items(), key=lambda item: item[1])
    row(f"the slowest of {len(slow)} texts made to be slow", f"{below[0][1]:.0f} MB/s",
        ", ".join(f"{atom!r} {speed:.0f}" for atom, speed in below[:5]))


def main():
    config = CONFIG.replace("compress: zstd", "compress: none")
    with Daemon(config).start() as d:
        call_cost(d)
    with Daemon(config).start() as d:
        time.sleep(0.5)
        end_to_end(d)
        many_clients(d)
        assert d.stop() == 0
        verifier(d)
    detection()


main()
