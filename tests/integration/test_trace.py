#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The trace lane from programs to the log: nothing that was committed is lost, whoever dies, and what was dropped is named."""
import collections
import os
import re
import signal
import struct
import subprocess
import time
import unittest

import fd_store
import tap
from tracexd import BUILD, CONFIG, descriptors, wait_until
from tracing import TracingDaemon

TRACE = os.path.join(BUILD, "tests/lib/tx-trace")


class Trace(unittest.TestCase):
    def daemon(self, config=CONFIG, kept=False):
        d = TracingDaemon(config)
        self.addCleanup(d.__exit__, None, None, None)
        if kept:
            self.addCleanup(fd_store.Store(d).close)
        return d.start()

    def environment(self, d):
        return dict(os.environ, TRACEX_SOCKET=d.socket)

    def trace(self, d, *arguments, status=0):
        """Runs tx-trace; what it said, as a dictionary of numbers."""
        result = subprocess.run([TRACE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=120, env=self.environment(d))
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        said = collections.defaultdict(int)
        for name, value in re.findall(r"(\w+)=(\d+)", result.stdout):
            said[name] = int(value)
        return said

    def events(self, d):
        return d.records("test.trace")

    def numbers(self, d, pid=None, thread=None):
        """Of a process's events, as they stand in the log."""
        return [r["data"]["i"] for r in self.events(d)
                if pid in (None, r["data"]["run"]) and thread in (None, r["data"]["thread"])]

    def wait_for(self, d, count, pid=None):
        sign = b'"run":' + (b"%d," % pid if pid else b"")
        wait_until(lambda: sum(sign in line for line in d.lines()) >= count, 60, f"{count} events")

    def lost(self, d):
        """How many numbers were named as lost, by client."""
        found = collections.Counter()
        for r in d.records("tracex.lost"):
            found[r["data"]["client"]] += r["data"]["last"] - r["data"]["first"] + 1
        return found

    def assert_proven(self, d):
        status, text = d.verify_trace()
        self.assertIn(status, (0, 1), text)
        self.assertNotIn("BROKEN", text)

    # --- the ordinary way ---

    def test_an_event_is_a_record_like_any_other(self):
        d = self.daemon()
        said = self.trace(d, "events", 100)
        self.assertEqual((said["logged"], said["lost"]), (100, 0))
        records = self.events(d)
        self.assertEqual([r["data"]["i"] for r in records], list(range(100)))
        first = records[0]
        self.assertEqual((first["source"]["pid"], first["source"]["uid"], first["source"]["comm"]),
                         (said["pid"], os.getuid(), "tx-trace"))
        self.assertEqual(first["source"]["exe"], TRACE)
        self.assertEqual([r["source"]["n"] for r in records], list(range(100)))
        self.assertEqual(len({r["source"]["client"] for r in records}), 1)
        self.assertEqual(len({r["id"] for r in records}), 100)
        for r in records:  # a UUIDv7 of its time
            self.assertEqual((r["id"][14], r["outcome"], r["severity"]), ("7", "success", "info"))
        self.assertEqual(first["masked"] if "masked" in first else {}, {})
        self.assert_proven(d)

    def test_personal_data_is_masked(self):
        d = self.daemon()
        self.trace(d, "secrets")
        record, = d.records("test.secrets")
        self.assertEqual((record["data"]["password"], record["data"]["card"], record["data"]["other"]),
                         ("[redacted]", "**** **** **** 1111", "[redacted]"))
        self.assertNotIn("alice", record["message"])
        self.assertNotIn(b"needle-in-the-ring", b"\n".join(d.lines()))

    def test_each_thread_has_a_ring_and_its_own_order(self):
        d = self.daemon()
        said = self.trace(d, "threads", 8, 300)
        self.assertEqual((said["logged"], said["lost"]), (2400, 0))
        for t in range(8):
            self.assertEqual(self.numbers(d, thread=t), list(range(300)))

    def test_a_quiet_program_is_heard_at_once_and_costs_nothing(self):
        d = self.daemon()
        process = subprocess.Popen([TRACE, "pace", "5", "300000"], env=self.environment(d), stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        for n in range(1, 6):  # the daemon is asleep before each of them
            self.wait_for(d, n)
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.numbers(d), list(range(5)))

    def test_large_events(self):
        d = self.daemon()
        said = self.trace(d, "events", 40, 20000)
        self.assertEqual(said["lost"], 0)
        self.assertEqual(self.numbers(d), list(range(40)))

    # --- what does not fit ---

    def test_what_was_dropped_is_named(self):
        d = self.daemon()
        for _ in range(3):
            os.kill(d.child("tracex-ingest"), signal.SIGSTOP)
            try:
                process = subprocess.Popen([TRACE, "burst", "20000"], env=self.environment(d), stdout=subprocess.PIPE, text=True)
                time.sleep(0.5)
            finally:
                os.kill(d.child("tracex-ingest"), signal.SIGCONT)
            out = process.communicate(timeout=60)[0]
            pid, logged, lost = (int(re.search(rf"{x}=(\d+)", out).group(1)) for x in ("pid", "logged", "lost"))
            self.assertGreater(lost, 0)
            self.assertEqual(logged + lost, 20000)
            mine = [r for r in self.events(d) if r["data"]["run"] == pid]
            self.assertEqual(len(mine), logged)
            wait_until(lambda: self.lost(d)[mine[0]["source"]["client"]] == lost, 20, "the loss")

    def test_without_a_daemon_events_are_kept_and_dropped_and_nobody_waits(self):
        d = self.daemon()
        d.stop()
        started = time.monotonic()
        self.trace(d, "ends")
        self.assertLess(time.monotonic() - started, 10)

    def test_a_daemon_that_comes_later_gets_what_is_there(self):
        d = self.daemon()
        d.stop()
        process = subprocess.Popen([TRACE, "pace", "60", "100000"], env=self.environment(d), stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        d.start()
        self.assertIn("lost=0", process.communicate(timeout=60)[0])
        self.assertEqual(self.numbers(d), list(range(60)))

    # --- who dies ---

    def check_count(self, d, path):
        """Each event that its program counted stands in the log once, and at most one more; what had no room is named."""
        with open(path, "rb") as f:
            counted, pid, dropped = struct.unpack("<QQQ", f.read(24))
        self.wait_for(d, counted, pid=pid)
        found = self.numbers(d, pid=pid)
        self.assertEqual(found, list(range(len(found))))
        self.assertIn(len(found), (counted, counted + 1))
        client, = {r["source"]["client"] for r in self.events(d) if r["data"]["run"] == pid}
        wait_until(lambda: self.lost(d)[client] >= dropped, 20, f"{dropped} that are lost")
        self.assertIn(self.lost(d)[client], (dropped, dropped + 1))
        return counted

    def test_a_program_that_is_killed_loses_nothing(self):
        d = self.daemon()
        total = 0
        for turn in range(15):
            path = os.path.join(d.dir, f"count-{turn}")
            process = subprocess.Popen([TRACE, "count", path], env=self.environment(d))
            wait_until(lambda p=path: os.path.exists(p) and os.path.getsize(p) >= 16 and
                       struct.unpack("<Q", open(p, "rb").read(8))[0] > 0, 20, "an event")
            time.sleep(0.003 * turn)
            process.kill()
            process.wait()
            total += self.check_count(d, path)
        self.assertGreater(total, 100)

    def kill_while_tracing(self, d, victims, turns, pause=0.15):
        path = os.path.join(d.dir, "count")
        process = subprocess.Popen([TRACE, "pace", "3000", "700"], env=self.environment(d), stdout=subprocess.PIPE, text=True)
        for turn in range(turns):
            time.sleep(pause)
            pid = d.child(victims[turn % len(victims)])
            if pid:
                os.kill(pid, signal.SIGKILL)
        out = process.communicate(timeout=90)[0]
        self.assertIn("lost=0", out, path)
        self.assertEqual(self.numbers(d), list(range(3000)))
        self.assertEqual(sum(self.lost(d).values()), 0)

    def test_kills_of_ingest_lose_nothing(self):
        self.kill_while_tracing(self.daemon(), ["tracex-ingest"], 10)

    def test_kills_of_the_ledger_lose_nothing(self):
        self.kill_while_tracing(self.daemon(), ["tracex-ledger", "tracex-ingest"], 8)

    def test_program_and_ingest_that_die_together_lose_nothing(self):
        d = self.daemon()
        for turn in range(6):
            path = os.path.join(d.dir, f"count-{turn}")
            process = subprocess.Popen([TRACE, "count", path], env=self.environment(d))
            wait_until(lambda p=path: os.path.exists(p) and os.path.getsize(p) >= 16 and
                       struct.unpack("<Q", open(p, "rb").read(8))[0] > 500, 20, "events")
            os.kill(d.child("tracex-ingest"), signal.SIGKILL)
            process.kill()
            process.wait()
            self.check_count(d, path)

    def test_kills_of_the_supervisor_lose_nothing(self):
        for kept in (False, True):
            with self.subTest(kept=kept):
                d = self.daemon(kept=kept)
                process = subprocess.Popen([TRACE, "pace", "4000", "700"], env=self.environment(d), stdout=subprocess.PIPE,
                                           text=True)
                for _ in range(2):
                    time.sleep(0.6)
                    os.kill(d.supervisor(), signal.SIGKILL)
                    d.process.wait()
                    d.start()
                out = process.communicate(timeout=90)[0]
                self.assertIn("lost=0", out)
                self.assertEqual(self.numbers(d), list(range(4000)))
                self.assertEqual(sum(self.lost(d).values()), 0)

    def test_an_orderly_stop_takes_what_is_there(self):
        d = self.daemon()
        process = subprocess.Popen([TRACE, "pace", "3000", "700"], env=self.environment(d), stdout=subprocess.PIPE, text=True)
        for _ in range(2):
            time.sleep(0.5)
            self.assertEqual(d.stop(), 0)
            d.start()
        self.assertIn("lost=0", process.communicate(timeout=90)[0])
        self.assertEqual(self.numbers(d), list(range(3000)))

    # --- what programs do ---

    def test_a_forked_child_is_a_client_of_its_own(self):
        d = self.daemon()
        self.trace(d, "fork")
        by_run = collections.defaultdict(list)
        for r in self.events(d):
            self.assertEqual(r["source"]["pid"], r["data"]["run"])
            by_run[r["data"]["run"]].append(r)
        self.assertEqual(sorted(len(x) for x in by_run.values()), [99, 100])
        self.assertEqual(len({r["source"]["client"] for r in self.events(d)}), 2)
        self.assertEqual(sum(self.lost(d).values()), 0)

    def test_a_program_that_becomes_another_or_ends_at_once(self):
        d = self.daemon()
        for scene in ("exec", "quick-exit", "ends"):
            with self.subTest(scene):
                pid = self.trace(d, scene)["pid"]
                self.wait_for(d, 50, pid=pid)
                self.assertEqual(self.numbers(d, pid=pid), list(range(50)))

    def test_threads_that_come_and_go_share_rings(self):
        d = self.daemon()
        self.trace(d, "thread-exit")
        self.assertEqual([(r["data"]["thread"], r["data"]["i"]) for r in self.events(d)],
                         [(t, i) for t in range(200) for i in range(3)])
        self.assertEqual(len({r["source"]["client"] for r in self.events(d)}), 1)

    def test_threads_that_are_cancelled(self):
        d = self.daemon()
        self.trace(d, "cancel")
        self.assertEqual(self.numbers(d, thread=1000), list(range(100)))
        for t in range(30):
            mine = self.numbers(d, thread=t)
            self.assertEqual(mine, sorted(set(mine)))
        self.assertEqual(d.records("tracex.rejected"), [])

    def test_a_program_that_closes_all_descriptors(self):
        d = self.daemon()
        self.trace(d, "close-all")
        self.assertEqual(self.numbers(d), list(range(100)))
        self.assertEqual(sum(self.lost(d).values()), 0)
        self.assertEqual(d.records("tracex.rejected"), [])

    def test_vfork(self):
        d = self.daemon()
        self.trace(d, "vfork")
        self.assertEqual(self.numbers(d), list(range(100)))

    def test_events_of_signal_handlers_that_interrupt_one_are_counted(self):
        d = self.daemon()
        said = self.trace(d, "signals")
        self.assertEqual(said["logged"] + said["lost"], 100000 + said["in_handler"])
        wait_until(lambda: sum(self.lost(d).values()) == said["lost"], 20, "the loss")
        self.assertEqual(len(self.events(d)), said["logged"])
        mine = self.numbers(d, thread=0)
        self.assertEqual(mine, sorted(set(mine)))

    def test_closing_and_going_on(self):
        d = self.daemon()
        self.trace(d, "close")
        self.assertEqual(self.numbers(d), list(range(100)))
        self.assertEqual(sum(self.lost(d).values()), 0)

    # --- what stays ---

    def test_rings_go_with_their_clients(self):
        d = self.daemon()
        for _ in range(20):
            self.trace(d, "threads", 4, 10)

        def held():
            ingest = d.child("tracex-ingest")
            with open(f"/proc/{ingest}/maps", encoding="utf-8") as f:
                mapped = f.read().count("tracex-ring ")
            return mapped + sum(what.startswith("/memfd:tracex-ring ") for what in descriptors(d.supervisor()))
        wait_until(lambda: held() == 0, 20, "the end of all rings")
        self.assertEqual(len(self.events(d)), 20 * 40)


if __name__ == "__main__":
    tap.main()
