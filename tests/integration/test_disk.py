#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A full disk and a failing one: nothing is acknowledged that is not durable, and it goes on by itself."""
import errno
import os
import subprocess
import unittest

import second_verifier
import tap
from tracexd import BUILD, Daemon, wait_until


@unittest.skipUnless(os.getuid() == 0, "mounting a small file system needs root")
class FullDisk(unittest.TestCase):
    def test_a_full_disk_refuses_durable_calls_and_recovers_when_there_is_room(self):
        with Daemon() as d:
            os.mkdir(d.log)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", d.log], check=False).returncode:
                self.skipTest("no tmpfs may be mounted here")
            try:
                self.fill_and_free(d)
            finally:
                d.kill()
                subprocess.run(["umount", "-l", d.log], check=False)

    def fill_and_free(self, d):
        d.start()
        first = d.emit("--durable", "--print-receipts", "--event", "disk.before").stdout.split()
        ballast = os.path.join(d.log, "ballast")
        try:
            with open(ballast, "wb") as f:
                while True:
                    f.write(b"\0" * 4096)
                    f.flush()
        except OSError:
            pass
        refused = d.emit("--durable", "--timeout", 1500, "--event", "disk.full", "--field", "fill=" + "z" * 20000,
                         check=False)
        self.assertNotEqual(refused.returncode, 0, "a durable call succeeded on a full disk")
        status = d.ctl("status", "-o", "json")
        self.assertIn("full", status.stdout + d.stderr())
        os.unlink(ballast)
        wait_until(lambda: d.emit("--durable", "--timeout", 3000, "--event", "disk.after", check=False).returncode == 0,
                   60, "a durable call after room was made")
        self.assertEqual(d.stop(), 0)
        code, text = d.verify()
        self.assertIn(code, (0, 5), text)
        records = d.records()
        self.assertIn(first[0], [r.get("id") for r in records])
        self.assertTrue([r for r in records if r["event"] == "disk.after"])
        self.assertTrue([r for r in records if r["event"] == "tracex.disk"], "the loss of room is not recorded")


FAIL = os.path.join(BUILD, "tests/lib/fail-syscall")


@unittest.skipUnless(os.access(FAIL, os.X_OK) and os.getuid() == 0, "needs x86-64 and root to let calls fail")
class FailingDisk(unittest.TestCase):
    def start_failing(self, daemon, call, error, first, count):
        tracer = subprocess.Popen([FAIL, str(daemon.child("tracex-ledger")), call, str(error), str(first), str(count)],
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(tracer.stdout.readline(), "attached\n")
        return tracer

    def receipts(self, text):
        return [words for words in map(str.split, text.splitlines()) if len(words) == 3]

    def check_failure(self, call, error, first, count):
        with Daemon().start() as d:
            out = d.emit("--durable", "--count", 20, "--print-receipts").stdout
            tracer = self.start_failing(d, call, error, first, count)
            out += d.emit("--durable", "--count", 30, "--pace", 20000, "--print-receipts", "--timeout", 10000,
                          check=False).stdout
            self.assertEqual(tracer.stdout.readline(), "done\n")
            tracer.wait(10)
            out += wait_until(lambda: d.emit("--durable", "--count", 5, "--print-receipts", check=False).stdout, 30,
                              "durable calls after the failure")
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertIn(code, (0, 5), text)
            second_verifier.Log(d.log).read()
            records = {r["id"]: r["seq"] for r in d.proven_records() if "id" in r}
            for record_id, seq, _ in self.receipts(out):
                self.assertEqual(records.get(record_id), int(seq))
            self.assertGreater(len(self.receipts(out)), 25)
            self.assertTrue([r for r in d.proven_records() if r["event"] == "tracex.disk"])
            return d.segments(), [n for n in os.listdir(d.log) if ".torn-" in n]

    def test_a_failed_fdatasync_fences_the_segment_and_loses_nothing(self):
        segments, torn = self.check_failure("fdatasync", errno.EIO, 2, 1)
        self.assertEqual(len(segments) + len(torn), 2)

    def test_the_new_segment_may_fail_too(self):
        segments, torn = self.check_failure("fdatasync", errno.EIO, 3, 4)
        self.assertGreaterEqual(len(segments) + len(torn), 2)

    def test_a_failed_write_is_like_a_failed_sync(self):
        segments, torn = self.check_failure("write", errno.ENOSPC, 2, 1)
        self.assertEqual(len(segments) + len(torn), 2)


if __name__ == "__main__":
    tap.main()
