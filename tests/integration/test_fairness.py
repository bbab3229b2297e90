#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One user who floods and a quiet one: what stands before the quiet one's record on its way to the disk, in bytes. No
timing decides."""
import contextlib
import itertools
import json
import os
import resource
import socket
import struct
import subprocess
import threading
import unittest

import hostile
import ingest_rig
import ledger_rig
import tap
from ingest_rig import Case, field, wait_until
from test_hostile import another_user, descriptors
from tracexd import BUILD, Daemon

FLOODING, QUIET = 60002, 60001
WINDOW = 64 * 1024
TURN = 8192  # TX_WORK_TURN


def rig(pace):
    r = ingest_rig.Rig()
    r.log.pace = pace
    return r


class Ingest(Case):
    """Against a ledger that says when something is durable, and how much may be on its way."""

    def flood(self, r, n=3000):
        """A client of another user that sends as long as its socket takes more; another thread, since it stops."""
        client = r.connect(uid=FLOODING)

        def work():
            with contextlib.suppress(OSError):
                for _ in range(n):
                    client.log(fields=[field(b"v", b"x" * 300)])
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        self.addCleanup(client.lane.shutdown, socket.SHUT_RDWR)
        return client

    def bodies_of(self, r, client):
        return [body for _, _, body in r.log.of(client)]

    def wait_for_standstill(self, r, client, least):
        """The flood has sent all that is taken of it: the ledger has so much, and a question is answered after that."""
        wait_until(lambda: sum(map(len, self.bodies_of(r, client))) >= least, "the flood")
        for _ in range(3):
            r.status()

    def before_the_quiet_one(self, pace):
        """Bytes of the flood that the ledger is given before a quiet user's record, while nothing becomes durable."""
        with rig(pace) as r:
            r.log.may_sync.clear()
            flood = self.flood(r)
            self.wait_for_standstill(r, flood, WINDOW - WINDOW // 8)
            quiet = r.connect(uid=QUIET)
            quiet.log(receipt=True)
            wait_until(lambda: r.log.of(quiet), "the quiet user's record")
            before = sum(map(len, self.bodies_of(r, flood)))
            r.log.may_sync.set()
            quiet.wait_acked()
            self.assertIn(0, quiet.receipts)
            self.assertEqual(r.log.faults, [])
        return before

    def test_a_quiet_users_record_goes_out_at_once_though_the_flood_may_not_go_on(self):
        self.assertLess(self.before_the_quiet_one(WINDOW), WINDOW + 1000)

    def test_the_control_where_nobody_waits_the_flood_goes_on(self):
        self.assertGreater(self.before_the_quiet_one(0), 8 * WINDOW)

    def test_what_waits_of_two_users_goes_out_in_turns(self):
        with rig(WINDOW) as r:
            r.log.may_sync.clear()
            flood = self.flood(r)
            # More than the test allows, and received before.
            wait_until(lambda: json.loads(r.status())["inbox_bytes"] > 4 * WINDOW, "the flood")
            quiet = r.connect(uid=QUIET)
            for _ in range(30):
                quiet.log(fields=[field(b"v", b"x" * 300)])
            wait_until(lambda: r.log.of(quiet), "the first of the quiet user's records")
            r.status()
            self.assertLess(len(r.log.of(quiet)), 30, "more than what one may have on its way beyond the others'")
            first = len(r.log.bodies)
            r.log.may_sync.set()
            quiet.wait_acked()
            owners = [client for client, _, _, _ in r.log.bodies[first:]]
            last = max(i for i, client in enumerate(owners) if client == quiet.id)
            n_quiet = owners[:last].count(quiet.id)
            # A turn of his for each of the flood's, which has the first; time costs at most twice what bytes do.
            self.assertLess(owners[:last].count(flood.id), 3 * n_quiet + 2 * TURN // 500)
            self.every_number_once(r, quiet, 30)

    def test_nothing_is_lost_when_ingest_dies_while_the_flood_waits(self):
        with rig(WINDOW) as r:
            r.log.may_sync.clear()
            flood = self.flood(r, 400)
            self.wait_for_standstill(r, flood, WINDOW - WINDOW // 8)
            r.restart()
            r.log.may_sync.set()
            flood.wait_acked(400)
            self.every_number_once(r, flood, 400)


class Ledger(unittest.TestCase):
    """Against an ingest that sends what it likes."""
    ONE, OTHER = b"\1" * 8, b"\2" * 8

    def test_while_somebody_waits_a_batch_begins_before_its_time(self):
        with ledger_rig.Rig(commit="60s", checkpoint="1h").start() as r:
            r.put(self.OTHER, range(1), receipt=True)
            self.assertTrue(r.wait_durable())
            self.assertGreaterEqual(r.ingest.pace, 16 * 1024)
            n = 2 * r.ingest.pace // 1000
            r.put(self.ONE, range(n), fill=1000)  # nobody asks for a receipt of these
            r.wait(lambda: r.ingest.durable >= len(r.ingest.sent) - r.ingest.pace // 4 // 1000 - 1, "all but less than a quarter of the window")
            r.put(self.OTHER, range(1, 2), receipt=True)
            self.assertTrue(r.wait_durable())
            self.assertEqual(r.ingest.bytes_durable, r.ingest.bytes)

    def test_the_control_else_it_waits_for_its_time(self):
        with ledger_rig.Rig(commit="60s", checkpoint="1h").start() as r:
            r.put(self.ONE, range(200), fill=1000)
            self.assertEqual(r.query(self.ONE), 199)  # they were all taken
            self.assertEqual(r.ingest.durable, 0)
            self.assertIsNone(r.ingest.pace)
            r.put(self.OTHER, range(1), receipt=True)
            self.assertTrue(r.wait_durable())


@unittest.skipUnless(os.getuid() == 0, "needs root to be two users")
class Whole(unittest.TestCase):
    """The real daemon, with a disk that is slower than the flood."""
    DISK = {"LD_PRELOAD": os.path.join(BUILD, "tests/lib/libslow-disk.so"), "TX_DISK_SYNC_US": "100", "TX_DISK_NS_A_BYTE": "100"}
    LINE = 600  # bytes of the flood's

    @contextlib.contextmanager
    def flood(self, d, connections=4):
        command = [os.path.join(BUILD, "tests/bench/bench-flood"), "--uid", str(FLOODING), "--processes", "2",
                   "--connections", str(connections), "--seconds", "120"]
        with subprocess.Popen(command, env=dict(os.environ, TRACEX_SOCKET=d.socket), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            try:
                self.assertEqual(process.stdout.readline(), "ready\n")
                yield
            finally:
                process.stdin.close()

    def before_its_receipt(self, d, lane, secret, n):
        """Bytes that were on the disk after this record was sent and no later than it."""
        before = json.loads(d.ctl("status", "-o", "json").stdout)["ledger"]["status"]["ledger"]
        lane.send(hostile.records(secret, hostile.record(n)))
        while True:
            data = lane.recv(4096)
            reply = hostile.Reply(data)
            if (reply.kind, reply.n) == (hostile.RECEIPT, n):
                seq = struct.unpack_from("<Q", data, 16)[0]
                return before["unsynced_bytes"] + (seq - before["records"]) * self.LINE

    def test_little_of_a_flood_is_put_on_the_disk_before_a_quiet_users_record(self):
        with Daemon(child_environment=self.DISK).start() as d, contextlib.closing(hostile.connect(d.socket)) as lane, self.flood(d):
            lane.settimeout(60)
            secret = os.urandom(16)
            wait_until(lambda: d.status_of("ingest")["inbox_bytes"] > 1 << 20, "the flood")
            got = [self.before_its_receipt(d, lane, secret, n) for n in range(20)]
        # The control: before anybody waited, all that the daemon may hold stood before it.
        self.assertGreater(got[0], 1 << 20)
        self.assertLess(min(got[1:]), 256 * 1024, got)

    def is_served(self, d):
        with contextlib.closing(hostile.connect(d.socket)) as lane:
            lane.settimeout(60)
            lane.send(hostile.records(os.urandom(16), hostile.record(0)))
            self.assertEqual(hostile.Reply(lane.recv(4096)).kind, hostile.RECEIPT)

    def connections(self, d):
        return json.loads(d.ctl("status", "-o", "json").stdout)["supervisor"]["connections"]

    def test_thousands_of_connections_of_one_user_leave_room_for_others(self):
        limit = 256
        before = resource.getrlimit(resource.RLIMIT_NOFILE)

        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (2 * limit + 128, 2 * limit + 128))
        with Daemon(preexec=few).start() as d:
            with self.flood(d, 1000):
                got = self.connections(d)
                self.assertEqual(got["limit_per_uid"], limit)
                self.assertGreater(got["refused_uid"], 0, "the control: he wanted more than he has")
                self.assertLessEqual(got["open"], limit)
                for _ in range(10):
                    self.is_served(d)
                self.assertEqual(self.connections(d)["refused_total"], 0)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), before)

    def test_connections_that_come_and_go_keep_nobody_out(self):
        def come_and_go(say):
            for n in itertools.count():
                with contextlib.suppress(OSError, AssertionError):
                    hostile.connect(d.socket).close()
                if n == 200:
                    say()
        with Daemon().start() as d:
            self.is_served(d)
            # The connection of just now may be among them still, or gone.
            held = [(pid, descriptors(pid)) for pid in (d.supervisor(), d.child("tracex-ingest"))]
            with another_user(come_and_go):
                for _ in range(10):
                    self.is_served(d)
                self.assertGreater(self.connections(d)["accepted"], 200)
            wait_until(lambda: all(descriptors(pid) <= n for pid, n in held),
                       "descriptors are back where they were", 60)


if __name__ == "__main__":
    tap.main()
