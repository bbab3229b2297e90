#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each allocation of tracex-ingest fails once while records with personal data come: it ends or goes on, and nothing
of them is seen but masked."""
import contextlib
import os
import select
import signal
import tempfile
import time

import canaries
import hostile
import ingest_rig as rig
import tap
from canaries import Canaries
from alloc_faults import FOREVER, LIBRARY, AllocFaults
from ingest_rig import Case, Rig

# Of the allocations, each or a part.
LONG = os.environ.get("TX_ALLOCATIONS") == "all"
STARTS_STEP = 7 if LONG else 149  # most are of OpenSSL and libseccomp
STEP = 1 if LONG else 10


class Faults(Case):
    def setUp(self):
        if not os.path.exists(LIBRARY) or os.environ.get("TX_SANITIZED"):
            self.skipTest("nothing can be preloaded before a sanitizer")
        self.dir = tempfile.TemporaryDirectory(prefix="tracex-test-")
        self.addCleanup(self.dir.cleanup)
        self.alloc = AllocFaults(os.path.join(self.dir.name, "control"))
        self.stderr = open(os.path.join(self.dir.name, "stderr"), "ab")
        self.addCleanup(self.stderr.close)
        self.canaries = Canaries()
        print(f"# seed {self.canaries.maker.seed}")
        self.deaths, self.circles, self.statuses = 0, 0, set()

    def rig(self, **options):
        return Rig(environment=self.alloc.environment, stderr=self.stderr.fileno(), **options)

    def send(self, client, receipt=False):
        client.lane.send(hostile.records(client.secret, self.canaries.record(client.n, receipt=receipt)))
        client.n += 1

    def keep_running(self, r):
        """Starts it again when it has ended, as the supervisor would."""
        if not self.runs(r):
            self.deaths += 1
            self.statuses.add(r.exit_status)
            self.start(r)

    def start(self, r):
        """libseccomp may go round in circles when an allocation of its own fails: systemd's watchdog ends that."""
        with contextlib.suppress(ConnectionError):  # it may end before it has heard all
            r.start()
        end = time.monotonic() + 3
        while self.runs(r) and not select.select([r.control], [], [], 0.01)[0]:
            if time.monotonic() > end:
                self.circles += 1
                r.kill()

    @staticmethod
    def runs(r):
        if r.pid is None:
            return False
        pid, status = os.waitpid(r.pid, os.WNOHANG)
        if pid:
            r.pid = None
            r.exit_status = os.waitstatus_to_exitcode(status)
            r.control.close()
        return pid == 0

    def until(self, r, client, condition, what):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            self.keep_running(r)
            client.read(0.02)

    def settle(self, r):
        """Until it runs and has nothing more to do with what it was told."""
        for _ in range(2):
            time.sleep(0.01)
            self.keep_running(r)
            with contextlib.suppress(AssertionError, ConnectionError):
                r.status()

    def until_acked(self, r, client):
        """One that comes while its connection is not back yet is not told of; the next one says the same."""
        for _ in range(5):
            end = time.monotonic() + 5
            self.until(r, client, lambda: client.acked >= client.n or time.monotonic() > end, "an acknowledgement")
            if client.acked >= client.n:
                return
            self.send(client)
        self.fail("no acknowledgement")

    def seen(self, r, pids=True):
        """Where anything of the canaries is."""
        bodies = os.path.join(self.dir.name, "bodies")
        with open(bodies, "wb") as f:
            f.write(b"\n".join(body for _, _, _, body in r.log.bodies) + b"\n".join(r.log.policies))
        self.stderr.flush()
        where = [bodies, self.stderr.name] + ([r.pid] if pids and os.getuid() == 0 else [])
        return canaries.find(self.canaries.needles, *where)

    def check(self, r, *clients):
        self.assertEqual(self.seen(r), [])
        for client in clients:
            self.every_number_once(r, client, client.n)

    # --- tests ---

    def test_what_is_not_masked_would_be_seen(self):
        """The control."""
        with self.rig(config=canaries.UNMASKED.encode()) as r:
            c = r.connect()
            self.send(c)
            self.until_acked(r, c)
            found = "\n".join(self.seen(r, pids=False))
            self.assertGreater(len(found.splitlines()), 30, found)

    def test_each_allocation_of_a_start_while_records_wait_in_the_inbox(self):
        with self.rig() as r:
            c = r.connect()
            self.send(c)
            self.until_acked(r, c)
            n, failed = 1, 0
            while True:
                r.log.may_sync.clear()
                self.send(c)
                self.until(r, c, lambda: len(r.log.of(c)) == c.n, "the body")
                r.log.last[c.id] -= 1  # the ledger forgets it: it comes again, from the inbox
                del r.log.bodies[-1]
                r.kill()
                self.alloc.fail(n)
                r.log.may_sync.set()
                self.start(r)
                self.until_acked(r, c)
                if not self.alloc.failed:
                    break
                failed += 1
                n += STARTS_STEP
            self.alloc.fail(0)
            print(f"# {failed} failed, it died {self.deaths} times, of {self.statuses}, {self.circles} in circles")
            self.assertGreater(failed, 10)
            self.check(r, c)

    def scene(self, r):
        """Whatever makes it allocate while it runs."""
        c = r.connect()
        self.send(c)
        self.send(c, receipt=True)
        bad = r.connect()
        needle = self.canaries.needles[0]
        bad.send(rig.record(0, event=b"Bad " + needle, fields=self.canaries.fields))
        bad.lane.send(b"TX" + needle)
        self.until_acked(r, c)
        self.until(r, c, lambda: 1 in c.receipts or c.acked > 1, "the receipt")
        return c

    def test_each_allocation_while_records_come(self):
        for many in (1, 3):
            with self.subTest(many=many), self.rig() as r:
                self.until_acked(r, self.scene(r))
                clients, k = [], 1
                while True:
                    self.settle(r)
                    self.alloc.fail(k, many)
                    clients.append(self.scene(r))
                    if not self.alloc.failed:
                        break
                    k += 1
                self.alloc.fail(0)
                print(f"# {k - 1} failed, {many} in a row; it died {self.deaths} times")
                self.assertGreater(k, 3)
                # Of several in a row, some may be of OpenSSL's in the next start.
                self.assertLessEqual(self.statuses, {1} if many == 1 else {1, -signal.SIGSEGV}, "it ends of itself")
                self.check(r, *clients)

    def reload(self, r, config):
        """Until it is answered, or ingest has ended, perhaps of an allocation that was made for something else."""
        with contextlib.suppress(BrokenPipeError):
            r.say(rig.RELOAD, 0, rig.policy_change(b"reload"), config)
        end = time.monotonic() + 30
        while self.runs(r):
            with contextlib.suppress(AssertionError, ConnectionError):
                r.hear(rig.RELOADED, 0.05)
                return
            self.assertLess(time.monotonic(), end, "the reload is answered")

    def test_each_allocation_of_a_reload(self):
        config = rig.policy(b"version: 1\nmasking: {rules: [{id: x, match: {fields: [x]}, action: redact}]}\n")
        self.addCleanup(os.close, config)
        with self.rig() as r:
            c = r.connect()
            self.send(c)
            self.until_acked(r, c)
            n, failed = 1, 0
            while True:
                self.alloc.fail(n)
                self.reload(r, config)
                self.send(c)
                self.until_acked(r, c)
                if not self.alloc.failed:
                    break
                failed += 1
                n += STEP
            self.alloc.fail(0)
            print(f"# {failed} failed, it died {self.deaths} times")
            self.assertGreater(failed, 10)
            self.assertLessEqual(self.statuses, {1}, "it ends of itself")
            self.check(r, c)

    def test_without_any_memory_it_ends_and_says_nothing_of_what_it_held(self):
        with self.rig() as r:
            c = r.connect()
            self.send(c)
            self.until_acked(r, c)
            self.alloc.fail(1, FOREVER)
            for _ in range(5):
                self.send(c)
                if not self.runs(r):
                    break
                c.read(0.2)
            self.alloc.fail(0)
            self.until_acked(r, c)
            self.check(r, c)


if __name__ == "__main__":
    tap.main()
