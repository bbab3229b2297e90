#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The figures of ./bench: runs within a private journald, measures, prints one table.

    bench.py BUILD-DIRECTORY RECORDS [PART…]

Machines are noisy: what counts are the ratios within one run. Each comparison runs several times in turn, and the
median is printed. RECORDS: for the log of the restart (which says of memory and the verifier, too), and of memory;
others take less. Each record takes 700 bytes of disk, below TMPDIR, meanwhile.
"""
import os
import subprocess
import sys
import time

BUILD, RECORDS, PARTS = os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
os.environ["TX_BUILD"] = BUILD
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from detection import detection  # noqa: E402
from durable import durable  # noqa: E402
from fairness import fairness  # noqa: E402
from memory import memory  # noqa: E402
from restart import restart  # noqa: E402
from table import VERIFY, Daemon, goal, median, plain_config, row, title, tool, wait_until  # noqa: E402
from throughput import throughput  # noqa: E402

# What is asked of tx_audit_log(): of sd_journal_sendv, and of syslog.
CALL_GOALS = {"tight": (0.35, 0.4), "alternating": (0.35, 0.4), "paused": (0.7, 0.7)}
CALL_ROUNDS = {"tight": 20000, "alternating": 20000, "paused": 1000}


def settled(d):
    checkpoint = d.ctl("status", "-o", "json").stdout
    time.sleep(0.3)
    return '"unsynced_bytes":0' in checkpoint


def call_cost():
    title("One call, 300 bytes of fields, queued, forwarding off (p50 of each of 5 rounds; their median)")
    with Daemon(plain_config()).start() as d:
        for mode, (of_journal, of_syslog) in CALL_GOALS.items():
            rounds = []
            for _ in range(5):
                rounds.append(tool("bench-client", "--mode", mode, "--rounds", CALL_ROUNDS[mode] // 5, daemon=d))
                wait_until(lambda: settled(d), 60, "everything is durable")
            for name in rounds[0]:
                row(f"{mode}: {name}", f"{median([r[name]['p50'] for r in rounds]):.0f} ns",
                    f"p99 {median([r[name]['p99'] for r in rounds]):.0f}")
            for name, limit in (("sd_journal_sendv", of_journal), ("syslog", of_syslog)):
                goal(f"{mode}: of {name}", median([r["tx_audit_log"]["p50"] / r[name]["p50"] for r in rounds]), limit)


def run_seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def verifier(records):
    with Daemon(plain_config()).start() as d:
        tool("bench-throughput", records, daemon=d)
        if d.stop() != 0:
            raise AssertionError("the daemon did not stop cleanly")
        files = [os.path.join(d.log, n) for n in d.segments()]
        size = sum(os.path.getsize(f) for f in files)
        title(f"Verifier, {size / 1e6:.0f} MB in {len(files)} segments (median of 5, in turn)")
        commands = {
            "sha256sum": ["sha256sum", *files],
            "openssl dgst -sha256": ["openssl", "dgst", "-sha256", *files],
            "tracex-auditverify -j 1": [VERIFY, "-q", "-j", "1", d.log],
            "tracex-auditverify -j 2": [VERIFY, "-q", "-j", "2", d.log],
        }
        times = {name: [] for name in commands}
        for _ in range(5):
            for name, command in commands.items():
                times[name].append(run_seconds(command))
        for name, values in times.items():
            row(name, f"{size / median(values) / 1e6:.0f} MB/s")

        def of(name, peer):
            return median([b / a for a, b in zip(times[name], times[peer])])
        one, two = "tracex-auditverify -j 1", "tracex-auditverify -j 2"
        goal("on one core, of sha256sum's speed", of(one, "sha256sum"), 2, most=False)
        goal("on one core, of openssl's speed", of(one, "openssl dgst -sha256"), 0.4, most=False)
        row("two threads, of one's speed", f"{of(two, one):.2f}")


PARTS_OF = {
    "call": call_cost,
    "throughput": lambda: throughput(min(RECORDS, 400000)),
    "durable": durable,
    "fairness": fairness,
    "memory": lambda: memory(RECORDS),
    "restart": lambda: restart(RECORDS),
    "verifier": lambda: verifier(min(RECORDS, 400000)),
    "detection": detection,
}


def main():
    for name, part in PARTS_OF.items():
        if not PARTS or name in PARTS:
            part()


main()
