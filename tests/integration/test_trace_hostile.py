#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that hand over rings which are none, or write into theirs what they like: each harms only itself."""
import array
import collections
import fcntl
import mmap
import os
import random
import socket
import struct
import subprocess
import time
import unittest

import hostile
import tap
from tracexd import BUILD, wait_until
from tracing import TracingDaemon

TRACE = os.path.join(BUILD, "tests/lib/tx-trace")
RING, BELL = 2, 3
F_ADD_SEALS, SEAL, SHRINK, GROW = 1033, 1, 2, 4
ALL = SEAL | SHRINK | GROW
CAPACITY = 256 * 1024
HEAD, ACCOUNTED, TAIL, STORED, FATE = 64, 72, 128, 136, 148
TAKEN, CLOSED, REFUSED = 1, 2, 3


def memory(size=4096 + CAPACITY, seals=ALL):
    fd = os.memfd_create("hostile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def body(n, event="hostile.event", fields=(), flags=0, n_fields=None):
    """A record without its length and id."""
    count = len(fields) if n_fields is None else n_fields
    return struct.pack("<QBBBBq", n, flags, 0, 6, 0, time.time_ns()) + hostile.text(2, event) + \
        struct.pack("<H", count) + b"".join(fields)


class Ring:
    """One that is written by hand."""

    def __init__(self, lane, secret=None):
        self.fd = memory()
        self.map = mmap.mmap(self.fd, 4096 + CAPACITY)
        self.secret = secret or os.urandom(16)
        self.head = 0
        self.lane = lane
        hand(lane, hostile.datagram(RING, self.secret), self.fd)

    def get(self, at, form="<Q"):
        return struct.unpack_from(form, self.map, at)[0]

    def set(self, at, v):
        struct.pack_into("<Q", self.map, at, v)

    def put(self, data, length=None):
        frame = struct.pack("<I", len(data) if length is None else length) + data
        frame += b"\0" * (-len(frame) % 8)
        for i, byte in enumerate(frame):
            self.map[4096 + (self.head + i) % CAPACITY] = byte
        self.head += len(frame)
        self.set(HEAD, self.head)
        self.ring()

    def ring(self):
        """The bell."""
        try:
            self.lane.send(hostile.datagram(BELL, b""))
        except OSError:
            pass  # its connection was closed

    def fate(self):
        return self.get(FATE, "<I")

    def close(self):
        self.map.close()
        os.close(self.fd)


def hand(lane, data, *fds):
    lane.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


class TraceHostile(unittest.TestCase):
    def setUp(self):
        self.d = TracingDaemon()
        self.addCleanup(self.d.__exit__, None, None, None)
        self.d.start()
        self.ingest = self.d.child("tracex-ingest")

    def lane(self):
        lane = hostile.connect(self.d.socket)
        self.addCleanup(lane.close)
        return lane

    def ring(self, lane=None):
        ring = Ring(lane or self.lane())
        self.addCleanup(ring.close)
        return ring

    def events(self):
        return self.d.records("hostile.event")

    def rejected(self):
        return sum(r["data"]["count"] for r in self.d.records("tracex.rejected"))

    def others_are_served(self):
        result = subprocess.run([TRACE, "events", "50"], env=dict(os.environ, TRACEX_SOCKET=self.d.socket),
                                stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout)
        return "logged=50 lost=0" in result.stdout

    def assert_others_are_served(self):
        """By the same process as before."""
        self.assertTrue(self.others_are_served())
        self.assertEqual(self.d.child("tracex-ingest"), self.ingest)

    def assert_is_closed(self, lane):
        def is_closed():
            try:
                return lane.recv(4096) == b""
            except ConnectionResetError:
                return True
        wait_until(is_closed, 20, "the end of the connection")

    def test_a_ring_that_is_written_by_hand(self):
        ring = self.ring()
        for n in range(5):
            ring.put(body(n, fields=[hostile.field("a", "b")]))
        wait_until(lambda: len(self.events()) == 5, 20, "events")
        wait_until(lambda: ring.get(TAIL) == ring.head, 20, "the tail")
        self.assertEqual((ring.fate(), ring.get(STORED)), (TAKEN, ring.head))
        self.assertEqual(bytes(ring.map[4096:4096 + ring.head]), b"\0" * ring.head)  # wiped
        self.assertEqual([r["source"]["pid"] for r in self.events()], [os.getpid()] * 5)

    def test_what_is_no_ring(self):
        read, write = os.pipe()
        null = os.open("/dev/null", os.O_RDWR)
        whole = memory()
        for number, fds in enumerate([[], [memory(seals=GROW | SEAL)], [memory(seals=0)], [memory(4096 + CAPACITY - 4096)],
                                      [memory(4096)], [memory(4096 + (128 << 20))], [read], [write], [null], [whole, memory()]]):
            with self.subTest(number):
                lane = self.lane()
                hand(lane, hostile.datagram(RING, os.urandom(16)), *fds)
                self.assert_is_closed(lane)
        for data in (hostile.datagram(RING, b"short"), hostile.datagram(RING, os.urandom(17)), hostile.datagram(BELL, b"x")):
            lane = self.lane()
            hand(lane, data, whole)
            self.assert_is_closed(lane)
        lane = self.lane()
        hand(lane, hostile.datagram(BELL, b""), whole)  # nothing comes with that
        self.assert_is_closed(lane)
        wait_until(lambda: self.rejected() >= 14, 20, "rejections")
        self.assert_others_are_served()

    def test_a_descriptor_beside_records_is_closed(self):
        lane, secret = self.lane(), os.urandom(16)
        before = len(os.listdir(f"/proc/{self.ingest}/fd"))
        for n in range(50):
            hand(lane, hostile.records(secret, hostile.record(n)), memory())
        wait_until(lambda: len(self.events()) == 50, 20, "records")
        self.assertLessEqual(len(os.listdir(f"/proc/{self.ingest}/fd")), before + 1)

    def spoil(self, what):
        ring = self.ring()
        ring.put(body(0))
        wait_until(lambda: ring.get(TAIL) == ring.head, 20, "the tail")
        what(ring)
        ring.ring()
        wait_until(lambda: ring.fate() == REFUSED, 20, "its being refused")
        return ring

    def test_what_makes_no_sense_ends_the_ring(self):
        cases = {
            "head far beyond": lambda r: r.set(HEAD, 1 << 40),
            "head not aligned": lambda r: r.set(HEAD, r.head + 4),
            "head goes back": lambda r: r.set(HEAD, 8),
            "no length": lambda r: r.put(b"x", 0),
            "length beyond the head": lambda r: r.put(b"x" * 20, 100),
            "length beyond all": lambda r: r.put(b"x" * 20, 0xffffffff),
            "no record": lambda r: r.put(b"x" * 50),
            "rest behind the record": lambda r: r.put(body(1) + b"x"),
            "asks for a receipt": lambda r: r.put(body(1, flags=1)),
            "number too large": lambda r: r.put(body((1 << 63) - 1)),
            "fields that are not there": lambda r: r.put(body(1, n_fields=3)),
        }
        for number, (name, what) in enumerate(cases.items()):
            with self.subTest(name):
                self.spoil(what)
                wait_until(lambda n=number: self.rejected() > n, 20, "a rejection")
        self.assertEqual(len(self.events()), len(cases))  # what was before it
        self.assert_others_are_served()

    def test_records_that_are_refused_leave_their_numbers(self):
        ring = self.ring()
        for n, event in enumerate(("tracex.lost", "Not Allowed", "hostile.event")):
            ring.put(body(n, event))
        ring.put(body(3, fields=[hostile.field("a", "1"), hostile.field("a", "2")]))
        ring.put(body(4))
        wait_until(lambda: len(self.events()) == 2, 20, "events")
        self.assertEqual([r["source"]["n"] for r in self.events()], [2, 4])
        self.assertEqual([(r["data"]["first"], r["data"]["last"], r["data"]["why"]) for r in self.d.records("tracex.lost")],
                         [(0, 0, "rejected"), (1, 1, "rejected"), (3, 3, "rejected")])
        self.assertEqual(ring.fate(), TAKEN)

    def test_a_lie_about_what_was_dropped_costs_one_record(self):
        ring = self.ring()
        ring.put(body(0))
        wait_until(lambda: len(self.events()) == 1, 20, "an event")
        for v in ((1 << 64) - 1, 1 << 63, 1000, 5):
            ring.set(ACCOUNTED, v)
            ring.ring()
            time.sleep(0.05)
        ring.put(body(2000))
        wait_until(lambda: len(self.events()) == 2, 20, "an event")
        self.assertLessEqual(len(self.d.records("tracex.lost")), 2)
        self.assert_others_are_served()

    def test_numbers_that_come_again_are_written_once(self):
        lane = self.lane()
        first = self.ring(lane)
        second = Ring(lane, first.secret)
        self.addCleanup(second.close)
        for ring in (first, second):
            for n in range(10):
                ring.put(body(n))
            wait_until(lambda r=ring: r.get(TAIL) == r.head, 20, "the tail")
        self.assertEqual([r["source"]["n"] for r in self.events()], list(range(10)))

    def test_no_one_has_too_many(self):
        lane = self.lane()
        rings = [Ring(lane)]
        self.addCleanup(lambda: [r.close() for r in rings])

        def answered():
            # Where more come than can be told of at once, some are closed, and come again.
            return all(r.fate() for r in rings) and sum(r.fate() in (TAKEN, REFUSED) for r in rings) >= 520
        while not answered():
            wait_until(lambda: all(r.fate() for r in rings), 60, "an answer for each")
            left = 520 - sum(r.fate() in (TAKEN, REFUSED) for r in rings)
            rings += [Ring(lane) for _ in range(left)]
        self.assertEqual(collections.Counter(r.fate() for r in rings if r.fate() != CLOSED), {TAKEN: 512, REFUSED: 8})
        lane.close()
        wait_until(lambda: all(r.fate() > TAKEN for r in rings), 60, "the end of all")
        wait_until(self.others_are_served, 60, "the supervisor has heard of all these ends")
        self.assert_others_are_served()

    def test_one_that_scribbles_over_everything_harms_only_itself(self):
        end, seed = time.monotonic() + 3, random.Random(7)
        others = [subprocess.Popen([TRACE, "pace", "600", "3000"], env=dict(os.environ, TRACEX_SOCKET=self.d.socket),
                                   stdout=subprocess.PIPE, text=True) for _ in range(2)]
        while time.monotonic() < end:
            ring = self.ring()
            for _ in range(2000):
                at = seed.choice([seed.randrange(0, 4096, 8), HEAD, TAIL, 4096 + seed.randrange(0, CAPACITY - 8, 8)])
                ring.set(at, seed.choice([seed.getrandbits(64), seed.randrange(0, CAPACITY, 8), 0]))
        for process in others:
            out = process.communicate(timeout=60)[0]
            self.assertEqual(process.returncode, 0, out)
            self.assertIn("logged=600 lost=0", out)
        self.assertEqual(len(self.d.records("test.trace")), 1200)
        self.assertEqual(self.d.child("tracex-ingest"), self.ingest)


if __name__ == "__main__":
    tap.main()
