#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-ingest by itself, with the ledgers of two logs: what is divided between them, acknowledged, dropped, declared."""
import json
import socket
import time
import unittest

import ingest_rig as rig
import tap
from ingest_rig import Case, Ledger, Log, Rig, line, record, wait_until

CONFIG = b'version: 1\nstreams: {trace: {from: {audit_lane: ["t.**"]}}}\n'
WANTED = rig.TYPES["STREAM_WANTED"]
TRACE = 1
A, T = b"a.event", b"t.event"


class Part(Log):
    """One of two logs: numbers go up, and some stand in the other one."""

    def store(self, flags, client, first, last, payload):
        expected = self.last.get(client, -1) + 1
        if flags & rig.FLAG_CLIENT and first > expected:
            self.last[client] = first - 1
        super().store(flags, client, first, last, payload)

    def numbers(self, client):
        return [n for first, last, body in self.of(client) for n in range(first, last + 1) if b'"by":"ingest"' not in body]

    def lost(self):
        """{client: [(first, last, why)]}"""
        found = {}
        for body in self.own("tracex.lost"):
            data = line(body)["data"]
            found.setdefault(data["client"], []).append((data["first"], data["last"], data["why"]))
        return found


class Two(Rig):
    def __init__(self, config=CONFIG, **kwargs):
        super().__init__(config, **kwargs)
        self.log = Part()
        self.trace = Part()
        self.ends = []

    def give_trace(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        Ledger(ours, self.trace)
        self.ends.append(ours)
        self.say(rig.LEDGER, TRACE, b"", theirs.fileno())
        theirs.close()

    def end_trace(self):
        """Its ledger dies; what it had stored stays."""
        self.ends[-1].shutdown(socket.SHUT_RDWR)

    def state(self):
        return json.loads(self.status())["trace"]

    def mix(self, client, kinds):
        """One datagram a record."""
        for kind in kinds:
            client.send(record(client.n, event=A if kind == "a" else T))
            client.n += 1


class Divided(Case):
    def both(self, r, client, kinds, first=0):
        """Each number stands once, in its log, and there is nothing else of this client."""
        self.assertEqual(r.log.faults + r.trace.faults, [])
        for log, kind in ((r.log, "a"), (r.trace, "t")):
            self.assertEqual(log.numbers(client), [first + i for i, k in enumerate(kinds) if k == kind])
        self.assertEqual((r.log.lost(), r.trace.lost()), ({}, {}))

    def test_records_go_to_their_logs_and_are_acknowledged_when_both_have_them(self):
        with Two() as r:
            r.give_trace()
            c, other = r.connect(), r.connect()
            r.mix(c, "at")
            c.wait_acked()
            r.trace.may_sync.clear()
            r.mix(c, "ata")
            wait_until(lambda: r.log.numbers(c) == [0, 2, 4] and r.trace.numbers(c) == [1, 3], "the bodies")
            other.log()
            other.wait_acked()
            c.read(0.3)
            self.assertEqual(c.acked, 3)  # 2 is durable, 3 is not
            r.trace.may_sync.set()
            c.wait_acked()
            self.both(r, c, "atata")

    def test_what_stands_in_one_datagram_is_divided_too(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            kinds = "attatatatt" * 30
            c.send(*[record(i, event=A if k == "a" else T) for i, k in enumerate(kinds)])
            c.n = len(kinds)
            c.wait_acked()
            self.both(r, c, kinds)

    def test_a_receipt_names_the_place_in_its_log(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            for event in (A, T):
                c.send(record(c.n, event=event, receipt=True))
                c.n += 1
            c.wait_acked()
            self.assertEqual(c.receipts, {0: r.log.stored[c.id, 0], 1: r.trace.stored[c.id, 1]})

    def test_a_log_is_asked_for_and_nobody_else_waits_for_it(self):
        with Two() as r:
            c, other = r.connect(), r.connect()
            r.mix(c, "ata")
            self.assertEqual(r.hear(WANTED)[1], TRACE)
            other.log()
            other.wait_acked()
            self.assertEqual(r.state()["state"], "waiting")
            c.wait_acked(1)
            c.read(0.1)
            self.assertEqual(c.acked, 1)
            r.give_trace()
            c.wait_acked()
            self.both(r, c, "ata")

    def test_what_was_not_durable_is_sent_to_the_next_ledger(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "tat")
            c.wait_acked()
            r.trace.may_sync.clear()
            r.mix(c, "tattt")
            wait_until(lambda: len(r.trace.numbers(c)) == 6, "the bodies")
            r.trace.bodies = [b for b in r.trace.bodies if b[0] != c.id or b[2] <= 2]  # it had not synced
            r.trace.last[c.id] = 2
            r.end_trace()
            r.hear(WANTED)
            r.trace.may_sync.set()
            r.give_trace()
            c.wait_acked()
            self.both(r, c, "tattattt")

    def test_a_number_that_stands_in_the_other_log_is_not_lost(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "attt")
            c.wait_acked()
            r.restart()
            r.give_trace()
            wait_until(lambda: r.state()["state"] == "on", "the other log")
            r.mix(c, "at")
            c.wait_acked()
            self.both(r, c, "atttat")

    def test_a_number_that_neither_log_has_is_lost(self):
        """The control of the one before."""
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "at")
            c.wait_acked()
            c.n = 5
            r.mix(c, "a")
            c.wait_acked()
            self.assertEqual(r.log.lost(), {c.id.hex(): [(2, 4, "client")]})
            self.assertEqual(r.trace.lost(), {})

    def test_a_number_of_a_log_that_cannot_be_asked_is_said_to_be_unknown(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "att")
            c.wait_acked()
            wait_until(lambda: json.loads(r.status())["inbox_bytes"] == 0, "nothing of it is left")
            r.restart()
            r.mix(c, "a")
            c.wait_acked()
            self.assertEqual(r.log.lost(), {c.id.hex(): [(1, 2, "forgotten")]})

    def test_an_ingest_that_dies_again_and_again_divides_each_record_once(self):
        with Two() as r:
            c = r.connect()
            kinds = "atta" * 5
            for i in range(10):
                r.give_trace()
                r.mix(c, kinds)
                if i % 2:
                    time.sleep(0.01)
                r.restart()
            r.give_trace()
            c.wait_acked()
            self.both(r, c, kinds * 10)


class Dropped(Case):
    def wait_for(self, r, state, seconds=30):
        wait_until(lambda: r.state()["state"] == state, state, seconds)

    def test_what_a_log_does_not_take_is_dropped_and_exactly_that_is_declared(self):
        with Two() as r:
            r.give_trace()
            c, other = r.connect(), r.connect()
            r.mix(c, "at")
            c.wait_acked()
            r.trace.may_sync.clear()
            r.mix(c, "ttat")  # on their way: it stores them, and does not say so
            wait_until(lambda: len(r.trace.numbers(c)) == 4, "the bodies")
            r.end_trace()
            r.mix(c, "attta")
            r.mix(other, "ta")
            for client in (c, other):
                client.wait_acked()
            self.assertEqual(r.state()["state"], "dropping")
            self.assertEqual(r.log.numbers(c), [0, 4, 6, 10])
            r.mix(c, "at")
            c.wait_acked()
            r.trace.may_sync.set()
            r.give_trace()
            self.wait_for(r, "on")
            wait_until(lambda: r.trace.lost(), "what is declared")
            r.mix(c, "t")
            c.wait_acked()
            self.assertEqual(r.trace.numbers(c), [1, 2, 3, 5, 13])
            self.assertEqual(r.trace.lost(), {c.id.hex(): [(7, 9, "rejected"), (12, 12, "rejected")],
                                              other.id.hex(): [(0, 0, "rejected")]})
            self.assertEqual(r.log.lost(), {})
            self.assertEqual(r.log.faults + r.trace.faults, [])

    def test_a_log_that_says_nothing_any_more_is_given_up_and_believed_again(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "t")
            c.wait_acked()
            r.trace.may_sync.clear()
            r.mix(c, "tt")
            self.wait_for(r, "dropping")
            c.wait_acked()
            r.mix(c, "tt")
            c.wait_acked()
            r.trace.may_sync.set()  # the same ledger goes on: what it had is there
            self.wait_for(r, "on")
            r.mix(c, "t")
            c.wait_acked()
            self.assertEqual(r.trace.numbers(c), [0, 1, 2, 5])
            self.assertEqual(r.trace.lost(), {c.id.hex(): [(3, 4, "rejected")]})

    def test_who_wants_to_be_sure_is_told(self):
        with Two() as r:
            c = r.connect()
            c.send(record(0, event=T, receipt=True))
            c.n = 1
            c.wait_acked()
            self.assertEqual(c.rejects, {0: "its log takes no records"})

    def test_more_than_half_of_the_inbox_is_not_waited_with(self):
        with Two() as r:
            r.give_trace()
            first = r.connect()
            r.mix(first, "t")
            first.wait_acked()
            r.trace.may_sync.clear()
            began = time.monotonic()
            c = r.connect()
            for _ in range(40):
                c.log(event=T, fields=[rig.field(b"k", b"x" * 60000)])
            self.wait_for(r, "dropping")
            self.assertLess(time.monotonic() - began, 4.5, "it was waited for as if nothing else had to be kept")
            c.wait_acked()
            self.others_notice_nothing(r)

    def test_a_stop_waits_only_for_a_while(self):
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.trace.may_sync.clear()
            r.mix(c, "atat")
            wait_until(lambda: len(r.trace.numbers(c)) == 2, "the bodies")
            r.say(rig.STOP)
            r.hear(rig.STOPPED)
            self.assertEqual(r.wait_exit(), 0)
            self.assertEqual(r.log.numbers(c), [0, 2])

    def test_a_stop_waits_for_what_is_still_taken(self):
        """The control of the one before."""
        with Two() as r:
            r.give_trace()
            c = r.connect()
            r.mix(c, "atat" * 50)
            r.say(rig.STOP)
            r.hear(rig.STOPPED)
            self.assertEqual(r.wait_exit(), 0)
            self.assertEqual(len(r.log.numbers(c)), 100)
            self.assertEqual(len(r.trace.numbers(c)), 100)
            self.assertEqual(r.trace.lost(), {})


if __name__ == "__main__":
    tap.main()
