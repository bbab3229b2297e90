#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wall clock jumps, for years and back, under load: no timer stops, no record changes its place, no epoch ends
twice, and the jump is recorded."""
import datetime
import os
import time
import unittest

import history
import second_verifier
import tap
from fake_clock import DAY, SECOND, Clock, moved_to
from tracexd import CONFIG, Daemon, wait_until


def seconds_of(text):
    return datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp()


@unittest.skipIf(os.environ.get("TX_SANITIZED"), "nothing can be preloaded before a sanitizer")
class Jumps(unittest.TestCase):
    def checkpoint(self, d):
        path = os.path.join(d.log, "checkpoint")
        if not os.path.exists(path):
            return 0
        with open(path, encoding="utf-8") as f:
            return int(f.read().split("\n")[1])

    def goes_on(self, d):
        """Records are written, and signed."""
        size = self.checkpoint(d)
        wait_until(lambda: self.checkpoint(d) > size + 10, 20, "checkpoints")

    def test_every_jump(self):
        clock = Clock()
        config = CONFIG.replace("epoch: 15min", "epoch: 2s").replace("max_age: 1d", "max_age: 1h")
        with Daemon(config, child_environment=clock.environment).start() as d:
            clients = history.Clients(d)
            clients.start("--threads", 2, "--durable", 20, "--pace", 3000)
            self.goes_on(d)
            jumps = []
            for to in (400 * DAY, 0, -400 * DAY, 0, moved_to(1970), moved_to(2038, 1, 19) - SECOND, moved_to(2106, 3, 1),
                       0, -5 * SECOND, 3600 * SECOND, 0):
                jumps.append(clock.move(to))
                wait_until(lambda: len(d.records("tracex.clock")) == len(jumps), 20, f"the record of {to}")
                self.goes_on(d)
            began, epochs = time.monotonic(), len(d.records("tracex.epoch"))
            wait_until(lambda: len(d.records("tracex.epoch")) >= epochs + 2, 20, "epochs end by the boot clock")
            self.assertGreater(time.monotonic() - began, 1.9, "and not sooner")
            self.assertEqual(clients.stop(), [0])
            self.assertEqual(d.stop(), 0)
            self.told(d, jumps)
            self.assertEqual(history.check(clients.histories(), history.log_lines(d)), [])
            numbers = [r["data"]["epoch"] for r in d.records("tracex.epoch")]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "each once")
            self.assertEqual(len(d.segments()), 1, "no segment became old")
            self.assertEqual(d.stderr().count("signal"), 0)
            self.times_grow(d)
            print(f"# {len(jumps)} jumps, {len(numbers)} epochs, {len(d.records())} records")

    def times_grow(self, d):
        """What is signed never says an earlier time than before."""
        status, text = d.verify()
        self.assertEqual(status, 0, text)
        times = [time for _, time in second_verifier.Log(d.log).read().checkpoints]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[-1], time.time() + 300 * 86400, "the control: it did jump ahead")

    def told(self, d, jumps):
        records = d.records("tracex.clock")
        for record, jump in zip(records, jumps):
            data = record["data"]
            self.assertLess(abs(data["jump_ms"] - jump // 10**6), 100)
            self.assertLess(abs(seconds_of(record["time"]) - seconds_of(data["from"]) - jump / SECOND), 2)
        self.assertEqual(len(records), len(jumps))

    def test_a_clock_that_is_set_right_by_and_by_is_no_jump(self):
        """The control."""
        clock = Clock()
        with Daemon(child_environment=clock.environment).start() as d:
            for number in range(1, 8):
                clock.move(number * SECOND // 3)
                time.sleep(0.5)
            d.emit("--durable")
            self.assertEqual(d.records("tracex.clock"), [])
            clock.move(10 * SECOND)
            wait_until(lambda: d.records("tracex.clock"), 20, "one that is")
            self.assertEqual(d.stop(), 0)

    def test_it_jumps_while_the_daemon_is_away(self):
        clock = Clock()
        with Daemon(child_environment=clock.environment) as d:
            for to in (400 * DAY, -400 * DAY, 0):
                clock.move(to)
                d.start()
                d.emit("--durable", "--count", 5)
                d.wait_for_checkpoint()
                self.assertEqual(d.stop(), 0)
            self.times_grow(d)
            self.assertEqual(len(d.records("test.emit")), 15)


if __name__ == "__main__":
    tap.main()
