#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a ledger finds on its disk: after a power cut, behind zeros that were laid out ahead, and where a clean stop left
off."""
import json
import os
import shutil
import signal
import subprocess
import unittest

import tap
from ledger_rig import VERIFY, Rig, unchecked_signatures
from tracexd import wait_until

A = b"client-A"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment


class PowerCut(unittest.TestCase):
    """What a power cut leaves: files whose end was not synced, a signer that is behind its own notes."""

    def keep_signer(self, r):
        shutil.copytree(r.path("keys"), r.path("keys-before"))

    def take_signer_back(self, r):
        shutil.rmtree(r.path("keys"))
        os.rename(r.path("keys-before"), r.path("keys"))

    def checkpoints(self, r, first, n):
        for i in range(first, first + n):
            r.put(A, [i], receipt=True, fill=LARGE)
            r.wait_durable()
            r.wait_checkpoint()

    def test_a_signer_that_forgot_its_last_notes_is_shown_them(self):
        with Rig().start() as r:
            self.checkpoints(r, 0, 3)
            r.kill()
            self.keep_signer(r)
            r.start()
            self.checkpoints(r, 3, 5)
            r.kill()
            self.take_signer_back(r)
            r.start()
            self.checkpoints(r, 8, 2)
            r.stop()
            r.check()

    def test_it_is_shown_them_across_segments_too(self):
        with Rig(max_bytes="64KiB").start() as r:
            self.checkpoints(r, 0, 3)
            r.kill()
            self.keep_signer(r)
            r.start()
            self.checkpoints(r, 3, 25)
            r.kill()
            self.assertGreater(len(r.segments()), 2)
            self.take_signer_back(r)
            r.start()
            self.checkpoints(r, 28, 2)
            r.stop()
            r.check()

    def test_a_tail_that_is_cut_anywhere_is_set_aside(self):
        with Rig(commit="60s", checkpoint="60s").start() as r, unchecked_signatures():
            r.wait_durable()
            r.stop()
            r.start()
            r.put(A, range(2), receipt=True)
            r.wait_durable()  # durable and without a checkpoint
            path = r.last_segment()
            with open(path, "rb") as f:
                kept = len(f.read().rstrip(b"\0"))
            r.put(A, [2])
            r.wait(lambda: r.status()["unsynced_bytes"] > 0, "the record's arrival")
            os.kill(r.signer, signal.SIGKILL)
            r.ended()
            with open(path, "rb") as f:
                whole = f.read().rstrip(b"\0")
            before = r.path("before")
            r.stored.pop((A, 2), None)
            shutil.copytree(r.dir, before, ignore=lambda *_: ["before"])
            self.assertGreater(len(whole), kept + 100)
            for end in list(range(kept, len(whole), 37)) + [len(whole) - 1]:
                for hole in (False, True):
                    for name in ("log", "state", "keys"):
                        shutil.rmtree(r.path(name))
                        shutil.copytree(os.path.join(before, name), r.path(name))
                    with open(path, "r+b") as f:
                        f.truncate(end)
                        if hole:
                            f.seek(len(whole))
                            f.write(whole[kept:])
                    r.start()
                    r.put(A, range(4), receipt=True)
                    r.wait_durable()
                    r.stop()
                    log = r.check()
                    told = [json.loads(x) for x in log.records if b'"tracex.recovered"' in x]
                    self.assertEqual(bool(r.torn()), end > kept or hole)
                    self.assertEqual(told[-1]["data"]["bytes"],
                                     sum(os.path.getsize(os.path.join(r.log, n)) for n in r.torn()))
                    r.stored = {k: v for k, v in r.stored.items() if k[1] < 2}

    def test_a_header_that_is_cut_anywhere_is_begun_anew(self):
        with Rig().start() as r:
            r.stop()
            before = r.path("before")
            shutil.copytree(r.log, before)
            # As it is right after a seal: the next file is there, and its header is not.
            first = r.check().tree.size
            name = os.path.join(r.log, f"{first:020d}.jsonl")
            with open(r.last_segment(), "rb") as f:
                header = f.read().split(b"\n")[0]
            for n in (0, 1, 100, len(header)):
                for hole in (b"", bytes(50) + b'{"seq":1,"id":"x"}\n'):
                    with open(name, "wb") as f:
                        f.write(header[:n] + hole)
                    r.start()
                    r.put(A, [first + n], receipt=True)
                    r.wait_durable()
                    r.stop()
                    r.check()
                    self.assertEqual(bool([x for x in r.torn() if x.startswith(f"{first:020d}")]), n > 0 or bool(hole))
                    first = r.check().tree.size
                    name = os.path.join(r.log, f"{first:020d}.jsonl")

    def test_proofs_and_the_checkpoint_file_that_are_missing_are_written_again(self):
        with Rig(max_bytes="64KiB", epoch_records=12).start() as r:
            for n in range(30):
                r.put(A, [n], receipt=True, fill=LARGE)
                r.wait_durable()
            # Durable comes before the checkpoint, and that before the proof.
            wait_until(lambda: len(os.listdir(r.path("log/epochs"))) > 1, 20, "two proofs")
            r.kill()
            self.assertGreater(len(r.segments()), 2)
            proofs = sorted(os.listdir(r.path("log/epochs")), key=lambda x: int(x.split(".")[0]))
            self.assertGreater(len(proofs), 1)
            os.unlink(r.path("log/epochs", proofs[-1]))
            os.unlink(r.path("log/checkpoint"))
            r.start()
            r.stop()
            r.check().check_latest()


class LaidOut(unittest.TestCase):
    """Zeros stand behind the lines of a segment that small batches are written to."""

    def zeros(self, path):
        with open(path, "rb") as f:
            data = f.read()
        self.assertNotIn(b"\0", data.rstrip(b"\0"))
        return len(data) - len(data.rstrip(b"\0"))

    def fill(self, r, numbers):
        for n in numbers:
            r.put(A, [n], receipt=True)
            self.assertTrue(r.wait_durable())

    def test_they_come_with_small_batches_and_go_at_a_clean_stop(self):
        with Rig(max_bytes="64MiB").start() as r:
            self.assertEqual(self.zeros(r.last_segment()), 0)
            self.fill(r, range(20))
            wait_until(lambda: self.zeros(r.last_segment()) > 500000, 20, "zeros behind the lines")
            r.check()
            r.stop()
            self.assertEqual(self.zeros(r.last_segment()), 0)
            r.check()

    def test_a_crash_leaves_them_and_nothing_is_torn(self):
        with Rig(max_bytes="64MiB").start() as r:
            self.fill(r, range(20))
            wait_until(lambda: self.zeros(r.last_segment()) > 500000, 20, "zeros behind the lines")
            for n in range(20, 60, 10):
                r.kill()
                self.assertGreater(self.zeros(r.last_segment()), 0)
                r.start()
                self.fill(r, range(n, n + 10))
            self.assertEqual(r.torn(), [])
            self.assertEqual([json.loads(x)["data"]["bytes"] for x in r.check().records
                              if b'"tracex.recovered"' in x], [0] * 4)
            r.stop()
            r.check()

    def test_a_seal_cuts_them_off(self):
        with Rig(max_bytes="64KiB").start() as r:
            self.fill(r, range(400))
            self.assertGreater(len(r.segments()), 1)
            for name in r.segments()[:-1]:
                self.assertEqual(self.zeros(os.path.join(r.log, name)), 0)
            r.stop()
            r.check()


class Resume(unittest.TestCase):
    """After a clean stop reading begins where the log was then, and only what is as it was is gone on with."""

    def make(self, r):
        r.put(A, range(30), receipt=True)
        r.wait_durable()
        r.stop()
        self.assertTrue(os.path.exists(r.path("state/resume")))

    def change_first_record(self, r):
        r.tear(r.last_segment(), lambda d: d.replace(b"rig.event", b"rig.EVENT", 1))

    def refused(self, r):
        r.start(ready=False)
        self.assertIn("are not those that the signer signed", r.fatal())
        self.assertNotEqual(r.ended(), 0)

    def test_what_stood_there_before_a_clean_stop_is_not_read(self):
        with Rig().start() as r:
            self.make(r)
            self.change_first_record(r)  # which the verifier finds, and a start does not look for
            r.start()
            r.put(A, range(30, 40), receipt=True)
            self.assertTrue(r.wait_durable())
            r.kill()
            r.start()
            self.assertEqual(r.query(A), 39)
            r.stop()
            self.assertEqual(subprocess.run([VERIFY, "-q", r.log], check=False).returncode, 1)

    def test_without_that_file_all_of_the_segment_is_read(self):
        with Rig().start() as r:
            self.make(r)
            self.change_first_record(r)
            os.unlink(r.path("state/resume"))
            self.refused(r)

    def test_a_file_that_says_anything_else_than_the_log_counts_for_nothing(self):
        def offset(data, by):
            head, rest = data.split(b"\n", 1)
            words = head.split(b" ")
            words[3] = b"%d" % (int(words[3]) + by)
            return b" ".join(words) + b"\n" + rest

        changes = [lambda d: b"", lambda d: d[:-1], lambda d: d[:40], lambda d: b"x" * 100000, lambda d: offset(d, 1),
                   lambda d: offset(d, -100), lambda d: offset(d, 10**12), lambda d: offset(d, -10**12),
                   lambda d: d.replace(b"rig.example", b"rig.exAmple"), lambda d: d.replace(b'"range":["', b'"range":["A'),
                   lambda d: d.replace(b"resume 1 0 ", b"resume 1 1 "), lambda d: d.replace(b'"epoch":0', b'"epoch":1')]
        with Rig().start() as r:
            self.make(r)
            before = r.path("before")
            shutil.copytree(r.dir, before, ignore=lambda *_: ["before"])
            self.change_first_record(r)
            for number, change in enumerate([lambda d: d, *changes]):
                with self.subTest(number=number):
                    for name in ("log", "state", "keys"):
                        shutil.rmtree(r.path(name))
                        shutil.copytree(os.path.join(before, name), r.path(name))
                    self.change_first_record(r)
                    with open(r.path("state/resume"), "rb") as f:
                        data = f.read()
                    if number > 0:
                        self.assertNotEqual(change(data), data)
                    with open(r.path("state/resume"), "wb") as f:
                        f.write(change(data))
                    if number == 0:  # the control
                        r.start()
                        r.kill()
                    else:
                        self.refused(r)

    def test_a_start_after_a_crash_knows_what_came_after_it(self):
        with Rig().start() as r:
            self.make(r)
            for n in range(30, 60, 10):
                r.start()
                r.put(A, range(n, n + 10), receipt=True)
                self.assertTrue(r.wait_durable())
                r.kill()
            r.start()
            self.assertEqual(r.query(A), 59)
            r.stop()
            told = [x for x in r.check().records if b'"tracex.recovered"' in x]
            self.assertEqual(len(told), 3)  # the first start came after a clean stop


if __name__ == "__main__":
    tap.main()
