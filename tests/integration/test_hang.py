#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process that hangs is replaced, one that crashes again and again is slowed down, and all of it is told; the service
manager's watchdog is fed by real progress only."""
import contextlib
import os
import signal
import time
import unittest

import fd_store
import history
import tap
from tracexd import BUILD, CHILDREN, Daemon, wait_until

SECONDS = 10  # auditd/supervisor/health.h
INJECT = os.path.join(BUILD, "tests/lib/inject-syscall")


class Hang(unittest.TestCase):
    def replaced(self, d, name, old):
        wait_until(lambda: (d.child(name) or old) != old, 4 * SECONDS, f"{name} is replaced")

    def records_of(self, d, name):
        return [r["data"] for r in d.records("tracex.restart") if r["data"]["process"] == name[7:]]

    # --- tests ---

    def test_each_process_that_is_stopped_is_replaced_and_nothing_is_lost(self):
        with Daemon().start() as d:
            clients = history.Clients(d)
            clients.start("--threads", 2, "--durable", 20, "--pace", 2000)
            # All at once, since each takes its time; of ledger and signer the one takes the other with it.
            for names in (("tracex-ingest", "tracex-signer"), ("tracex-ledger",)):
                pids = {name: d.child(name) for name in names}
                for pid in pids.values():
                    os.kill(pid, signal.SIGSTOP)
                for name, pid in pids.items():
                    self.replaced(d, name, pid)
                size = len(d.records("history.record"))
                wait_until(lambda: len(d.records("history.record")) > size, 20, "it goes on")
            wait_until(lambda: all(self.records_of(d, name) for name in CHILDREN), 20, "all of it is recorded")
            for name in CHILDREN:
                self.assertRegex(d.stderr(), f"{name} was stopped for 1[0-9] seconds: it is replaced")
                self.assertIn("did not do its work, and was killed", [x["how"] for x in self.records_of(d, name)])
            self.assertEqual(clients.stop(), [0])
            self.assertEqual(d.stop(), 0)
            self.assertEqual(history.check(clients.histories(), history.log_lines(d)), [])
            self.assertEqual(d.verify()[0], 0)

    def test_one_that_is_busy_with_itself_is_replaced(self):
        """An endless loop: a debugger makes it jump to itself."""
        with Daemon().start() as d:
            d.emit("--durable")
            pid = d.child("tracex-ingest")
            self.assertEqual(os.system(f"{BUILD}/tests/lib/loop-forever {pid}"), 0)
            self.replaced(d, "tracex-ingest", pid)
            self.assertIn("tracex-ingest is busy with itself for", d.stderr())
            d.emit("--durable")
            self.assertEqual(d.stop(), 0)

    def test_the_supervisors_own_pause_is_nobodys_fault(self):
        """The control: all are well, and nobody asks."""
        with Daemon().start() as d:
            d.emit("--durable")
            pids = {name: d.child(name) for name in CHILDREN}
            time.sleep(1.5)
            os.kill(d.supervisor(), signal.SIGSTOP)
            time.sleep(SECONDS + 2)
            os.kill(d.supervisor(), signal.SIGCONT)
            time.sleep(2.5)
            self.assertEqual({name: d.child(name) for name in CHILDREN}, pids)
            self.assertNotIn("is replaced", d.stderr())
            self.assertEqual(d.stop(), 0)

    def test_the_watchdog_is_fed_while_all_are_well(self):
        d = Daemon()
        self.addCleanup(d.__exit__, None, None, None)
        store = fd_store.Store(d)
        self.addCleanup(store.close)
        d.environment.update(WATCHDOG_USEC="60000000")
        d.start()

        def fed():
            return sum(x.get("WATCHDOG") == "1" for x in store.said)
        wait_until(lambda: fed() > 1, 20, "it is fed")
        os.kill(d.child("tracex-ledger"), signal.SIGSTOP)
        wait_until(lambda: "is replaced" in d.stderr(), 4 * SECONDS, "it hangs")
        self.assertLess(fed(), 1 + 2 + SECONDS + 2)
        before = fed()
        wait_until(lambda: fed() > before + 1, 20, "it is fed again")
        self.assertEqual(d.stop(), 0)

    def test_a_restart_takes_no_time(self):
        with Daemon().start() as d:
            d.emit("--durable")
            times = {}
            for name in CHILDREN:
                times[name] = []
                for _ in range(5):
                    pid = d.child(name)
                    began = time.monotonic()
                    os.kill(pid, signal.SIGKILL)
                    while d.child(name) in (pid, None):
                        pass
                    times[name].append((time.monotonic() - began) * 1000)
                    d.emit("--durable")
            print("# ms until the next one runs, median of 5: " +
                  ", ".join(f"{name[7:]} {sorted(x)[2]:.0f}" for name, x in times.items()))
            wait_until(lambda: all(sum(x["count"] for x in self.records_of(d, name)) >= 5 for name in CHILDREN), 20,
                       "each is recorded")
            self.assertEqual(d.stop(), 0)

    def test_one_that_is_killed_all_the_time_is_slowed_down(self):
        with Daemon().start() as d:
            d.emit("--durable")
            began = time.monotonic()
            while "in a row; it is started again in" not in d.stderr():
                if time.monotonic() > began + 60:
                    # Ten in a second are none too many, and starts that take longer are slow enough.
                    self.assertLess(d.stderr().count("tracex-ingest was killed"), 12 * 60, "it is slowed down")
                    self.skipTest("this machine does not start and kill a process twelve times a second")
                pid = d.child("tracex-ingest")
                time.sleep(0.005)
                if pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self.assertGreater(d.status()["ingest"]["crashes"], 0)
            self.assertGreater(d.stderr().count("tracex-ingest was killed"), 50)
            wait_until(lambda: d.child("tracex-ingest"), 40, "it comes back")
            d.emit("--durable")
            wait_until(lambda: sum(x["count"] for x in self.records_of(d, "tracex-ingest")) > 50, 20, "it is recorded")
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    tap.main()
