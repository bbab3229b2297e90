#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-forward, journald, or both are killed, hang, are away, or refuse; calls fail: nothing missing, nothing doubled."""
import os
import random
import signal
import subprocess
import time
import unittest

from forward_rig import KEEP_DOWN, PING, PONG, Case, Ended, forge, journald_pid, kill_journald, main
from handlog import leaf_hash
from tracexd import BUILD, wait_until

FAIL = os.path.join(BUILD, "tests/lib/fail-syscall")


class Crashes(Case):
    def feed(self, rounds, between):
        for i in range(rounds):
            self.log.records(random.randrange(1, 1500))
            self.log.checkpoint()
            if i % 7 == 6:
                self.log.rotate()
            between(i)

    def test_journald_killed_in_the_middle_loses_and_doubles_nothing(self):
        f = self.start()

        def between(_):
            time.sleep(random.random() * 0.05)
            kill_journald()
        self.feed(15, between)
        f.wait_until_idle(self.log.size)
        self.assert_exactly_once()
        self.assertEqual(f.stop(), 0)

    def test_forward_killed_at_any_moment_loses_and_doubles_nothing(self):
        def between(_):
            time.sleep(random.random() * 0.08)
            self.running.kill()
            self.start()
        self.start()
        self.feed(25, between)
        self.running.wait_until_idle(self.log.size)
        self.assert_exactly_once()

    def test_both_killed_together(self):
        def between(_):
            time.sleep(random.random() * 0.05)
            self.running.kill()
            kill_journald()
            self.start()
        self.start()
        self.feed(10, between)
        self.running.wait_until_idle(self.log.size)
        self.assert_exactly_once()

    def test_the_check_itself_notices_what_is_missing_or_doubled(self):
        self.log.records(5)
        self.log.checkpoint()
        self.start().wait_until_idle(5)
        self.assert_exactly_once()
        with self.assertRaisesRegex(AssertionError, "0 missing, 1 doubled"):
            forge(3, TRACEX_ORIGIN=self.origin, TRACEX_LEAF=leaf_hash(self.log.lines[3]), MESSAGE="again")
            wait_until(lambda: len(self.entries()) == 7, what="the second one")
            self.assert_exactly_once()
        self.log.records(1)
        with self.assertRaisesRegex(AssertionError, "1 missing, 1 doubled"):
            self.assert_exactly_once()

    def test_a_lost_cursor_doubles_nothing(self):
        f = self.start()
        self.feed(5, lambda i: None)
        f.wait_until_idle(self.log.size)
        for damage in (lambda path: os.unlink(path), lambda path: open(path, "w", encoding="utf-8").close()):
            self.running.kill()
            damage(os.path.join(self.state, "cursor"))
            self.log.records(10)
            self.log.checkpoint()
            self.start().wait_until_idle(self.log.size)
            self.assert_exactly_once()

    def test_a_hanging_journald_delays_forwarding_only(self):
        f = self.start()
        self.log.records(10)
        self.log.checkpoint()
        f.wait_until_idle(10)
        pid = journald_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.log.records(2000)
            self.log.checkpoint()
            wait_until(lambda: f.status()["records_sent"] > 10, what="sending")
            for i in range(5):
                f.ask(PING, PONG, argument=i)
                self.assertEqual(f.argument, i)
            self.assertEqual(f.stop(), 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.start().wait_until_idle(2010)
        self.assert_exactly_once()

    def test_an_absent_journald_is_waited_for_without_a_busy_loop(self):
        f = self.start()
        self.log.records(10)
        self.log.checkpoint()
        f.wait_until_idle(10)
        open(KEEP_DOWN, "w", encoding="utf-8").close()
        kill_journald()
        self.log.records(3000)
        self.log.checkpoint()
        wait_until(lambda: f.status()["state"] == "journald is away", what="the status says so")
        self.assertIn("journald is away", f.status()["error"])

        def cpu():
            with open(f"/proc/{f.pid}/stat", encoding="utf-8") as stat:
                return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
        before = cpu()
        time.sleep(2)
        self.assertLess((cpu() - before) / os.sysconf("SC_CLK_TCK"), 0.5)
        os.unlink(KEEP_DOWN)
        f.wait_until_idle(3010)
        self.assertNotIn("error", f.status())
        self.assert_exactly_once()

    def test_entries_that_journald_drops_are_sent_again(self):
        drop_in = "/run/systemd/journald.conf.d/zzz-drop.conf"
        with open(drop_in, "w", encoding="utf-8") as conf:
            conf.write("[Journal]\nMaxLevelStore=err\n")
        try:
            kill_journald()
            f = self.start()
            for i in range(1500):
                self.log.record(severity="error" if i % 3 else "info")
            self.log.checkpoint()
            wait_until(lambda: f.status()["state"] == "dropped", what="the status says so")
            self.assertIn("MaxLevelStore", f.status()["error"])
        finally:
            os.unlink(drop_in)
            kill_journald()
        self.assertGreater(f.wait_until_idle(1500)["resent"], 0)
        self.assert_exactly_once()


@unittest.skipUnless(os.access(FAIL, os.X_OK) and os.getuid() == 0, "needs x86-64 and root to let calls fail")
class FailingCalls(Case):
    """One call in three fails, while records come; it may end, and is started again, as the supervisor would."""

    CASES = {"sendmsg": ("!4", "!5", "!105"), "openat": ("!5", "!24", "!28", "!4"), "write": ("!5", "!28", "!4", "short"),
             "fsync": ("!5", "5"), "renameat": ("!5", "!28"), "read": ("!4",), "pread64": ("!5", "!4", "short"),
             "getdents64": ("!5",), "newfstatat": ("!5",), "recvmsg": ("!4",), "sendto": ("!4",)}

    def work(self, call, what):
        restarts = 0
        while True:
            f = self.running or self.start()
            tracer = subprocess.Popen([FAIL, str(f.pid), call, what, str(1 + restarts), "1000000", "3"],
                                      stdout=subprocess.PIPE, text=True)
            self.assertEqual(tracer.stdout.readline(), "attached\n")
            try:
                for _ in range(8):
                    self.log.records(20)
                    self.log.checkpoint()
                    time.sleep(0.02)
                f.status()
                return restarts
            except (Ended, OSError):
                restarts += 1
                f.kill()
                self.running = None
                self.assertLess(restarts, 40, "it ends again and again")
            finally:
                tracer.send_signal(signal.SIGTERM)
                said = tracer.communicate(timeout=30)[0].split()
                self.failures += int(said[1]) if said[:1] == ["failed"] else 0

    def test_nothing_is_missing_or_doubled_after_calls_that_failed(self):
        self.failures, restarts = 0, 0
        for call, kinds in self.CASES.items():
            for what in kinds:
                with self.subTest(call=call, what=what):
                    restarts += self.work(call, what)
                    try:
                        self.running.wait_until_idle(self.log.size)
                    except (Ended, OSError):  # of the last call that failed
                        restarts += 1
                        self.running.kill()
                        self.start().wait_until_idle(self.log.size)
                    self.assert_exactly_once()
        print(f"# {self.failures} calls failed, {restarts} restarts")
        self.assertGreater(self.failures, 50)


if __name__ == "__main__":
    main()
