# SPDX-License-Identifier: MIT
"""Durable calls beside what the disk allows, on the same file system."""
from table import Daemon, goal, median, plain_config, row, title, tool

ROUNDS = 5
LINE_BYTES = 640  # of the bench's record, as it stands in the log


def alone(d):
    title(f"A durable call alone, and a bare write of {LINE_BYTES} bytes with fdatasync, in turn (median of {ROUNDS} rounds' p50)")
    ours, grows, zeros = [], [], []
    for _ in range(ROUNDS):
        bare = tool("bench-sync", d.dir, LINE_BYTES, 300)
        ours.append(tool("bench-durable", "--calls", 300, daemon=d)["p50"])
        grows.append(bare["grows"]["p50"])
        zeros.append(bare["zero_filled"]["p50"])
    row("bare append to a file that grows", f"{median(grows) / 1000:.0f} µs")
    row("bare write over zeros, as the ledger lays them out", f"{median(zeros) / 1000:.0f} µs")
    row("tx_audit_log_durable()", f"{median(ours) / 1000:.0f} µs")
    goal("of the bare append", median([a / b for a, b in zip(ours, grows)]), 1.3)
    row("of the bare write over zeros", f"{median([a / b for a, b in zip(ours, zeros)]):.2f}")


def many(d, calls):
    title(f"Durable calls of 64 threads (median of {ROUNDS} rounds)")
    rounds = [tool("bench-durable", "--threads", 64, "--calls", calls, daemon=d) for _ in range(ROUNDS)]
    goal("calls a second", median([r["per_second"] for r in rounds]), 30000, "/s", most=False)
    row("p50, p99", f"{median([r['p50'] for r in rounds]) / 1e6:.2f} ms", f"{median([r['p99'] for r in rounds]) / 1e6:.2f} ms")


def under_load(d):
    title(f"A durable call after the other, 50,000 queued records a second of another process (median of {ROUNDS} rounds)")
    rounds = [tool("bench-durable", "--calls", 1000, "--load", 50000, daemon=d) for _ in range(ROUNDS)]
    row("load that came", f"{median([r['load_per_second'] for r in rounds]):,.0f}/s")
    row("p50", f"{median([r['p50'] for r in rounds]) / 1e6:.2f} ms")
    goal("p99", median([r["p99"] for r in rounds]) / 1e6, 5, " ms")


def durable(calls=30000):
    with Daemon(plain_config()).start() as d:
        alone(d)
        many(d, calls)
        under_load(d)
