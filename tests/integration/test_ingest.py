#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-ingest by itself, between a played supervisor, a played ledger and clients: the usual way, deaths, orders."""
import json
import os
import random
import select
import signal
import socket
import time
import unittest

import hostile
import ingest_rig as rig
import tap
from ingest_rig import Case, Rig, field, line, record, wait_until


class Normal(Case):
    def test_a_record_goes_the_whole_way(self):
        with Rig() as r:
            c = r.connect()
            c.log(event=b"payment.refund", message=b"hello", correlation=b"c-1",
                  fields=[field(b"plain", b"x"), field(b"count", 7, rig.I64), field(b"nothing", b"", rig.NULL)])
            c.wait_acked()
            [(first, last, body)] = r.log.of(c)
            got = line(body)
            self.assertEqual((first, last), (0, 0))
            self.assertEqual(list(got)[:5], ["seq", "id", "time", "lag_us", "event"])
            self.assertEqual(got["data"], {"plain": "x", "count": 7, "nothing": None})
            self.assertEqual(got["source"], {
                "client": c.id.hex(), "n": 0, "pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid(),
                "comm": "rig", "exe": "/usr/bin/rig", "unit": "rig.service"})
            self.assertEqual(got["host"], socket.gethostname())
            self.assertLess(abs(got["lag_us"]), 10_000_000)
            self.assertEqual(c.order, [(hostile.ACK, 1)])

    def test_the_policy_in_force_comes_first(self):
        with Rig() as r:
            wait_until(lambda: r.log.bodies, "the first body")
            self.assertEqual(len(r.log.policies), 1)
            first = line(r.log.bodies[0][3])
            self.assertEqual((first["event"], first["data"]["why"]), ("tracex.policy", "start"))
            status = json.loads(r.status())
            self.assertEqual(status["policy"], first["data"]["sha256"])

    def test_a_record_that_is_missing_or_doubled_would_be_noticed(self):
        """The control of every_number_once."""
        with Rig() as r:
            c = r.connect()
            for _ in range(10):
                c.log()
            c.wait_acked()
            self.every_number_once(r, c, 10)
            good = list(r.log.bodies)
            del r.log.bodies[5]
            self.assertRaises(AssertionError, self.every_number_once, r, c, 10)
            r.log.bodies = good + good[5:6]
            self.assertRaises(AssertionError, self.every_number_once, r, c, 10)

    def test_nothing_is_acknowledged_before_it_is_durable(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.log.may_sync.clear()
            c.log(receipt=True)
            wait_until(lambda: len(r.log.of(c)) == 2, "the body")
            c.read(0.3)
            self.assertEqual(c.acked, 1)
            r.log.may_sync.set()
            c.wait_acked()
            self.assertEqual(c.receipts[1], r.log.stored[c.id, 1])
            self.assertEqual(c.order[-2:], [(hostile.RECEIPT, 1), (hostile.ACK, 2)])

    def test_many_records_in_one_datagram_and_many_datagrams(self):
        with Rig() as r:
            c = r.connect()
            for _ in range(300):
                c.send(*[record(c.n + i, fields=[field(b"i", i, rig.I64)]) for i in range(32)])
                c.n += 32
            c.wait_acked()
            self.every_number_once(r, c, 9600)

    def test_clear_text_does_not_stay_in_the_inbox(self):
        with Rig() as r:
            c = r.connect()
            r.log.may_sync.clear()
            c.log(fields=[field(b"k", b"needle-in-the-inbox")])
            wait_until(lambda: r.log.of(c), "the body")
            self.assertTrue(b"needle-in-the-inbox" in r.inbox_bytes())
            r.log.may_sync.set()
            c.wait_acked()
            wait_until(lambda: b"needle-in-the-inbox" not in r.inbox_bytes(), "the wipe")

    def test_another_process_is_not_given_the_name_of_who_connected(self):
        with Rig() as r:
            c = r.connect(pid=1)
            c.log()
            c.wait_acked()
            source = line(r.log.of(c)[0][2])["source"]
            self.assertEqual(sorted(source), ["client", "gid", "n", "pid", "uid"])
            self.assertEqual(source["pid"], os.getpid())

    def test_missing_numbers_are_named(self):
        with Rig() as r:
            c = r.connect()
            c.send(record(3))
            c.send(record(4), record(9))
            c.wait_acked(10)
            ranges = [(first, last) for first, last, _ in r.log.of(c)]
            self.assertEqual(ranges, [(0, 2), (3, 3), (4, 4), (5, 8), (9, 9)])
            lost = line(r.log.of(c)[0][2])
            self.assertEqual(lost["data"], {"client": c.id.hex(), "first": 0, "last": 2, "why": "client"})
            self.every_number_once(r, c, 10)

    def test_the_first_numbers_of_a_client_that_may_have_been_forgotten_are_not_called_lost(self):
        with Rig() as r:
            r.log.has_forgotten = True
            c, new = r.connect(), r.connect()
            c.send(record(5), record(8))
            new.send(record(0), record(2))
            c.wait_acked(9)
            new.wait_acked(3)

            def lost(client):
                return [(data["first"], data["last"], data["why"]) for data in
                        (line(body)["data"] for _, _, body in r.log.of(client) if b"tracex.lost" in body)]
            self.assertEqual(lost(c), [(0, 4, "forgotten"), (6, 7, "client")])
            self.assertEqual(lost(new), [(1, 1, "client")])
            self.assertEqual(json.loads(r.status())["lost"], 3)

    def test_a_number_seen_before_is_stored_once_and_answered_again(self):
        with Rig() as r:
            c = r.connect()
            c.send(record(0, receipt=True))
            c.wait_acked(1)
            first = c.receipts.pop(0)
            c.send(record(0, receipt=True))
            c.wait(lambda: 0 in c.receipts, "the second receipt")
            self.assertEqual(c.receipts[0], first)
            self.every_number_once(r, c, 1)

    def test_a_client_comes_back_on_another_connection(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            c.lane.close()
            r.hear(rig.CLOSED)
            again = r.connect(secret=c.secret)
            again.send(record(1))
            again.wait_acked(2)
            self.every_number_once(r, c, 2)

    def test_who_waits_for_the_ledger_holds_up_nobody_else(self):
        with Rig() as r:
            known = r.connect()
            known.log()
            known.wait_acked()
            unknown = r.connect()
            r.log.silent_for.add(unknown.id)
            unknown.log()
            wait_until(lambda: json.loads(r.status())["parked"] == 1, "the first to be parked")
            known.log()
            known.wait_acked()
            self.assertEqual(r.log.of(unknown), [])
            r.log.silent_for.clear()
            unknown.wait_acked()
            self.every_number_once(r, unknown, 1)


class Crash(Case):
    def test_a_new_ledger_gets_again_what_was_not_durable(self):
        with Rig() as r:
            c = r.connect()
            for round_ in range(20):
                for _ in range(50):
                    c.log(fields=[field(b"round", round_, rig.I64)], receipt=c.n % 10 == 0)
                r.new_ledger()
            c.wait_acked()
            self.every_number_once(r, c, 1000)
            self.assertEqual(len(c.receipts), 100)

    def test_without_a_ledger_everything_waits_and_nothing_is_lost(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.log.may_sync.clear()
            c.lane.setblocking(False)
            try:  # until socket and inbox are full
                while True:
                    c.log(fields=[field(b"k", b"x" * 10000)])
                    time.sleep(0.0002)
            except BlockingIOError:
                pass
            self.assertGreater(c.n, 350)
            self.assertTrue(r.alive())
            r.log.may_sync.set()
            c.wait_acked()
            self.every_number_once(r, c, c.n)

    def test_kill_at_any_moment_loses_and_doubles_nothing(self):
        random.seed(2)
        with Rig() as r:
            clients = [r.connect() for _ in range(3)]
            for kill in range(30):
                end = time.monotonic() + random.random() * 0.05
                while time.monotonic() < end:
                    for c in clients:
                        c.send(*[record(c.n + i, fields=[field(b"k", b"v" * random.choice((10, 3000)))])
                                 for i in range(3)])
                        c.n += 3
                if kill % 3 == 0:
                    r.log.may_sync.clear()
                r.kill()
                r.log.may_sync.set()
                r.start()
            for c in clients:
                c.log(receipt=True)
                c.wait_acked()
                self.every_number_once(r, c, c.n)
                self.assertEqual(len(c.receipts), 1)
            self.assertEqual(json.loads(r.status())["lost"], 0)
            wait_until(lambda: json.loads(r.status())["inbox_bytes"] == 0, "an empty inbox")

    def test_what_was_received_outlives_its_connection(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.log.may_sync.clear()
            c.log(fields=[field(b"k", b"last words")])
            wait_until(lambda: len(r.log.of(c)) == 2, "the body")
            r.log.last[c.id] = 0  # that ledger died before it was on disk
            del r.log.bodies[-1]
            r.kill()
            c.lane.close()
            for sock in r.connections.values():
                sock.close()
            r.connections.clear()
            r.log.may_sync.set()
            r.start()
            wait_until(lambda: len(r.log.of(c)) == 2, "the body again")
            self.assertEqual(line(r.log.of(c)[1][2])["source"]["comm"], "rig")

    def test_a_connection_ends_also_when_an_earlier_one_received_what_it_sent(self):
        with Rig() as r:
            clients = [r.connect() for _ in range(3)]
            for c in clients:
                c.log()
                c.wait_acked()
            r.log.may_sync.clear()
            for c in clients[:2]:
                c.log()
                c.log()
            wait_until(lambda: all(len(r.log.of(c)) == 3 for c in clients[:2]), "the bodies")
            r.restart()
            clients[1].log()
            for c in clients:  # the third is the control: of it nothing was waiting
                c.lane.shutdown(socket.SHUT_WR)
            r.hear(rig.CLOSED)
            time.sleep(0.1)
            self.assertEqual([m for m in r.messages if m[0] == rig.CLOSED], [], "what waits is still to be acknowledged")
            r.log.may_sync.set()
            for c in clients[:2]:
                c.wait_acked()
                r.hear(rig.CLOSED)
            self.assertEqual(json.loads(r.status())["connections"], 0)

    def test_what_was_received_is_acknowledged_also_when_its_connection_comes_late(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.log.may_sync.clear()
            c.log()
            wait_until(lambda: len(r.log.of(c)) == 2, "the body")
            r.kill()
            r.log.may_sync.set()
            r.start(give=False)
            r.say(rig.PING, 1)
            r.hear(rig.PONG)
            r.say(rig.PING, 2)  # it has had time to do what it is not to do
            r.hear(rig.PONG)
            time.sleep(0.1)
            r.give_connections()
            c.wait_acked()
            self.every_number_once(r, c, 2)

    def test_a_ledger_that_ends_only_the_stream_makes_it_start_anew(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.ledger.sock.shutdown(socket.SHUT_RDWR)
            self.assertNotEqual(r.wait_exit(), 0)
            c.log()
            r.start()
            c.wait_acked()
            self.every_number_once(r, c, 2)

    def test_the_loss_of_the_supervisor_ends_it(self):
        with Rig() as r:
            r.hear(rig.READY)
            r.control.shutdown(socket.SHUT_RDWR)
            self.assertEqual(r.wait_exit(), 0)

    def test_a_connection_that_a_supervisor_handed_over_and_then_ended_is_read(self):
        """Also when it had not read all that ingest said: that is told first, and is not yet the end."""
        with Rig() as r:
            r.hear(rig.READY)
            r.say(rig.PING)
            self.assertTrue(select.select([r.control], [], [], 30)[0], "it answers, which nobody reads")
            os.kill(r.pid, signal.SIGSTOP)
            c = r.connect()
            for _ in range(20):
                c.log()
            c.lane.close()
            r.control.close()
            os.kill(r.pid, signal.SIGCONT)
            self.assertEqual(r.wait_exit(), 0)
            self.every_number_once(r, c, 20)


class Orders(Case):
    def test_stop_takes_in_what_the_sockets_hold(self):
        with Rig() as r:
            clients = [r.connect() for _ in range(5)]
            os.kill(r.pid, signal.SIGSTOP)
            for c in clients:
                for _ in range(100):
                    c.log()
            r.say(rig.STOP)
            os.kill(r.pid, signal.SIGCONT)
            r.hear(rig.STOPPED)
            self.assertEqual(r.wait_exit(), 0)
            for c in clients:
                self.every_number_once(r, c, 100)
                while c.read(0.2):
                    pass
                self.assertEqual(c.acked, 100)

    def test_a_client_that_goes_on_sending_does_not_put_off_the_stop(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            r.say(rig.STOP)
            with self.assertRaises(OSError):
                while True:
                    c.log()
            r.hear(rig.STOPPED)
            self.assertEqual(r.wait_exit(), 0)
            self.every_number_once(r, c, c.n)

    def test_reload_switches_at_once_or_not_at_all(self):
        with Rig() as r:
            c = r.connect()
            c.log()
            c.wait_acked()
            good = rig.policy(b"version: 1\nmasking: {preset: none, i_accept_unmasked: true}\n")
            bad = rig.policy(b"version: 1\nmasking: bad\n")
            other = rig.policy(b"version: 1\n", sha256=bytes(32))
            before = json.loads(r.status())["policy"]
            for refused in (bad, other):
                r.say(rig.RELOAD, 0, rig.policy_change(b"reload"), refused)
                self.assertNotEqual(r.hear(rig.RELOADED)[2], b"")
            self.assertEqual(json.loads(r.status())["policy"], before)
            r.say(rig.RELOAD, 0, rig.policy_change(b"reload", allowed=1, weakened=(b"rule 'x'",)), good)
            self.assertEqual(r.hear(rig.RELOADED)[2], b"")
            c.log()
            c.wait_acked()
            policy = line(r.log.own("tracex.policy")[-1])["data"]
            self.assertEqual((policy["why"], policy["before"]), ("reload", before))
            self.assertEqual((policy["allowed_weaker"], policy["weakened"]), (True, ["rule 'x'"]))
            self.assertEqual(line(r.log.of(c)[-1][2])["policy"], policy["sha256"][:16])
            self.assertEqual(len(r.log.policies), 2)
            for fd in (good, bad, other):
                os.close(fd)

    def test_ping_and_status_are_answered(self):
        with Rig() as r:
            r.say(rig.PING, 77)
            self.assertEqual(r.hear(rig.PONG)[1], 77)
            status = json.loads(r.status())
            self.assertEqual(status["connections"], 0)
            wait_until(lambda: json.loads(r.status())["ledger"], "the ledger's stream")
            self.assertTrue(json.loads(r.hear(rig.READY)[2])["seccomp"])

    def test_each_question_is_answered_also_when_there_was_no_room_for_the_answer(self):
        good = rig.policy(b"version: 1\nmasking: {preset: none, i_accept_unmasked: true}\n")
        with Rig(control_buffer=1) as r:  # as little as there may be: some messages
            r.hear(rig.READY)
            clients = [r.connect() for _ in range(40)]
            other = r.connect()
            r.say(rig.PING, 1)
            r.hear(rig.PONG)
            for c in clients:  # of each end we are to be told, and do not listen
                c.lane.close()
            other.log()
            other.wait_acked()
            other.lane.close()
            r.say(rig.PING, 2)
            r.say(rig.STATUS_GET)
            r.say(rig.RELOAD, 7, rig.policy_change(b"reload", allowed=1, weakened=(b"rule 'x'",)), good)
            wait_until(lambda: len(r.log.policies) == 2, "the new rules")
            self.assertEqual(r.hear(rig.PONG)[1], 2)
            self.assertLessEqual(json.loads(r.hear(rig.STATUS)[2])["connections"], 1)
            self.assertEqual(r.hear(rig.RELOADED)[2], b"")
            self.assertEqual(r.hear(rig.TYPES["RECORDED"])[1], 7)
            for _ in range(41):
                r.hear(rig.CLOSED)
            self.assertTrue(r.alive())
        os.close(good)

    @unittest.skipUnless(os.getuid() == 0, "needs root to become another user")
    def test_it_does_its_work_as_another_user(self):
        with Rig(uid=65534) as r:
            self.assertTrue(json.loads(r.hear(rig.READY)[2])["user_changed"])
            with open(f"/proc/{r.pid}/status", encoding="utf-8") as f:
                self.assertIn("Uid:\t65534\t65534\t65534\t65534", f.read())
            c = r.connect()
            c.log(receipt=True)
            c.wait_acked()
            self.every_number_once(r, c, 1)

    def test_a_connection_that_ends_is_given_back(self):
        with Rig() as r:
            before = None
            for _ in range(50):
                c = r.connect()
                c.log()
                c.lane.close()
                self.assertEqual(r.hear(rig.CLOSED)[0], rig.CLOSED)
                before = before or r.descriptors()
                self.assertEqual(r.descriptors(), before)
                wait_until(lambda: len(r.log.of(c)) == 1, "what it had sent")


if __name__ == "__main__":
    tap.main()
