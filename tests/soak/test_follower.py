#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests/soak/follower.py takes of a log, also of segments that are removed meanwhile, and what it refuses."""
import os
import shutil
import unittest

import history
import tap
from follower import Follower, Lost
from tracexd import CONFIG, Daemon, wait_until

SMALL = CONFIG.replace("segment: {max_bytes: 64MiB, max_age: 1d, compress: none}",
                       "segment: {max_bytes: 64KiB, max_age: 1d, compress: zstd}\n  retain: {max_bytes: 64KiB}")


class Takes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon().start()
        cls.d.emit("--count", 200, "--durable")
        assert cls.d.stop() == 0
        cls.lines = history.log_lines(cls.d)

    @classmethod
    def tearDownClass(cls):
        cls.d.__exit__(None, None, None)

    def copy(self):
        path = os.path.join(self.d.dir, "copy")
        shutil.rmtree(path, ignore_errors=True)
        return shutil.copytree(self.d.log, path)

    def changed(self, change):
        path = self.copy()
        name, = [n for n in os.listdir(path) if n.endswith(".jsonl")]
        with open(os.path.join(path, name), "r+b") as f:
            data = change(f.read())
            f.seek(0)
            f.truncate()
            f.write(data)
        return Follower(path)

    def test_a_log_as_it_is(self):
        follower = self.changed(lambda data: data)
        follower.look()
        self.assertEqual(follower.take(), (0, self.lines))
        self.assertEqual(follower.take(), (len(self.lines), []))

    def test_a_record_that_is_changed_or_gone(self):
        line = self.lines[100]
        for change in (lambda data: data.replace(line, line.replace(b'"success"', b'"failure"')),
                       lambda data: data.replace(line + b"\n", b""), lambda data: data[:len(data) // 2]):
            with self.assertRaises(Lost):
                self.changed(change).look()

    def test_what_was_removed_before_it_was_read(self):
        path = self.copy()
        name, = [n for n in os.listdir(path) if n.endswith(".jsonl")]
        os.rename(os.path.join(path, name), os.path.join(path, f"{10:020d}.jsonl"))
        with self.assertRaises(Lost):
            Follower(path).look()

    def test_a_fault_of_its_thread_is_told_when_records_are_asked_for(self):
        follower = self.changed(lambda data: data.replace(self.lines[3], self.lines[4]))
        follower.start()
        wait_until(lambda: follower.fault, 20, "the fault")
        follower.close()
        with self.assertRaises(Lost):
            follower.take()


class WhileItIsWritten(unittest.TestCase):
    def test_segments_that_are_compressed_and_removed_meanwhile(self):
        with Daemon(SMALL) as d:
            os.mkdir(d.log)
            follower = Follower(d.log)
            follower.start()
            d.start()
            for _ in range(10):
                d.emit("--count", 100, "--durable", "--field", "fill=" + "z" * 1000)
            wait_until(lambda: min(int(n[:20]) for n in d.segments()) > 0, 30, "segments are removed")
            self.assertEqual(d.stop(), 0)
            with open(os.path.join(d.log, "checkpoint"), encoding="utf-8") as f:
                size = int(f.read().split("\n")[1])
            wait_until(lambda: follower.fault or follower.tree.size == size, 20, "all of it")
            follower.close()
            first, lines = follower.take()
            self.assertEqual((first, len(lines)), (0, size))
            self.assertEqual(sum(b'"event":"test.emit"' in x for x in lines), 1000)


if __name__ == "__main__":
    tap.main()
