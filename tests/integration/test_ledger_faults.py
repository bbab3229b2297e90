#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ledger is killed at each of its system calls, and each of them fails, with a real signer."""
import contextlib
import errno
import os
import shutil
import subprocess
import unittest

import tap
from ingest_rig import STOP
from ledger_rig import FAIL, Ended, Rig, unchecked_signatures

A = b"client-A"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment


# Such that a commit finds more than a small batch, which a thread of its own writes.
LARGE_BATCHES = {"max_bytes": "1MiB", "commit": "20ms", "checkpoint": "50ms"}


def put_large_batches(r, count, wait=True):
    """False when the ledger ended."""
    for n in range(0, 60 * count, 60):
        r.put(A, range(n, n + 59), fill=LARGE)
        r.put(A, [n + 59], receipt=True, fill=LARGE)
        if wait and not r.wait_durable():
            return False
    return True


def written_by_threads(pid):
    """Bytes that others than the first thread wrote."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        if thread != str(pid):
            with open(f"/proc/{pid}/task/{thread}/io", encoding="ascii") as f:
                total += int(dict(x.split(": ") for x in f.read().splitlines())["wchar"])
    return total


class Crashes(unittest.TestCase):
    """kill -9 of the ledger at its n-th system call of each kind, for n = 1, 2, … until it comes through."""

    STEP = 1 if int(os.environ.get("TX_KILLS", "200")) > 200 else 3

    def work(self, r):
        for n in range(0, 24, 2):
            r.put(A, [n, n + 1], receipt=True, fill=LARGE)
            if not r.wait_durable():
                return
        r.stop()

    def check_cut(self, r):
        """Sealed segments have no zeros behind their seal."""
        for name in r.segments()[:-1]:
            path = os.path.join(r.log, name)
            end = subprocess.run(["zstd" if name.endswith(".zst") else "cat", *["-dc"][:name.endswith(".zst")], path],
                                 stdout=subprocess.PIPE, check=True).stdout[-1:]
            self.assertEqual(end, b"\n", name)

    def work_in_large_batches(self, r):
        put_large_batches(r, 3)
        r.stop()

    def sweep(self, call, work=None, **options):
        kills, n = 0, 1
        work = work or self.work
        while True:
            with Rig(**options or {"max_bytes": "64KiB", "epoch_records": 6, "compress": "zstd"}) as r:
                strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                          f"inject={call}:signal=SIGKILL:when={n}"]
                killed = False
                try:
                    r.start(wrapper=strace)
                    work(r)
                except (Ended, BrokenPipeError, ConnectionError):
                    pass
                if r.ledger:
                    killed = r.ended() != 0
                r.start()
                r.put(A, range(24), receipt=True, fill=LARGE)
                self.assertTrue(r.wait_durable())
                r.stop()
                r.check()
                self.check_cut(r)
            if not killed:
                return kills
            kills += 1
            n += self.STEP

    def test_at_any_system_call_that_touches_the_disk_or_the_signer(self):
        if not shutil.which("strace"):
            self.skipTest("no strace")
        with unchecked_signatures():
            for call in ("pwrite64", "write", "fdatasync", "fsync", "openat", "renameat", "linkat", "unlinkat", "fchmod", "mkdirat", "ftruncate",
                         "sendto,sendmsg", "recvfrom,recvmsg"):
                with self.subTest(call=call):
                    kills = self.sweep(call)
                    print(f"# {call}: killed {kills} times")
                    self.assertGreater(kills, 0)


    def test_while_large_batches_are_written(self):
        if not shutil.which("strace"):
            self.skipTest("no strace")
        with unchecked_signatures():
            for call in ("pwrite64", "fdatasync", "futex", "sendto"):
                with self.subTest(call=call):
                    kills = self.sweep(call, self.work_in_large_batches, **LARGE_BATCHES)
                    print(f"# {call}: killed {kills} times")
                    self.assertGreater(kills, 0)


@unittest.skipUnless(os.access(FAIL, os.X_OK) and os.getuid() == 0, "needs x86-64 and root to let calls fail")
class DiskErrors(unittest.TestCase):
    """The n-th call of a kind fails, and perhaps those after it: nothing is acknowledged that is not there."""

    STEP = Crashes.STEP

    def failing(self, r, call, error, first, count):
        tracer = subprocess.Popen([FAIL, str(r.ledger), call, str(error), str(first), str(count)],
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(tracer.stdout.readline(), "attached\n")
        return tracer

    def run_one(self, call, error, first, count, kill):
        """True when the failure was reached."""
        with Rig(max_bytes="64KiB", epoch_records=6).start() as r:
            tracer = self.failing(r, call, error, first, count)
            for n in range(0, 24, 2):
                r.put(A, [n, n + 1], receipt=True, fill=LARGE)
                if kill:
                    with contextlib.suppress(AssertionError):
                        r.wait_durable(seconds=0.2)
                else:
                    self.assertTrue(r.wait_durable())
                if tracer.poll() is not None and kill:
                    break
            reached = tracer.poll() is not None
            if not kill:  # a stop does not wait for the disk
                r.wait_checkpoint()
                r.wait(lambda: r.status()["disk"] == "ok", "the disk")
            if kill:
                r.kill()
                tracer.wait(10)
                r.start()
                r.put(A, range(24), receipt=True, fill=LARGE)
                self.assertTrue(r.wait_durable())
            r.stop()
            tracer.wait(10)
            r.check()
            return reached

    def sweep(self, call, error, count, kill=False):
        n, failures = 1, 0
        while self.run_one(call, error, n, count, kill):
            failures += 1
            n += self.STEP
        return failures

    def test_each_call_may_fail_once_or_a_few_times(self):
        with unchecked_signatures():
            for call, error in (("pwrite64", errno.ENOSPC), ("write", errno.ENOSPC), ("fdatasync", errno.EIO),
                                ("fsync", errno.EIO), ("openat", errno.EIO), ("renameat", errno.ENOSPC), ("linkat", errno.EIO)):
                for count in (1, 3):
                    with self.subTest(call=call, count=count):
                        failures = self.sweep(call, error, count)
                        print(f"# {call}: failed {failures} times, {count} in a row")
                        self.assertGreater(failures, 0)

    def test_a_large_batch_may_fail_while_records_come(self):
        with unchecked_signatures():
            for call, error in (("pwrite64", errno.ENOSPC), ("fdatasync", errno.EIO)):
                for n in range(1, 5):
                    with self.subTest(call=call, n=n), Rig(**LARGE_BATCHES).start() as r:
                        tracer = self.failing(r, call, error, n, 1)
                        self.assertTrue(put_large_batches(r, 6, wait=False))
                        self.assertTrue(r.wait_durable())
                        self.assertGreater(written_by_threads(r.ledger), 300000)
                        self.assertEqual(r.status()["segments_given_up"], 1)
                        tracer.wait(10)
                        r.stop()
                        r.check()

    def test_a_restart_while_the_disk_fails_does_not_believe_the_segment(self):
        with unchecked_signatures():
            for call, error in (("pwrite64", errno.ENOSPC), ("fdatasync", errno.EIO)):
                with self.subTest(call=call):
                    self.assertGreater(self.sweep(call, error, 6, kill=True), 0)

    def test_what_failed_to_sync_is_never_synced_again(self):
        with Rig(commit="5ms", checkpoint="60s").start() as r:
            r.put(A, range(3), receipt=True)
            r.wait_durable()
            tracer = self.failing(r, "fdatasync", errno.EIO, 1, 1000)
            r.put(A, range(3, 6), receipt=True)
            r.wait(lambda: r.status()["disk"] == "failing", "the trouble")
            self.assertEqual(r.ingest.durable, 3)
            r.kill()
            tracer.wait(10)
            old = r.content()[r.last_segment()]
            r.start()
            self.assertEqual(r.status()["segments_given_up"], 1)
            self.assertEqual(r.torn(), [r.torn()[0]])
            self.assertEqual(r.content()[r.path("log", r.torn()[0])], old)
            r.put(A, range(6), receipt=True)
            self.assertTrue(r.wait_durable())
            r.stop()
            r.check()

    def test_a_stop_while_the_disk_is_full_loses_nothing_that_was_acknowledged_and_nothing_twice(self):
        with Rig().start() as r:
            r.put(A, range(3), receipt=True)
            r.wait_durable()
            tracer = self.failing(r, "pwrite64", errno.ENOSPC, 1, 100000)
            r.put(A, range(3, 6), receipt=True)
            r.wait(lambda: r.status()["disk"] == "full", "the trouble")
            r.say(STOP)
            self.assertNotEqual(r.ended(), 0)
            tracer.wait(10)
            r.start()
            self.assertLessEqual(len([k for k in r.stored if k[1] > 2]), 0)
            r.put(A, range(6), receipt=True)
            self.assertTrue(r.wait_durable())
            r.stop()
            r.check()

    def test_a_policy_and_a_proof_wait_for_room(self):
        with Rig(epoch_records=4).start() as r:
            tracer = self.failing(r, "mkdirat", errno.ENOSPC, 1, 3)
            r.policy(b"version: 1\n")
            for n in range(12):
                r.put(A, [n], receipt=True)
                self.assertTrue(r.wait_durable())
            tracer.wait(10)
            self.assertEqual(len(os.listdir(r.path("log/policies"))), 1)
            r.stop()
            r.check()


if __name__ == "__main__":
    tap.main()
