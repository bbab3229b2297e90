#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each allocation of tracex-ledger fails once: it ends or goes on, and what was acknowledged is in the log, once."""
import contextlib
import os
import select
import time
import unittest

import tap
from alloc_faults import LIBRARY, AllocFaults
from ledger_rig import Ended, Rig, unchecked_signatures

LONG = os.environ.get("TX_ALLOCATIONS") == "all"
STEP = 7 if LONG else 149  # most are of OpenSSL and libseccomp
A = b"client-A"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment


class Faults(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(LIBRARY) or os.environ.get("TX_SANITIZED"):
            self.skipTest("nothing can be preloaded before a sanitizer")
        self.ends, self.circles, self.failed_before = 0, 0, 0

    @contextlib.contextmanager
    def rig(self):
        with unchecked_signatures(), Rig(max_bytes="64KiB", epoch_records=6, compress="zstd", reserve="64KiB") as r:
            self.alloc = AllocFaults(r.path("control"))
            yield r

    def start(self, r):
        """False when it ends. libseccomp may go round in circles when an allocation of its own fails: the supervisor
        would end that."""
        try:
            r.start(ready=False, environment=self.alloc.environment)
            if not select.select([r.control], [], [], 5)[0]:
                self.circles += 1
                r.kill()
                return False
            r.hear(65)
            return True
        except (Ended, ConnectionError):
            r.kill()
            return False

    def restart(self, r):
        self.ends += 1
        r.kill()
        self.failed_before += self.alloc.failed
        self.alloc.fail(0)
        self.assertTrue(self.start(r), "it does not start again")

    def put(self, r, last):
        """What was not acknowledged, until it is."""
        for _ in range(5):
            missing = [n for n in range(last) if (A, n) not in r.stored]
            with contextlib.suppress(Ended, BrokenPipeError, ConnectionError):
                r.put(A, missing, receipt=True, fill=LARGE)
                if r.wait_durable():
                    r.wait_checkpoint()
                    return
            self.restart(r)
        self.fail("it ends again and again")

    def test_while_records_come(self):
        with self.rig() as r:
            self.alloc.fail(0)
            self.assertTrue(self.start(r))
            n, failed, at, tries = 0, 0, 1, 0
            while tries < 8:  # rounds, of which some begin a segment or an epoch, had no such allocation
                self.alloc.fail(at)
                self.failed_before = 0
                n += 4
                self.put(r, n)
                if self.failed_before + self.alloc.failed:
                    failed, at, tries = failed + 1, at + 1, 0
                else:
                    tries += 1
            self.alloc.fail(0)
            self.put(r, n + 4)
            r.wait_checkpoint()
            r.stop()
            r.check()
        print(f"# {failed} allocations failed, it ended {self.ends} times")
        self.assertGreater(failed, 5)

    def test_while_a_log_is_opened(self):
        with self.rig() as r:
            self.alloc.fail(0)
            self.assertTrue(self.start(r))
            self.put(r, 24)
            at, failed, began = 1, 0, time.monotonic()
            while True:
                r.kill()
                self.alloc.fail(at)
                came = self.start(r)
                if not self.alloc.failed:
                    break
                failed += 1
                if not came:
                    self.ends += 1
                at += STEP
            if r.ledger is None:
                self.restart(r)
            self.put(r, 30)
            r.stop()
            r.check()
        print(f"# {failed} allocations failed, {self.ends} starts came to nothing, {self.circles} went in circles, "
              f"{time.monotonic() - began:.0f} s")
        self.assertGreater(self.ends, 0)


if __name__ == "__main__":
    tap.main()
