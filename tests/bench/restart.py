# SPDX-License-Identifier: MIT
"""How long a start takes, by the size of the log: from the call of the program until it says that it is ready. And what
else must not depend on that size: the memory of the daemon, and of the verifier."""
import os
import time

from memory import write
from table import VERIFY, Daemon, goal, median, plain_config, row, title, tool

ROUNDS = 5
VERIFIER_MIB = 16  # what a log may add to it, however long


def verify(d):
    """(seconds, MB, MiB at most) of tracex-auditverify with one thread over the log of a daemon that was stopped."""
    size = sum(os.path.getsize(os.path.join(d.log, name)) for name in d.segments())
    begin = time.perf_counter()
    pid = os.posix_spawn(VERIFY, [VERIFY, "-q", "-j", "1", d.log], os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise AssertionError(f"the verifier ended with {status}")
    return time.perf_counter() - begin, size / 1e6, usage.ru_maxrss / 1024


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
        tool("bench-throughput", 1000, daemon=d)
        if d.stop() != 0:
            raise AssertionError("the daemon did not stop cleanly")
        small = verify(d)[2]
    row("tracex-auditverify -j 1, all of it", f"{seconds:.1f} s", f"{size / seconds:.0f} MB/s of {size:,.0f} MB, as read from the disk")
    row("its memory (RSS, the most)", f"{memory:.1f} MiB")
    goal("of which a log of 1,000 records does not take", memory - small, VERIFIER_MIB, " MiB")
