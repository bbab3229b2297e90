#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the configuration demands of classes of events, end to end: programs that ask for nothing keep to it."""
import os
import signal
import socket
import unittest

import tap
from tracexd import CONFIG, Daemon, wait_until

DEMANDS = CONFIG + """durability:
  - {events: ["sure.*"], level: durable, when_unavailable: fail, timeout: 300ms}
  - {events: ["sure.patient"], level: durable, when_unavailable: fail, timeout: 1h}
  - {events: ["light.*"], level: durable, when_unavailable: drop, timeout: 100ms}
  - {events: ["stern.*"], level: durable, when_unavailable: block}
"""


class Durability(unittest.TestCase):
    def stopped(self, daemon, name="tracex-ledger"):
        """A child that stands still: nothing becomes durable, and everything else goes on."""
        pid = daemon.child(name)
        os.kill(pid, signal.SIGSTOP)
        return pid

    def test_a_queued_call_of_such_a_class_returns_when_its_record_is_on_disk(self):
        with Daemon(DEMANDS).start() as d:
            d.emit("--event", "sure.x", "--count", 50)
            self.assertEqual(len(d.records("sure.x")), 50)  # read at once, from the file

    def test_fail_and_drop_give_up_after_their_time_and_others_notice_nothing(self):
        with Daemon(DEMANDS).start() as d:
            pid = self.stopped(d)
            try:
                self.assertEqual(d.emit("--event", "plain.x").returncode, 0)
                failed = d.emit("--event", "sure.x", check=False)
                self.assertEqual((failed.returncode, failed.stdout), (1, "error 0 -ETIMEDOUT\n"))
                self.assertEqual(d.emit("--event", "light.x").returncode, 0)
                asked = d.emit("--event", "light.x", "--durable", check=False)
                self.assertEqual((asked.returncode, asked.stdout), (1, "error 0 -ETIMEDOUT\n"))
            finally:
                os.kill(pid, signal.SIGCONT)
            # Nothing of it was lost: it only was not sure in time.
            for event, n in (("plain.x", 1), ("sure.x", 1), ("light.x", 2)):
                wait_until(lambda: len(d.records(event)) == n, what=event)
            self.assertEqual(d.records("tracex.lost"), [])

    def test_block_waits_until_it_is_durable(self):
        with Daemon(DEMANDS).start() as d:
            pid = self.stopped(d)
            try:
                waits = d.emit_in_background("--event", "stern.x", "--timeout", 1)
                patient = d.emit_in_background("--event", "sure.patient")
                d.emit("--event", "light.x")  # has come and given up since
                self.assertIsNone(waits.poll())
                self.assertIsNone(patient.poll())
            finally:
                os.kill(pid, signal.SIGCONT)
            self.assertEqual(waits.wait(60), 0)
            self.assertEqual(patient.wait(60), 0)
            self.assertEqual(len(d.records("stern.x")), 1)

    def test_block_outlives_a_daemon_that_is_killed_and_started_again(self):
        with Daemon(DEMANDS).start() as d:
            blocks = d.emit_in_background("--event", "stern.x", "--count", 200, "--pace", 5000)
            wait_until(lambda: d.records("stern.x"), what="the first record")
            d.kill()
            failed = d.emit("--event", "sure.x", check=False)
            self.assertEqual(failed.stdout, "error 0 -ENOTCONN\n")  # it began without a daemon, and knows of no time
            self.assertIsNone(blocks.poll())
            d.start()
            self.assertEqual(blocks.wait(60), 0)
            self.assertEqual([r["source"]["n"] for r in d.records("stern.x")], list(range(200)))
            self.assertEqual(d.records("tracex.lost"), [])

    def test_buffered_records_of_many_programs_all_arrive_in_each_ones_order(self):
        with Daemon().start() as d:
            programs = [d.emit_in_background("--event", "load.x", "--count", 5000, "--buffered") for _ in range(4)]
            self.assertEqual([p.wait(60) for p in programs], [0] * 4)
            wait_until(lambda: len(d.records("load.x")) == 20000, 60, "all of them")
            numbers = {}
            for r in d.records("load.x"):
                numbers.setdefault(r["source"]["client"], []).append(r["source"]["n"])
            self.assertEqual(list(numbers.values()), [list(range(5000))] * 4)
            self.assertEqual(d.records("tracex.lost"), [])

    def test_a_program_that_is_killed_loses_of_what_it_buffered_the_end_alone(self):
        with Daemon().start() as d:
            for i in range(5):
                event = f"kill.{i}"
                program = d.emit_in_background("--event", event, "--count", 10**9, "--buffered", "--pace", 50)
                wait_until(lambda: d.records(event), what=event)
                program.kill()
                program.wait(60)
            d.stop()
            for i in range(5):
                numbers = [r["source"]["n"] for r in d.records(f"kill.{i}")]
                self.assertEqual(numbers, list(range(len(numbers))))
            # Nobody can know of what was in its memory alone: docs/client.md says so.
            self.assertEqual(d.records("tracex.lost"), [])
            self.assertEqual(d.verify()[0], 0)

    def test_a_class_that_is_demanded_is_not_buffered(self):
        with Daemon(DEMANDS).start() as d:
            d.emit("--event", "sure.x", "--count", 20, "--buffered")
            self.assertEqual(len(d.records("sure.x")), 20)

    def test_a_change_is_named_and_needs_a_restart(self):
        with Daemon(DEMANDS).start() as d:
            d.write_config(DEMANDS.replace("300ms", "400ms"))
            self.assertIn("only a restart takes it over: durability\n", d.ctl("reload").stdout)

    def test_a_client_that_knows_no_policy_is_served(self):
        """As one of version 1 before it did: it reads WELCOME, and nothing more of the first connection."""
        with Daemon(DEMANDS).start() as d:
            first = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            first.connect(d.socket)
            data, fds, _, _ = socket.recv_fds(first, 512, 4)
            first.close()
            self.assertEqual(data[:8], b"TX\x01\x41\x0c\0\0\0")
            lane = socket.socket(fileno=fds[0])
            event, secret = b"sure.old", b"0123456789abcdef"
            record = (0).to_bytes(8, "little") + bytes([0, 0, 6, 0]) + (10**18).to_bytes(8, "little") + bytes(16) + \
                len(event).to_bytes(2, "little") + event + (0).to_bytes(2, "little")
            body = secret + (1).to_bytes(2, "little") + len(record).to_bytes(4, "little") + record
            lane.send(b"TX\x01\x01" + (8 + len(body)).to_bytes(4, "little") + body)
            wait_until(lambda: d.records("sure.old"), what="its record")
            lane.settimeout(20)
            self.assertEqual(lane.recv(512)[:4], b"TX\x01\x42")
            lane.close()


if __name__ == "__main__":
    tap.main()
