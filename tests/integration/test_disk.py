#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A full disk and a failing one: nothing is acknowledged that is not durable, and it goes on by itself."""
import errno
import os
import resource
import subprocess
import unittest

import second_verifier
import tap
from tracexd import BUILD, CONFIG, Daemon, on_small_disk, wait_until


@unittest.skipUnless(os.getuid() == 0, "mounting a small file system needs root")
class FullDisk(unittest.TestCase):
    def test_a_full_disk_refuses_durable_calls_and_recovers_when_there_is_room(self):
        with Daemon() as d:
            with on_small_disk(self, d, d.log):
                self.fill_and_free(d)

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


def free_of(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize


SMALL = CONFIG.replace("segment: {max_bytes: 64MiB, max_age: 1d, compress: none}",
                       "segment: {max_bytes: 1MiB, max_age: 1d, compress: none}\n  space: {reserve: 1MiB%s}\n%s")


@unittest.skipUnless(os.getuid() == 0, "mounting a small file system needs root")
class SmallDisk(unittest.TestCase):
    """A file system of 24 MB for the log alone, filled with records and with what others leave on it."""

    def mount(self, d):
        os.mkdir(d.log)
        image = os.path.join(d.dir, "image")
        with open(image, "wb") as f:
            f.truncate(24 << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-F", image], check=False).returncode == 0
        if made and subprocess.run(["mount", "-o", "loop", image, d.log], check=False,
                                   stderr=subprocess.DEVNULL).returncode == 0:
            return
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", d.log], check=False).returncode:
            self.skipTest("no file system may be mounted here")

    def run_on(self, config, steps, nofile=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))) if nofile else None
        with Daemon(config, preexec=limit) as d:
            self.mount(d)
            try:
                steps(d)
            finally:
                d.kill()
                subprocess.run(["umount", "-l", d.log], check=False)

    def ballast(self, d, leave):
        """What another program leaves on that disk."""
        path = os.path.join(d.log, "ballast")
        with open(path, "wb") as f:
            try:
                os.posix_fallocate(f.fileno(), 0, free_of(d.log) - leave)
            except OSError:
                pass
        return path

    def fill_up(self, d):
        """Durable records until one is refused: the receipts of those that were not."""
        receipts = ""
        for _ in range(60):
            result = d.emit("--durable", "--count", 20, "--timeout", 400, "--print-receipts", "--event", "disk.fill",
                            "--field", "fill=" + "z" * 20000, check=False)
            receipts += result.stdout
            if result.returncode != 0:
                return receipts
        raise AssertionError("the disk was never full")

    def check_receipts(self, d, text):
        records = {r["id"]: r["seq"] for r in d.proven_records() if "id" in r}
        receipts = [x for x in map(str.split, text.splitlines()) if len(x) == 3 and x[0] != "error"]
        first = int(d.segments()[0][:20])
        for record_id, seq, _ in receipts:
            if int(seq) >= first:
                self.assertEqual(records.get(record_id), int(seq))
        return len(receipts)

    def disk_records(self, d):
        return [r["data"] for r in d.proven_records() if r["event"] == "tracex.disk"]

    def status(self, d):
        return d.status_of("ledger")["ledger"]

    def test_it_fills_up_tells_of_it_and_goes_on_when_it_is_emptied(self):
        def steps(d):
            d.start()
            out = d.emit("--durable", "--count", 20, "--print-receipts").stdout
            ballast = self.ballast(d, 6 << 20)
            out += self.fill_up(d)
            wait_until(lambda: self.status(d)["reserve"] == "spent", 20, "the reserve to be spent")
            self.assertEqual(self.status(d)["disk"], "full")
            # The disk is still full, and the log says so already, under a checkpoint.
            wait_until(lambda: {"error": "ENOSPC", "action": "block"} in self.disk_records(d), 20, "the record")
            d.wait_for_checkpoint()
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            self.assertNotEqual(d.emit("--durable", "--timeout", 500, check=False).returncode, 0)
            os.unlink(ballast)
            wait_until(lambda: d.emit("--durable", "--timeout", 2000, "--event", "disk.after", check=False).returncode == 0,
                       30, "a durable call after room was made")
            self.assertEqual(self.status(d)["reserve"], "held")
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            second_verifier.Log(d.log).read()
            self.assertGreater(self.check_receipts(d, out), 20)
            waited = [x for x in self.disk_records(d) if x.get("error") == "ENOSPC" and "waited_ms" in x]
            self.assertTrue(waited, "nothing says how long it took")
        self.run_on(SMALL % ("", ""), steps)

    def test_without_a_reserve_nothing_is_told_before_there_is_room(self):
        def steps(d):
            d.start()
            ballast = self.ballast(d, 4 << 20)
            out = self.fill_up(d)
            self.assertEqual((self.status(d)["disk"], self.status(d)["reserve"]), ("full", "off"))
            self.assertEqual([x for x in self.disk_records(d) if "error" in x], [])
            os.unlink(ballast)
            wait_until(lambda: [x for x in self.disk_records(d) if "waited_ms" in x], 30, "the record")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)
            self.check_receipts(d, out)
        self.run_on(SMALL.replace("1MiB%s", "off%s") % ("", ""), steps)

    def test_a_stop_and_a_start_while_it_is_full_lose_nothing(self):
        def steps(d):
            d.start()
            ballast = self.ballast(d, 4 << 20)
            out = self.fill_up(d)
            wait_until(lambda: {"error": "ENOSPC", "action": "block"} in self.disk_records(d), 20, "the record")
            d.stop()
            code, text = d.verify("--upto-checkpoint")
            self.assertEqual(code, 0, text)
            d.start()
            self.assertEqual(self.status(d)["reserve"], "none")
            os.unlink(ballast)
            wait_until(lambda: d.emit("--durable", "--timeout", 2000, check=False).returncode == 0, 30, "a durable call")
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            self.check_receipts(d, out)
        self.run_on(SMALL % ("", ""), steps)

    def test_prune_makes_room_from_the_oldest_segments(self):
        def steps(d):
            d.start()
            self.ballast(d, 8 << 20)
            out = ""
            for _ in range(10):  # 20 MB through 8
                out += d.emit("--durable", "--count", 400, "--timeout", 30000, "--print-receipts", "--field",
                              "fill=" + "z" * 5000).stdout
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertEqual(code, 5, text)
            self.assertIn("removed by the daemon", text)
            self.assertTrue([r for r in d.records("tracex.pruned") if r["data"]["why"] == "space"])
            self.check_receipts(d, out)
        self.run_on(SMALL % ("", "  on_disk_full: prune\n"), steps)

    def test_halt_ends_the_daemon_when_the_record_of_it_is_there(self):
        def steps(d):
            d.start()
            self.ballast(d, 3 << 20)
            out = self.fill_up(d)
            self.assertEqual(d.process.wait(30), 5)
            self.assertIn("log.on_disk_full is halt", d.stderr())
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            self.assertIn({"error": "ENOSPC", "action": "halt"}, self.disk_records(d))
            self.check_receipts(d, out)
        self.run_on(SMALL % ("", "  on_disk_full: halt\n"), steps)

    def test_both_levels_are_told_of_and_left_again(self):
        def steps(d):
            d.start()
            seen = lambda level: [x for x in self.disk_records(d) if x.get("space") == level]
            one = self.ballast(d, 7 << 20)
            wait_until(lambda: seen("warn"), 20, "the first level")
            os.rename(one, one + "1")
            two = self.ballast(d, 3 << 20)
            wait_until(lambda: seen("low"), 20, "the second level")
            self.assertEqual(self.status(d)["space"], "low")
            self.assertLess(seen("low")[0]["free_bytes"], 4 << 20)
            self.assertEqual(seen("low")[0]["level_bytes"], 4 << 20)
            os.unlink(one + "1")
            os.unlink(two)
            wait_until(lambda: seen("ok"), 20, "enough room")
            self.assertIn("less than log.space.low", d.stderr())
            self.assertEqual(d.stop(), 0)
        self.run_on(SMALL % (", warn: 8MiB, low: 4MiB", ""), steps)

    def test_halt_at_a_level_ends_it_before_the_disk_is_full(self):
        def steps(d):
            d.start()
            d.emit("--durable")
            self.ballast(d, 3 << 20)
            self.assertEqual(d.process.wait(30), 5)
            self.assertIn("log.space.low_action is halt", d.stderr())
            self.assertEqual(d.verify()[0], 0)
            self.assertTrue(d.records("tracex.stop"))
        self.run_on(SMALL % (", low: 4MiB, low_action: halt", ""), steps)

    def test_with_64_descriptors_it_starts_serves_and_stops(self):
        def steps(d):
            d.start()
            out = d.emit("--durable", "--count", 100, "--print-receipts").stdout
            clients = [d.emit_in_background("--durable", "--timeout", 3000) for _ in range(80)]
            for client in clients:
                client.wait(60)
            self.assertTrue([c for c in clients if c.returncode == 0])
            out += d.emit("--durable", "--count", 100, "--print-receipts").stdout
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)
            self.assertEqual(self.check_receipts(d, out), 200)
        self.run_on(SMALL % ("", ""), steps, nofile=64)

    def test_a_log_directory_that_cannot_be_written_never_is_ready(self):
        def steps(d):
            d.start()
            d.emit("--durable")
            self.assertEqual(d.stop(), 0)
            subprocess.run(["mount", "-o", "remount,ro", d.log], check=True)
            before = d.stderr().count("ready")
            d.start(ready=False)
            self.assertEqual(d.process.wait(30), 1)
            self.assertEqual(d.stderr().count("ready"), before)
            self.assertIn("read-only file system", d.stderr())
            subprocess.run(["mount", "-o", "remount,rw", d.log], check=True)
            d.start()
            d.emit("--durable")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)
        self.run_on(SMALL % ("", ""), steps)


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

    def test_with_halt_the_daemon_ends_when_the_failure_is_recorded(self):
        config = CONFIG.replace("  segment:", "  on_disk_error: halt\n  segment:")
        with Daemon(config).start() as d:
            out = d.emit("--durable", "--count", 20, "--print-receipts").stdout
            tracer = self.start_failing(d, "fdatasync", errno.EIO, 1, 1)
            out += d.emit("--durable", "--count", 3, "--timeout", 2000, "--print-receipts", check=False).stdout
            self.assertEqual(d.process.wait(30), 5)
            tracer.wait(10)
            self.assertIn("log.on_disk_error is halt", d.stderr())
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            records = {r["id"]: r["seq"] for r in d.proven_records() if "id" in r}
            for record_id, seq, _ in self.receipts(out):
                if record_id != "error":
                    self.assertEqual(records.get(record_id), int(seq))
            events = [r["event"] for r in d.proven_records()]
            self.assertIn("tracex.disk", events)
            self.assertEqual(events[-1], "tracex.stop")

    def test_a_failed_write_is_like_a_failed_sync(self):
        segments, torn = self.check_failure("pwrite64", errno.ENOSPC, 2, 1)
        self.assertEqual(len(segments) + len(torn), 2)


if __name__ == "__main__":
    tap.main()
