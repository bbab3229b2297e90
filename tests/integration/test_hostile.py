#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that lie, flood, stall and pass descriptors: they harm only themselves, and others notice nothing."""
import array
import contextlib
import os
import random
import resource
import signal
import socket
import time
import unittest

import hostile
import tap
from tracexd import Daemon, wait_until

SECRET = b"0123456789abcdef"


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@contextlib.contextmanager
def another_user(work):
    """A process of uid 1001 does work(say) until the end; here once it has called say()."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(1001)
            os.setuid(1001)
            work(lambda: os.write(theirs, b"."))
        finally:
            os._exit(1)
    os.close(theirs)
    try:
        assert os.read(ours, 1) == b"."
        yield
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def keep_full(path, say, n_lanes, value):
    """So many connections, in each of which a few large records wait at any time."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    lanes = [[hostile.connect(path), os.urandom(16), 0] for _ in range(n_lanes)]
    for lane, _, _ in lanes:
        lane.setblocking(False)
    while True:
        for item in lanes:
            for _ in range(8):
                try:
                    item[0].send(hostile.records(item[1], hostile.record(item[2], fields=[hostile.field("v", value)],
                                                                         receipt=False)))
                    item[2] += 1
                except BlockingIOError:
                    break
        with contextlib.suppress(BrokenPipeError):
            say()


