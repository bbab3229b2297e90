#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A full disk and a failing one: nothing is acknowledged that is not durable, and it goes on by itself."""
import json
import os
import subprocess
import unittest

import second_verifier
import tap
from tracexd import CONFIG, Daemon, wait_until


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


class FailingDisk(unittest.TestCase):
    def ledger_under_strace(self, daemon, inject):
        """Attaches to the running ledger; returns the strace process."""
        pid = daemon.child("tracex-ledger")
        tracer = subprocess.Popen(["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=fdatasync,fsync,write,pwrite64,writev,pwritev",
                                   "-e", inject, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.traced(pid), 10, "strace is attached")
        return tracer

    @staticmethod
    def traced(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return "TracerPid:\t0\n" not in f.read()

    def test_a_failed_fdatasync_fences_the_segment_and_loses_nothing(self):
        if subprocess.run(["which", "strace"], stdout=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("strace is not installed")
        with Daemon().start() as d:
            before = d.emit("--durable", "--count", 20, "--print-receipts").stdout.splitlines()
            tracer = self.ledger_under_strace(d, "inject=fdatasync:error=EIO:when=2")
            during = d.emit("--durable", "--count", 20, "--print-receipts", "--timeout", 10000, check=False).stdout.splitlines()
            tracer.terminate()
            tracer.wait()
            after = wait_until(lambda: d.emit("--durable", "--count", 5, "--print-receipts", check=False).stdout.splitlines(),
                               30, "durable calls after the failure")
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertIn(code, (0, 5), text)
            records = {r["id"]: r["seq"] for r in d.proven_records() if "id" in r}
            for line in before + during + after:
                words = line.split()
                if len(words) == 3:
                    self.assertEqual(records.get(words[0]), int(words[1]), line)
            self.assertGreaterEqual(len(d.segments()), 2)


if __name__ == "__main__":
    tap.main()
