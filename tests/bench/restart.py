# SPDX-License-Identifier: MIT
"""How long a start takes, by the size of the log: from the call of the program until it says that it is ready. And what
else must not depend on that size: the memory of the daemon, and of the verifier."""
import os
import re
import subprocess
import time

from memory import write
from table import VERIFY, Daemon, goal, median, plain_config, row, title, tool

ROUNDS = 5
VERIFIER_MIB = 4  # what a log may add to it, however long


def high_water_mib(pid):
    """Its own: what wait4(2) says counts the program that it was started by."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        found = re.search(r"^VmHWM:\s+(\d+)", f.read(), re.M)
    return int(found[1]) / 1024 if found else 0.0


def verify(d):
    """(seconds, MB, MiB at most) of tracex-auditverify with one thread over the log of a daemon that was stopped."""
    size, most = sum(os.path.getsize(os.path.join(d.log, name)) for name in d.segments()), 0.0
    begin = time.perf_counter()
    process = subprocess.Popen([VERIFY, "-q", "-j", "1", d.log])
    while process.poll() is None:
        most = max(most, high_water_mib(process.pid))
        time.sleep(0.002)
    if process.returncode != 0:
        raise AssertionError(f"the verifier ended with {process.returncode}")
    return time.perf_counter() - begin, size / 1e6, most


def time_start(d):
    offset, begin = len(d.stderr()), time.perf_counter()
    d.start(ready=False)
    while " ready" not in d.stderr()[offset:]:
        if d.process.poll() is not None:
            raise AssertionError("the daemon ended instead of becoming ready")
        time.sleep(0.001)
    return (time.perf_counter() - begin) * 1000


def after_clean_stops(d):
    times = []
    for _ in range(ROUNDS):
        if d.stop() != 0:
            raise AssertionError("the daemon did not stop cleanly")
        times.append(time_start(d))
    return median(times)


def after_crashes(d):
    """Each with records since the last start."""
    times = []
    for _ in range(ROUNDS):
        tool("bench-throughput", 2000, daemon=d)
        d.kill()
        time.sleep(0.1)
        times.append(time_start(d))
    return median(times)


def restart(records):
    title(f"From the start to ready (median of {ROUNDS}), and what else the log's size is not to matter to")
    with Daemon(plain_config()).start() as d:
        row("with a log of a few records, after a clean stop", f"{after_clean_stops(d):.0f} ms")
        write(d, records, "buffered")
        n = len(d.segments())
        goal(f"with {records:,} records in {n} segments, after a clean stop", after_clean_stops(d), 200, " ms")
        goal("the same, after a crash", after_crashes(d), 2000, " ms")
        if d.stop() != 0:
            raise AssertionError("the daemon did not stop cleanly")
        seconds, size, memory = verify(d)
    with Daemon(plain_config()).start() as d:
        tool("bench-throughput", 20000, daemon=d)
        if d.stop() != 0:
            raise AssertionError("the daemon did not stop cleanly")
        small = verify(d)[2]
    row("tracex-auditverify -j 1, all of it", f"{seconds:.1f} s", f"{size / seconds:.0f} MB/s of {size:,.0f} MB, as read from the disk")
    row("its memory (RSS, the most)", f"{memory:.1f} MiB")
    goal("of which a log of 20,000 records does not take", memory - small, VERIFIER_MIB, " MiB")
