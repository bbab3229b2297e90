# SPDX-License-Identifier: MIT
"""What all processes hold together while records come, and whether it grows with them."""
import threading
import time

from table import Daemon, goal, plain_config, pss_mib, row, title, tool


class Memory:
    """The largest sum of PSS while something runs, looked at ten times a second."""

    def __init__(self, daemon):
        self.daemon, self.most, self.stop = daemon, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.stop.wait(0.1):
            self.most = max(self.most, pss_mib(self.daemon))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def write(daemon, records, level="queued"):
    """So many, of one client."""
    tool("bench-throughput", records // 10, 1, level, daemon=daemon)
    early = pss_mib(daemon)
    with Memory(daemon) as watch:
        tool("bench-throughput", records - records // 10, 1, level, daemon=daemon)
    goal("under load, the most", watch.most, 48, " MiB")
    goal(f"growth over the last {records - records // 10:,} records", pss_mib(daemon) - early, 1, " MiB")


def memory(records):
    title(f"Memory of all processes (sum of PSS), {records} records of one client")
    with Daemon(plain_config()).start() as d:
        time.sleep(0.3)
        row("idle", f"{pss_mib(d):.1f} MiB")
        write(d, records)
