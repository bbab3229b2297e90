#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-ingest and clients that mean no good: each harms only itself, and leaves no byte of its own anywhere."""
import json
import os
import random
import signal
import socket
import struct

import hostile
import ingest_rig as rig
import tap
from ingest_rig import Case, Rig, field, line, record, records, wait_until


class Hostile(Case):
    GOOD = dict(event=b"a.b", message=b"m", correlation=b"c", receipt=True)

    def good(self, secret, n=0):
        return records(secret, record(n, fields=[field(b"s", b"text"), field(b"b", b"\0\xff", rig.BYTES),
                                                 field(b"d", 0.5, rig.F64), field(b"t", 1, rig.BOOL),
                                                 field(b"j", b"[1]", rig.JSON)], **self.GOOD))

    def throw(self, r, data):
        """One datagram on a connection of its own; read to the end, so that it was handled."""
        c = r.connect()
        c.lane.send(data)
        c.lane.shutdown(socket.SHUT_WR)
        while c.read(10):
            pass
        c.lane.close()
        return c

    def test_a_datagram_cut_at_every_byte(self):
        with Rig() as r:
            whole = self.good(bytes(16))
            for n in range(1, len(whole)):
                self.throw(r, whole[:n])
                # The same with a header that says so.
                if n >= 8:
                    self.throw(r, whole[:4] + struct.pack("<I", n) + whole[8:n])
            self.others_notice_nothing(r)
            self.assertGreater(json.loads(r.status())["rejected"], len(whole))

    def test_every_bit_flipped(self):
        with Rig() as r:
            whole = self.good(os.urandom(16))
            for bit in range(8 * len(whole)):
                data = bytearray(whole)
                data[bit // 8] ^= 1 << bit % 8
                self.throw(r, bytes(data))
            self.others_notice_nothing(r)
            for _, _, _, body in r.log.bodies:
                line(body)

    def test_random_bytes(self):
        random.seed(1)
        with Rig() as r:
            for _ in range(500):
                payload = random.randbytes(random.choice((1, 7, 8, 26, 100, 5000, 60000)))
                self.throw(r, payload)
                self.throw(r, hostile.datagram(hostile.RECORDS, payload))
            self.others_notice_nothing(r)

    def test_lengths_that_lie(self):
        with Rig() as r:
            secret = os.urandom(16)
            for lie in (0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF):
                packed = struct.pack("<I", lie)
                good = self.good(secret)
                for at in range(24, len(good) - 4):
                    self.throw(r, good[:at] + packed + good[at + 4:])
            self.others_notice_nothing(r)

    def test_rubbish_ends_its_connection_and_is_counted(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            c.lane.send(b"x")
            self.assertTrue(hostile.closed(c.lane))
            r.hear(rig.CLOSED)
            wait_until(lambda: r.log.own("tracex.rejected"), "the record of it")
            data = line(r.log.own("tracex.rejected")[0])["data"]
            self.assertEqual(data, {"uid": os.getuid(), "count": 1, "reason": "malformed datagram"})

    def test_an_empty_datagram_is_rubbish_and_not_an_end(self):
        with Rig() as r:
            c = r.connect()
            c.lane.send(b"")
            self.assertTrue(hostile.closed(c.lane))
            wait_until(lambda: r.log.own("tracex.rejected"), "the record of it")

    def test_a_datagram_that_is_too_large(self):
        with Rig() as r:
            c = r.connect()
            c.lane.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            c.lane.send(hostile.datagram(hostile.RECORDS, b"rubbish!" * 20000))
            self.assertTrue(hostile.closed(c.lane))
            self.others_notice_nothing(r)
            self.assertFalse(b"rubbish!" in r.inbox_bytes())

    def test_rubbish_among_what_comes_at_once(self):
        """What was sent before it is stored, and it ends the connection wherever it stands; nothing of it stays."""
        large = hostile.datagram(hostile.RECORDS, b"rubbish!" * 20000)
        for what in (b"x", b"", large):
            for before in (3, 10, 20):
                with self.subTest(n=len(what), before=before), Rig() as r:
                    c = r.connect()
                    c.lane.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
                    os.kill(r.pid, signal.SIGSTOP)
                    for _ in range(before):
                        c.log()
                    c.lane.send(what)
                    os.kill(r.pid, signal.SIGCONT)
                    self.assertTrue(hostile.closed(c.lane))
                    wait_until(lambda: r.log.own("tracex.rejected"), "the record of it")
                    wait_until(lambda: len(r.log.of(c)) == before, "what came before")
                    self.every_number_once(r, c, before)
                    wait_until(lambda: json.loads(r.status())["inbox_bytes"] == 0, "an empty inbox")
                    left = r.inbox_bytes()
                    self.assertFalse(b"rubbish!" in left or b"test.event" in left)

    def test_what_is_not_allowed_is_rejected_by_name_and_the_next_is_taken(self):
        cases = [
            (dict(event=b"Upper"), "event name is not allowed"),
            (dict(event=b""), "event name is not allowed"),
            (dict(event=b"tracex.epoch"), "event name is reserved"),
            (dict(correlation=b"c" * 300), "correlation id is too long"),
            (dict(fields=[field(b"a b", b"")]), "field name is not allowed"),
            (dict(fields=[field(b"a", b""), field(b"a", b"")]), "field name is repeated"),
            (dict(fields=[field(b"f%d" % i, b"") for i in range(10000)]), "too many fields"),
        ]
        with Rig() as r:
            c = r.connect()
            for options, reason in cases:
                n = c.n
                c.log(**options)
                c.log()
                c.wait(lambda: n in c.rejects, reason)
                self.assertEqual(c.rejects[n], reason)
            c.wait_acked()
            self.every_number_once(r, c, 2 * len(cases))
            lost = [line(body)["data"] for first, last, body in r.log.of(c) if b"tracex.lost" in body]
            self.assertEqual([d["why"] for d in lost], ["rejected"] * len(cases))
            # At once, and the rest together a second later; no bytes of the client in any.
            wait_until(lambda: sum(line(b)["data"]["count"] for b in r.log.own("tracex.rejected")) == len(cases),
                       "all to be counted")
            self.assertLess(len(r.log.own("tracex.rejected")), len(cases))
            self.assertNotIn(b"Upper", b"".join(body for _, _, _, body in r.log.bodies))

    def test_text_that_is_not_utf8_is_replaced(self):
        with Rig() as r:
            c = r.connect()
            c.log(message=b"\xff\xfe", fields=[field(b"k", b"a\xc0\x80b\xed\xa0\x80")])
            c.wait_acked()
            got = line(r.log.of(c)[0][2])
            self.assertEqual(got["message"], "\ufffd\ufffd")
            self.assertEqual(got["data"]["k"], "a\ufffd\ufffdb\ufffd\ufffd\ufffd")

    def test_what_escaping_makes_too_long_is_cut_and_not_refused(self):
        with Rig() as r:
            c = r.connect()
            c.log(fields=[field(b"k", b"\x01" * 100000)])
            c.wait_acked()
            got = line(r.log.of(c)[0][2])
            self.assertEqual(got["masked"]["k"], "error:limit,cut:65546")  # masking.limits.max_field

    def test_descriptors_that_are_passed_do_not_arrive(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            before = r.descriptors()
            for _ in range(100):
                c.pass_descriptors([0, 1, 2], records(c.secret, record(c.n)))
                c.n += 1
            c.wait_acked()
            self.assertEqual(r.descriptors(), before)
            self.every_number_once(r, c, 101)

    def test_a_client_that_never_reads_holds_up_nobody(self):
        with Rig() as r:
            c = r.connect()
            for _ in range(3000):
                c.log(receipt=True)
            wait_until(lambda: len(r.log.of(c)) == 3000, "its records")
            self.others_notice_nothing(r)
            self.every_number_once(r, c, 3000)
            c.wait_acked()  # when it reads at last, it gets the latest

    def test_a_secret_that_changes_is_another_client(self):
        with Rig() as r:
            c = r.connect()
            secrets = [os.urandom(16) for _ in range(5000)]
            for secret in secrets:
                c.lane.send(records(secret, record(0)))
            c.wait(lambda: len(r.log.last) == len(secrets), "all of them")
            self.assertEqual(r.log.faults, [])
            self.others_notice_nothing(r)

    def test_numbers_at_the_end_of_the_range(self):
        with Rig() as r:
            for n in (2**63 - 2, 2**63 - 1, 2**64 - 1):
                self.throw(r, records(os.urandom(16), record(n)))
            self.others_notice_nothing(r)
            for _, _, _, body in r.log.bodies:
                self.assertLess(line(body).get("source", {}).get("n", 0), 2**63 - 1)


if __name__ == "__main__":
    tap.main()
