#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Power cuts, in two ways. By a strict model of POSIX: the calls of a real ledger and signer are recorded, and at many places of
that record the disk is made what a power cut may leave of it (tests/lib/strict_disk.py). From each state the real
ledger and signer must go on: what was acknowledged is there, once, the log is proven, and what was signed is what
stands there. With the syncs of files, or of directories, taken out of the record, that must fail. And on ext4: the writes and flushes of its disk
are recorded (tests/lib/block_disk.py), and each state is mounted and gone on with.
"""
import contextlib
import hashlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import disk_trace
import second_verifier
import tap
from block_disk import BlockDisk, Cuts, Mounted, Unavailable
from ingest_rig import CONTROL, DURABLE, FATAL, FRAME
from ledger_rig import ORIGIN, VERIFY, Ended, Rig, body_of, unchecked_signatures
from strict_disk import Disk

A, B = b"client-A", b"client-B"
STATES = int(os.environ.get("TX_POWER_CUTS", "200"))  # of each way
CONTROL_STATES = 120
LEDGER_FDS, SIGNER_FDS = {7: "log", 8: "state"}, {5: "keys"}
INGEST_FD, SIGNER_LEDGER_FD = 4, 4
SIGNED = re.compile(rb"(?:%s)\n(\d+)\n([A-Za-z0-9+/=]{44})\n" % re.escape(ORIGIN.encode()))


def options():
    return {"max_bytes": "64KiB", "compress": "zstd", "epoch_records": 14, "reserve": "64KiB",
            "more": "  retain: {max_bytes: 192KiB}\n"}


def body(client, n, fill):
    """Compressed, it is still half as large."""
    noise = hashlib.shake_128(client + b"%d" % n).hexdigest(fill // 2).encode()
    return body_of(client, n, 2).replace(b"xx", noise)


class Recording:
    """Two lives of a ledger: the calls in order, and what was sent on each life's stream."""

    def __init__(self):
        self.lives = []
        with Rig(**options()) as r:
            for life in range(2):
                names = [r.path(f"{who}.{life}") for who in ("ledger", "signer")]
                r.start(wrapper=disk_trace.strace(names[0]), signer_wrapper=disk_trace.strace(names[1]))
                self.work(r, 40 * life)
                sent = list(r.ingest.sent)
                if life == 0:
                    r.stop()
                else:
                    r.wait_checkpoint()
                    r.stop()
                traces = [list(disk_trace.read(name, (who, life))) for name, who in zip(names, ("ledger", "signer"))]
                self.lives.append((disk_trace.merge(*traces), sent))
        self.n_calls = sum(len(calls) for calls, _ in self.lives)

    @staticmethod
    def work(r, first):
        for n in range(first, first + 40):
            r.ingest.send_body(body(A, n, 6000), A, n, n, True)
            for i in range(3):
                r.ingest.send_body(body(B, 3 * n + i, 200), B, 3 * n + i, 3 * n + i)
            if n % 3 == 0:
                r.wait_durable()
        r.wait_durable()


class Replay:
    """Goes through a recording, call by call."""

    def __init__(self, recording, ignore=()):
        self.recording = recording
        self.disk = Disk(ignore)
        self.acknowledged = set()
        self.signed = {}

    def states(self):
        """After each call: the disk, what was acknowledged, and what was signed, so far."""
        for life, (calls, sent) in enumerate(self.recording.lives):
            self.disk.start(("ledger", life), "ledger", LEDGER_FDS)
            self.disk.start(("signer", life), "signer", SIGNER_FDS)
            told = b""
            for call in calls:
                _, (who, _), name, arguments, result = call
                self.disk.take(call)
                if name in ("sendto", "sendmsg") and who == "ledger" and arguments[0] == str(INGEST_FD):
                    told = self.take_told(told + self.sent_bytes(arguments)[:result], sent)
                elif name in ("sendto", "sendmsg") and who == "signer" and arguments[0] == str(SIGNER_LEDGER_FD):
                    for size, root in SIGNED.findall(self.sent_bytes(arguments)):
                        self.signed.setdefault(int(size), root)
                yield self

    @staticmethod
    def sent_bytes(arguments):
        return next(x for x in arguments[1:] if isinstance(x, bytes))

    def take_told(self, told, sent):
        while len(told) >= FRAME.size:
            length, kind, _, _, _, first, _ = FRAME.unpack_from(told)
            if len(told) < FRAME.size + length:
                break
            if kind == DURABLE:
                self.acknowledged.update(x for x in sent[:first] if x)
            told = told[FRAME.size + length:]
        return told


