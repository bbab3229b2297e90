#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every call by which ledger, signer, vault and forward touch files and each other fails: with EIO, ENOSPC, EINTR, EMFILE,
and with less written than was asked for. One call in three fails, then its neighbour, until each has failed once;
a process may end of it and is started again, as the supervisor would. What was acknowledged is there, once.
"""
import os
import signal
import subprocess
import unittest

import tap
from ledger_rig import FAIL, Ended, Rig, unchecked_signatures

ALL = os.environ.get("TX_IO_FAULTS") == "all"
STRIDE = 3
# Calls of these kinds that the dynamic loader makes before the program begins.
LOADING = {"openat": 12, "read": 12, "newfstatat": 12, "pread64": 4}
A = b"client-A"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment
FOREVER = 1000000
EINTR, EIO, EMFILE, ENOSPC = "!4", "!5", "!24", "!28"

# What is made in the call's place has not happened; "5" is a call that did its work and says EIO all the same.
LEDGER = {
    "write": (EIO, "5", ENOSPC, EINTR, "short"),
    "fdatasync": (EIO, "5", ENOSPC, EINTR),
    "fsync": (EIO, "5", ENOSPC, EINTR),
    "openat": (EIO, EMFILE, ENOSPC, EINTR),
    "renameat": (EIO, ENOSPC, "5"),
    "linkat": (EIO, ENOSPC),
    "unlinkat": (EIO, "5"),
    "mkdirat": (EIO, ENOSPC),
    "fchmod": (EIO, EINTR),
    "ftruncate": (EIO, EINTR),
    "fallocate": (EIO, ENOSPC, EINTR),
    "read": (EIO, EINTR),
    "pread64": (EIO, EINTR, "short"),
    "getdents64": (EIO,),
    "newfstatat": (EIO,),
    "sendto": (EINTR, "short"),
    "recvfrom": (EINTR,),
}
SIGNER = {
    "pwrite64": (EIO, "5", ENOSPC, EINTR, "short"),
    "write": (EIO, ENOSPC, EINTR, "short"),
    "fdatasync": (EIO, "5", ENOSPC, EINTR),
    "fsync": (EIO, "5", EINTR),
    "openat": (EIO, EMFILE, ENOSPC, EINTR),
    "renameat": (EIO, ENOSPC, "5"),
    "unlinkat": (EIO,),
    "recvfrom": (EINTR,),
    "sendto": (EINTR,),
}


def cases(table):
    return [(call, what) for call, kinds in table.items() for what in kinds]


@unittest.skipUnless(os.access(FAIL, os.X_OK) and os.getuid() == 0, "needs x86-64 and root to let calls fail")
class Faults(unittest.TestCase):
    def setUp(self):
        self.failures = 0

    def rig(self):
        return Rig(max_bytes="64KiB", epoch_records=6, compress="zstd", reserve="64KiB")

    def attach(self, r, program, call, what, first):
        tracer = subprocess.Popen([FAIL, str(getattr(r, program)), call, what, str(first), str(FOREVER), str(STRIDE)],
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(tracer.stdout.readline(), "attached\n")
        return tracer

    def release(self, tracer):
        tracer.send_signal(signal.SIGTERM)
        said = tracer.communicate(timeout=30)[0].split()
        self.failures += int(said[1]) if said[:1] == ["failed"] else 0

    @staticmethod
    def send(r, last):
        """What was not acknowledged, again and again; False when the ledger has ended."""
        missing = [n for n in range(last) if (A, n) not in r.stored]
        r.put(A, missing, receipt=True, fill=LARGE)
        return r.wait_durable()

    def work(self, r, program, call, what, first):
        """How often it had to be started again."""
        restarts, n, tracer = 0, 0, None
        while n <= 40:
            try:
                if r.ledger is None:
                    r.start()
                if tracer is None:
                    tracer = self.attach(r, program, call, what, first + restarts)
                if self.send(r, n):
                    n += 2
                    continue
            except (Ended, BrokenPipeError, ConnectionError):
                pass
            self.release(tracer)
            tracer = None
            restarts += 1
            r.kill()
            self.assertLess(restarts, 60, "it ends again and again")
        self.release(tracer)
        return restarts

    @staticmethod
    def settle(r):
        r.wait_checkpoint()
        r.wait(lambda: r.status()["disk"] == "ok", "the disk")

    def check_case(self, program, call, what, first):
        with self.rig() as r:
            restarts = self.work(r, program, call, what, first)
            try:
                self.settle(r)
            except (Ended, BrokenPipeError, ConnectionError):  # of the last call that failed
                restarts += 1
                r.kill()
                r.start()
                self.settle(r)
            r.stop()
            r.check()
            return restarts

    def check_all(self, program, table):
        restarts, n, never = 0, 0, set()
        with unchecked_signatures():
            for call, what in cases(table):
                for first in range(1, STRIDE + 1) if ALL else [1]:
                    with self.subTest(call=call, what=what, first=first):
                        before = self.failures
                        restarts += self.check_case(program, call, what, first)
                        n += 1
                        if self.failures == before:
                            never.add(call)
        print(f"# {program}: {n} runs, {self.failures} calls failed, {restarts} restarts; never called: {sorted(never)}")
        self.assertGreater(self.failures, 3 * n)

    def test_each_call_of_the_ledger(self):
        self.check_all("ledger", LEDGER)

    def test_each_call_of_the_signer(self):
        self.check_all("signer", SIGNER)

    def test_each_call_of_a_start(self):
        """A log that was not stopped is opened while one call in three fails; then without."""
        n, ended = 0, 0
        with unchecked_signatures(), self.rig() as r:
            r.start()
            self.assertTrue(self.send(r, 20))
            for number, (call, what) in enumerate(cases(LEDGER)):
                for first in range(1, STRIDE + 1) if ALL else [1 + number % STRIDE]:
                    r.kill()
                    try:
                        r.start(wrapper=[FAIL, "exec", call, what, str(first + LOADING.get(call, 0)), str(FOREVER),
                                         str(STRIDE)])
                    except (Ended, ConnectionError):
                        ended += 1
                    n += 1
                    if n % 5 == 0:
                        r.kill()
                        r.start()
                        self.assertTrue(self.send(r, 20 + n))
            r.kill()
            r.start()
            self.assertTrue(self.send(r, 20 + n))
            r.stop()
            r.check()
        print(f"# {n} starts, of which {ended} failed")
        self.assertGreater(ended, 0)


if __name__ == "__main__":
    tap.main()
