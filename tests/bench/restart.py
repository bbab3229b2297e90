# SPDX-License-Identifier: MIT
"""How long a start takes, by the size of the log: from the call of the program until it says that it is ready."""
import time

from table import Daemon, goal, median, plain_config, row, title, tool

ROUNDS = 5


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
    title(f"From the start to ready (median of {ROUNDS})")
    with Daemon(plain_config()).start() as d:
        row("with a log of a few records, after a clean stop", f"{after_clean_stops(d):.0f} ms")
        tool("bench-throughput", records, daemon=d)
        n = len(d.segments())
        goal(f"with {records:,} records in {n} segments, after a clean stop", after_clean_stops(d), 200, " ms")
        goal("the same, after a crash", after_crashes(d), 2000, " ms")
