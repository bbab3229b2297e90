# SPDX-License-Identifier: MIT
"""What a quiet user's durable calls cost beside another user who sends as much as he can, and how their records are shared."""
import collections
import contextlib
import json
import os
import re
import resource
import subprocess
import time

from table import BENCH, Daemon, goal, median, plain_config, row, title, tool

ROUNDS = 5
QUIET, FLOODING = 60001, 60002
CALLS, PAUSE_US = 400, 3000
CONFIGURATION = plain_config(**{"segment: {max_bytes: 64MiB": "retain: {max_bytes: 1GiB}\n  segment: {max_bytes: 64MiB"})
SECONDS = 3  # for shares
# What floods: name, processes, connections
FLOODS = (("one flooding process", 1, 1), ("21 flooding processes", 21, 21), ("10,000 connections", 4, 10000))


@contextlib.contextmanager
def flood(daemon, uid, processes, connections):
    command = [os.path.join(BENCH, "bench-flood"), "--uid", str(uid), "--processes", str(processes),
               "--connections", str(connections)]
    with subprocess.Popen(command, env=dict(os.environ, TRACEX_SOCKET=daemon.socket), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout.readline() != "ready\n":
                raise AssertionError("the flood does not come")
            yield
        finally:
            process.stdin.close()
            process.wait()


def size(daemon):
    return json.loads(daemon.ctl("status", "-o", "json").stdout)["ledger"]["status"]["ledger"]["records"]


def records_of(daemon, first, last):
    """{uid: records} of those between two sizes of the log."""
    found = collections.Counter()
    for name in daemon.segments():
        with open(os.path.join(daemon.log, name), encoding="utf-8", errors="replace") as f:
            for line in f:
                seq, uid = re.match(r'\{"seq":(\d+),', line), re.search(r'"uid":(\d+)', line)
                if seq and uid and first <= int(seq[1]) < last:
                    found[int(uid[1])] += 1
    return found


def quiet_calls(daemon):
    return tool("bench-durable", "--uid", QUIET, "--calls", CALLS, "--pause-us", PAUSE_US, daemon=daemon)


def share(processes, connections):
    """Of the records, those of a user with one process beside another with as many as said."""
    with Daemon(CONFIGURATION).start() as d:
        with flood(d, FLOODING, processes, connections), flood(d, QUIET, 1, 1):
            time.sleep(1)
            first = size(d)
            time.sleep(SECONDS)
            last = size(d)
        found = records_of(d, first, last)
    return found[QUIET] / (last - first), (last - first) / SECONDS


def calls():
    """{what floods, or None: [(p50, p99, records of the flood a second)]}"""
    found = collections.defaultdict(list)
    for _ in range(ROUNDS):
        for name, processes, connections in ((None, 0, 0), *FLOODS):
            with Daemon(CONFIGURATION).start() as d, contextlib.ExitStack() as stack:
                if name:
                    stack.enter_context(flood(d, FLOODING, processes, connections))
                    time.sleep(1)
                before = size(d)
                got = quiet_calls(d)
                found[name].append((got["p50"], got["p99"], (size(d) - before) / got["seconds"]))
    return found


def fairness():
    if os.getuid() != 0:
        title("Beside another user who floods")
        row("a quiet user's durable calls, his share", "not measured", "it needs root, to be two users")
        return
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    title(f"A durable call each {PAUSE_US / 1000:.0f} ms, beside another user who floods (median of {ROUNDS} rounds, in turn)")
    found = calls()
    for name, rounds in found.items():
        row(name or "alone", f"p99 {median([r[1] for r in rounds]) / 1e6:.2f} ms",
            f"p50 {median([r[0] for r in rounds]) / 1e6:.2f} ms; {median([r[2] for r in rounds]):,.0f} records/s in all")
    for name in found:
        if name:
            goal(f"p99 beside {name}, of that alone", median([a[1] / b[1] for a, b in zip(found[name], found[None])]), 2)
    title("Share of the records of a user with one flooding process, beside another who has")
    for name, processes, connections in FLOODS:
        part, speed = share(processes, connections)
        goal(name, part, 0.45, most=False)
        row("", f"{speed:,.0f}/s", "both")