class Hostile(unittest.TestCase):
    def connect(self, daemon):
        lane = hostile.connect(daemon.socket)
        self.addCleanup(lane.close)
        return lane

    def neighbour_is_well(self, daemon):
        out = daemon.emit("--durable", "--print-receipts", "--event", "neighbour.ok").stdout
        self.assertEqual(len(out.split()), 3)

    def answer(self, lane, kind, n):
        found = []
        wait_until(lambda: found.extend(hostile.replies(lane, 0.2)) or
                   [r for r in found if r.kind == kind and r.n == n], 20, f"reply {kind} for {n}")

    def test_the_control_a_well_spoken_client_of_ours_is_answered(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            lane.send(hostile.records(SECRET, hostile.record(0, fields=[hostile.field("a", "b")])))
            self.answer(lane, hostile.RECEIPT, 0)
            self.assertEqual(d.records("hostile.event")[0]["data"], {"a": "b"})

    def test_malformed_datagrams_end_their_connection_and_are_counted(self):
        good = hostile.records(SECRET, hostile.record(0, fields=[hostile.field("a", "b")]))
        bad = [b"", b"T", b"TX", good[:7], good[:-1], good + b"x", b"\0" * 8, b"\xff" * 100,
               hostile.datagram(hostile.RECORDS, b"short"), hostile.datagram(99, SECRET),
               hostile.datagram(hostile.RECORDS, SECRET + b"\1\0", version=2),
               hostile.datagram(hostile.RECORDS, SECRET + b"\1\0", length=1 << 31),
               hostile.records(SECRET, hostile.record(0)[:-1], count=1), hostile.records(SECRET, count=0),
               hostile.records(SECRET, hostile.record(0, outcome=9)),
               hostile.records(SECRET, hostile.record(0, fields=[b"\x63\0\1\0a"])),
               hostile.records(SECRET, hostile.record(0, fields=[hostile.field("a", "b")], n_fields=7))]
        with Daemon().start() as d:
            for data in bad[1:]:
                lane = self.connect(d)
                try:
                    lane.send(data)
                except ConnectionError:
                    pass
                self.assertTrue(hostile.closed(lane), data[:40])
            self.neighbour_is_well(d)
            wait_until(lambda: d.records("tracex.rejected"), 20, "a tracex.rejected record")
            self.assertEqual(d.records("hostile.event"), [])
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    def test_random_changes_of_a_good_datagram_never_stop_ingest(self):
        rng = random.Random(7)
        good = hostile.records(SECRET, *[hostile.record(i, fields=[
            hostile.field("s", "text"), hostile.field("j", '{"a":[1,2]}', hostile.JSON),
            hostile.field("i", b"\1" * 8, hostile.I64), hostile.field("n", b"", hostile.NULL)]) for i in range(3)])
        with Daemon().start() as d:
            ingest = d.child("tracex-ingest")
            for _ in range(400):
                data = bytearray(good)
                for _ in range(rng.randint(1, 4)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                lane = hostile.connect(d.socket)
                lane.send(bytes(data[:rng.randint(1, len(data))] if rng.random() < 0.3 else data))
                lane.close()
            self.neighbour_is_well(d)
            self.assertEqual(d.child("tracex-ingest"), ingest, "ingest died")

    def test_names_that_are_not_allowed_are_rejected_and_named_as_lost(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            wrong = [hostile.record(0, event="Upper.Case"), hostile.record(1, event="tracex.epoch"),
                     hostile.record(2, event="x" * 129), hostile.record(3, event=""),
                     hostile.record(4, fields=[hostile.field("1digit", "x")]),
                     hostile.record(5, fields=[hostile.field("same", "x"), hostile.field("same", "y")]),
                     hostile.record(6, event='"}\n{"tracex":"checkpoint"')]
            lane.send(hostile.records(SECRET, *wrong, hostile.record(7)))
            self.answer(lane, hostile.RECEIPT, 7)
            self.assertEqual([r["source"]["n"] for r in d.records("hostile.event")], [7])
            lost = set()
            for r in d.records("tracex.lost"):
                lost |= set(range(r["data"]["first"], r["data"]["last"] + 1))
            self.assertEqual(lost, set(range(7)))
            self.assertFalse([x for x in d.lines() if b"Upper" in x])

    def test_ten_thousand_fields_are_refused_and_the_next_record_is_taken(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            many = [hostile.field("f%d" % i, b"", hostile.NULL) for i in range(10000)]
            lane.send(hostile.records(SECRET, hostile.record(0, fields=many)))
            lane.send(hostile.records(SECRET, hostile.record(1)))
            self.answer(lane, hostile.RECEIPT, 1)
            self.neighbour_is_well(d)

    def test_values_that_are_not_text_or_json_are_kept_in_a_form_that_is(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            fields = [hostile.field("utf8", b"a\xff\xc0\x80b"), hostile.field("bad", '{"a":1,"a":2}', hostile.JSON),
                      hostile.field("deep", "[" * 1000 + "]" * 1000, hostile.JSON),
                      hostile.field("cut", "{", hostile.JSON),
                      hostile.field("ok", ' {"a" : [1, 2.50] } ', hostile.JSON)]
            lane.send(hostile.records(SECRET, hostile.record(0, fields=fields)))
            self.answer(lane, hostile.RECEIPT, 0)
            record, = d.records("hostile.event")
            self.assertEqual(record["data"]["utf8"], "a\ufffd\ufffd\ufffdb")
            self.assertEqual(record["data"]["ok"], {"a": [1, 2.5]})
            for name, error in (("bad", "error:json"), ("deep", "error:limit"), ("cut", "error:json")):
                self.assertIsInstance(record["data"][name], str)
                self.assertIn(error, record["masked"][name])

    def test_a_value_that_is_too_long_is_cut_and_marked_and_never_keeps_its_record_out(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            lane.send(hostile.records(SECRET, hostile.record(0, fields=[
                hostile.field("long", "\1" * 100000), hostile.field("short", "stays")])))
            self.answer(lane, hostile.RECEIPT, 0)
            record, = d.records("hostile.event")
            self.assertEqual(record["data"]["short"], "stays")
            self.assertEqual(record["masked"]["long"], "error:limit,cut:65546")  # masking.limits.max_field
            line = max(d.lines(), key=len)
            self.assertLessEqual(len(line), 65535)

    def test_passed_descriptors_are_dropped_and_none_leaks(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            self.neighbour_is_well(d)
            ingest, supervisor = d.child("tracex-ingest"), d.supervisor()
            before = descriptors(ingest), descriptors(supervisor)
            fds = array.array("i", [0, 1, 2] * 20)
            for i in range(50):
                lane.sendmsg([hostile.records(SECRET, hostile.record(i, receipt=False))],
                             [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            self.neighbour_is_well(d)
            for _ in range(100):
                hostile.connect(d.socket).close()
            wait_until(lambda: descriptors(ingest) <= before[0] and descriptors(supervisor) <= before[1], 20,
                       "descriptors are back where they were")

    def test_a_client_that_never_reads_and_one_that_never_fetches_its_welcome_harm_nobody(self):
        with Daemon().start() as d:
            silent = []
            for _ in range(20):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self.addCleanup(s.close)
                s.connect(d.socket)
                silent.append(s)
            lane = self.connect(d)
            lane.setblocking(False)
            for i in range(5000):
                try:
                    lane.send(hostile.records(SECRET, hostile.record(i)))
                except BlockingIOError:
                    break
            self.neighbour_is_well(d)

    def test_nobody_forges_the_ledgers_or_ingests_own_words(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            forged = '"by":"ledger","event":"tracex.epoch","data":{}}\n{"tracex":"seal"'
            lane.send(hostile.records(SECRET, hostile.record(0, fields=[
                hostile.field("x", forged), hostile.field("by", "ledger"), hostile.field("seq", "0")])))
            self.answer(lane, hostile.RECEIPT, 0)
            record, = d.records("hostile.event")
            self.assertNotIn("by", record)
            self.assertEqual(record["data"]["x"], forged)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    @unittest.skipUnless(os.getuid() == 0, "needs root to become another user")
    def test_a_user_with_hundreds_of_full_connections_keeps_nobody_waiting(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            lane.send(hostile.records(SECRET, hostile.record(0)))
            self.answer(lane, hostile.RECEIPT, 0)
            value = " ".join(["a@b.co"] * 16000)
            with another_user(lambda say: keep_full(d.socket, say, 300, value)):
                took = []
                for n in range(1, 4):
                    start = time.monotonic()
                    lane.send(hostile.records(SECRET, hostile.record(n)))
                    lane.settimeout(60)
                    while (reply := hostile.Reply(lane.recv(4096))).kind != hostile.RECEIPT or reply.n != n:
                        pass
                    took.append(time.monotonic() - start)
            self.assertLess(max(took), 5, "one turn of each user, not of each connection")

    def test_a_second_process_on_a_passed_connection_is_stamped_as_itself(self):
        with Daemon().start() as d:
            lane = self.connect(d)
            child = os.fork()
            if child == 0:
                lane.send(hostile.records(SECRET, hostile.record(0)))
                os._exit(0)
            os.waitpid(child, 0)
            self.answer(lane, hostile.RECEIPT, 0)
            source = d.records("hostile.event")[0]["source"]
            self.assertEqual(source["pid"], child)
            self.assertNotIn("exe", source)
            self.assertNotIn("comm", source)

    def test_a_repeated_number_is_not_stored_twice_and_its_receipt_is_the_same(self):
        with Daemon().start() as d:
            seen = []
            for _ in range(3):
                lane = self.connect(d)
                lane.send(hostile.records(SECRET, hostile.record(0)))
                found = []
                wait_until(lambda: found.extend(hostile.replies(lane, 0.2)) or
                           [r for r in found if r.kind == hostile.RECEIPT], 20, "receipt")
                seen.append([r.data[16:] for r in found if r.kind == hostile.RECEIPT][0])
                lane.close()
            self.assertEqual(len(d.records("hostile.event")), 1)
            self.assertEqual(len(set(seen)), 1)


if __name__ == "__main__":
    tap.main()