class Survivor(Rig):
    """A ledger that begins with what a power cut left in `directory`."""

    def __init__(self, directory):
        super().__init__(**options())
        os.rmdir(self.path("log"))
        self.directory = directory

    def path(self, *names):
        if names[0].split("/")[0] in ("log", "state", "keys") and getattr(self, "directory", None):
            return os.path.join(self.directory, *names)
        return super().path(*names)

    def check_all(self, acknowledged, signed):
        """What is wrong, or None."""
        try:
            self.start()
            self.put(b"client-Z", [0], receipt=True)
            if not self.wait_durable(30):
                return "it ends"
            self.stop()
        except (Ended, AssertionError, ConnectionError, BrokenPipeError) as e:
            return f"it does not go on: {e} {self.words_of_signer()}"
        verdict = subprocess.run([VERIFY, self.log], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        if verdict.returncode not in (0, 5):
            return f"tracex-auditverify says {verdict.returncode}: {verdict.stdout}"
        return self.check_records(acknowledged, signed)

    def words_of_signer(self):
        with contextlib.suppress(OSError, AttributeError, struct.error):
            while True:
                said = self.signer_control.recv(1 << 16, socket.MSG_DONTWAIT)
                if CONTROL.unpack_from(said)[0] == FATAL:
                    return said[CONTROL.size:].decode()
        return ""

    def check_records(self, acknowledged, signed):
        log = PrunedLog(self.log)
        try:
            log.read()
        except second_verifier.Wrong as e:
            return f"the second verifier says: {e}"
        seen = set()
        for line in log.records:
            found = re.search(rb'"source":\{"client":"([0-9a-f]{16})","n":(\d+)\}', line)
            if not found:
                continue
            name = (bytes.fromhex(found[1].decode()), int(found[2]))
            if name in seen:
                return f"{name} stands twice"
            seen.add(name)
        lost = [x for x in acknowledged if x not in seen and x[1] >= log.oldest.get(x[0], 0)]
        if lost:
            return f"{len(lost)} acknowledged records are lost, such as {sorted(lost)[0]}"
        for size, root in signed.items():
            if size > log.tree.size:
                return f"a root of {size} records was signed, and there are {log.tree.size}"
            if size in log.roots and log.roots[size] != root:
                return f"two roots of {size} records are signed"
        return None


class PrunedLog(second_verifier.Log):
    """Reads a log whose first segments are gone, and keeps each root. What its oldest records are is known, too."""

    def __init__(self, directory):
        super().__init__(directory)
        self.roots = {}
        self.oldest = {}

    def take_header(self, line):
        if not self.records and self.tree.size == 0:
            self.begin_from(line)
        super().take_header(line)

    def read_segment(self, path, last):
        first = int(os.path.basename(path)[:20])
        if not self.records and first > 0:
            with_header = second_verifier.segment_bytes(path).split(b"\n")[0]
            self.begin_from(with_header)
        return super().read_segment(path, last)

    def begin_from(self, line):
        header = second_verifier.json.loads(line)
        if header["first"] == 0:
            return
        self.tree.size = header["first"]
        self.tree.stack = [second_verifier.b64(x) for x in header["range"]]
        self.epoch = header["epoch"]
        self.epoch_key = second_verifier.Key(header["epoch_vkey"])
        self.count, self.digest = header["checkpoints"], second_verifier.b64(header["digest"])
        self.last_note = header["previous"]
        self.last_size = header["first"]

    def take_record(self, line):
        found = re.search(rb'"source":\{"client":"([0-9a-f]{16})","n":(\d+)\}', line)
        if found:
            self.oldest.setdefault(bytes.fromhex(found[1].decode()), int(found[2]))
        super().take_record(line)
        self.roots[self.tree.size] = second_verifier.base64.b64encode(self.tree.root())


class Model(unittest.TestCase):
    """A number that one thread was given when another had closed it, though that close was begun later."""

    def test_what_is_written_to_a_number_that_was_free_again_is_kept(self):
        disk, who = Disk(), "process"
        disk.start(who, "ledger", {7: "log"})
        for number, (name, arguments, result) in enumerate([
                ("openat", ["7", b"old", "O_CREAT|O_RDWR", "0600"], 9), ("write", ["9", b"old", "3"], 3),
                ("openat", ["7", b"new", "O_CREAT|O_RDWR", "0600"], 9), ("close", ["9"], 0),
                ("write", ["9", b"new", "3"], 3), ("fsync", ["9"], 0), ("close", ["9"], 0), ("write", ["9", b"no", "2"], 2)]):
            disk.take((number, who, name, arguments, result))
        files = disk.roots["log"].now()
        self.assertEqual((files["new"].data, files["new"].changes), (b"new", []))
        self.assertEqual((files["old"].data, files["old"].changes), (b"", [(0, b"old")]))


@unittest.skipUnless(shutil.which("strace"), "no strace")
class PowerCuts(unittest.TestCase):
    HOW = ("none", "any", "prefix", "any", "all")

    @classmethod
    def setUpClass(cls):
        if os.path.isdir("/dev/shm"):
            tempfile.tempdir = "/dev/shm"
        cls.recording = Recording()

    def cut(self, n_states, seed, ignore=(), enough=None):
        """(states that were tried, what was wrong in each that was not right)."""
        chance = random.Random(seed)
        rounds, wrong, tried = max(1, -(-n_states // self.recording.n_calls)), [], 0
        for _ in range(rounds):
            share = min(1.0, n_states / rounds / self.recording.n_calls)
            for number, at in enumerate(Replay(self.recording, ignore).states()):
                if chance.random() >= share:
                    continue
                how = self.HOW[tried % len(self.HOW)]
                tried += 1
                with tempfile.TemporaryDirectory() as place:
                    at.disk.crash(how, chance, place)
                    with Survivor(place) as r:
                        said = r.check_all(at.acknowledged, at.signed)
                if said:
                    wrong.append(f"after call {number}, {how}: {said}")
                if enough and len(wrong) >= enough:
                    return tried, wrong
        return tried, wrong

    def test_what_was_acknowledged_outlives_a_power_cut_at_any_moment(self):
        with unchecked_signatures():
            tried, wrong = self.cut(STATES, 1)
        print(f"# {tried} power cuts in {self.recording.n_calls} calls, {len(wrong)} of them wrong")
        self.assertEqual(wrong[:3], [])
        self.assertGreater(tried, STATES * 0.7)

    def check_control(self, *ignore):
        with unchecked_signatures():
            tried, wrong = self.cut(CONTROL_STATES, 2, ignore, enough=1)
        print(f"# without {ignore}, after {tried} power cuts: {wrong}"[:300].replace("\n", " "))
        self.assertTrue(wrong)

    def test_without_the_ledgers_syncs_of_files_that_fails(self):
        self.check_control(("ledger", "file"))

    def test_nor_does_it_hold_without_its_syncs_of_directories(self):
        self.check_control(("ledger", "directory"))

    def test_nor_without_the_signers_syncs(self):
        self.check_control(("signer", "file"))
        self.check_control(("signer", "directory"))


class OnExt4(unittest.TestCase):
    """The same on ext4, which promises more than POSIX, and whose journal and sectors are a disk's."""

    HOW = ("none", "any", "prefix", "any", "all")

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="tracex-ext4-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.disk, self.n_images = None, 0
        try:
            self.disk = BlockDisk(self.place)
        except Unavailable as e:
            shutil.rmtree(self.place, ignore_errors=True)
            self.skipTest(f"no disk of its own here: {e}")

    def tearDown(self):
        self.disk.close()
        shutil.rmtree(self.place, ignore_errors=True)

    def survivor(self):
        for name in ("log", "state", "keys"):
            os.makedirs(os.path.join(self.disk.place, name), mode=0o750, exist_ok=True)
        return Survivor(self.disk.place)

    def put(self, r, first, last):
        """Durable records; after each the disk's log says how far the ledger has acknowledged, and what it signed."""
        for n in range(first, last):
            r.ingest.send_body(body(A, n, 4000), A, n, n, True)
            self.assertTrue(r.wait_durable())
            self.disk.mark(f"acknowledged {n}")
            with contextlib.suppress(FileNotFoundError), open(r.path("log/checkpoint"), encoding="utf-8") as f:
                _, size, root = f.read().split("\n")[:3]
                self.disk.mark(f"signed {size} {root}")

    def record(self):
        with self.survivor() as r:
            os.sync()
            self.disk.mark("begin")
            for life in range(2):
                r.start()
                self.put(r, 40 * life, 40 * life + 40)
                if life == 0:
                    r.kill()
            r.stop()
        # What unmounting writes is ext4's own matter: its superblock has two sectors, and may be torn.
        self.disk.mark("end")
        self.disk.unmount()
        events = list(self.disk.events())
        return events[:next(i for i, e in enumerate(events) if e[2] == b"end")]

    def try_cut(self, cuts, how, chance):
        self.n_images += 1  # a file of its own each time: nothing that still holds an earlier one can write here
        image, place = os.path.join(self.place, f"state-{self.n_images}"), os.path.join(self.place, "state-mounted")
        acknowledged = {(A, int(m.split()[1])) for m in cuts.marks if m.startswith("acknowledged")}
        signed = {int(m.split()[1]): m.split()[2].encode() for m in cuts.marks if m.startswith("signed")}
        with open(image, "wb") as f:
            f.write(cuts.image(how, chance))
        try:
            mounted = Mounted(image, place)
        except Unavailable as e:
            return f"it cannot be mounted: {e}"
        finally:
            os.unlink(image)
        try:
            with Survivor(place) as r:
                return r.check_all(acknowledged, signed)
        finally:
            mounted.close()

    def cut(self, events, n_states, enough=None):
        begin = next(i for i, e in enumerate(events) if e[0] == "M")
        chance, tried, wrong = random.Random(7), 0, []
        rounds = max(1, -(-n_states // (len(events) - begin)))
        share = n_states / rounds / (len(events) - begin)
        for _ in range(rounds):
            for number, cuts in enumerate(Cuts(events, self.disk.size).moments()):
                if number < begin or chance.random() >= share:
                    continue
                how = self.HOW[tried % len(self.HOW)]
                tried += 1
                said = self.try_cut(cuts, how, chance)
                if said:
                    wrong.append(f"after event {number}, {how}: {said}")
                if enough and len(wrong) >= enough:
                    return tried, wrong
        return tried, wrong

    def test_what_was_acknowledged_outlives_a_power_cut_at_any_moment(self):
        events = self.record()
        with unchecked_signatures():
            tried, wrong = self.cut(events, STATES)
            print(f"# {tried} power cuts of ext4 in {len(events)} events, {len(wrong)} of them wrong")
            self.assertEqual(wrong[:3], [])
            self.assertGreater(tried, STATES * 0.7)
            # Without the flushes, the disk loses what was synced: that must be found.
            begin = next(i for i, e in enumerate(events) if e[0] == "M")
            unsynced = [e for i, e in enumerate(events) if e[0] != "F" or i < begin]
            tried, wrong = self.cut(unsynced, CONTROL_STATES, enough=1)
        print(f"# without flushes, after {tried}: {wrong}"[:300].replace("\n", " "))
        self.assertTrue(wrong)

    def test_a_sync_that_failed_is_not_believed_when_the_next_one_says_it_worked(self):
        with self.survivor() as r:
            r.start()
            self.put(r, 0, 10)
            n = 10
            while r.status()["segments_given_up"] == 0:
                self.disk.fail(1)  # most likely of what the ledger's next fdatasync writes
                r.put(A, [n], receipt=True)
                self.assertTrue(r.wait_durable())
                n += 1
                self.assertLess(n, 20, "no write of the ledger's failed")
            self.put(r, n, n + 9)
            r.kill()
            self.disk.unmount()  # what was in memory only is gone
            self.disk.mount()
            r.stored.update(((A, i), None) for i in range(n + 9))
            r.start()
            r.wait_checkpoint()
            r.stop()
            self.assertIn("tracex.disk", r.events())

    def test_such_a_disk_does_lose_what_a_second_sync_says_is_there(self):
        path = os.path.join(self.disk.place, "file")
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.write(fd, b"A" * 4096)
        os.fsync(fd)
        self.disk.fail(1)
        os.pwrite(fd, b"B" * 4096, 0)
        with self.assertRaises(OSError):
            os.fdatasync(fd)
        os.fdatasync(fd)
        self.assertEqual(os.pread(fd, 1, 0), b"B")
        os.close(fd)
        self.disk.unmount()
        self.disk.mount()
        with open(path, "rb") as f:
            self.assertEqual(f.read(1), b"A")


def main():
    """In a mount namespace of its own: whoever makes one meanwhile, as other tests do, would hold our mounts in it, and
    a file system that is unmounted there at last writes to its disk once more."""
    if os.environ.get("TX_OWN_MOUNTS") != "1" and os.getuid() == 0 and shutil.which("unshare"):
        own = ["unshare", "--mount", "--propagation", "private"]
        if subprocess.run([*own, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            os.environ["TX_OWN_MOUNTS"] = "1"
            os.execvp(own[0], [*own, sys.executable, __file__, *sys.argv[1:]])
    tap.main()


if __name__ == "__main__":
    main()
