#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole daemon beside a real journald, while its allocations fail, its limits are met and what comes is refused: no
byte of a record is in a file, in the journal, in a message, in the status, in what clients are told, or in memory."""
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import unittest

import canaries
import hostile
import tap
from canaries import UNMASKED, Canaries
from alloc_faults import LIBRARY, AllocFaults
from limit_cases import Cases
from tracexd import CHILDREN, CONFIG, SOURCE, Daemon, wait_until

PRIVATE_JOURNALD = os.path.join(SOURCE, "tests/lib/private-journald")
WITH_JOURNAL = CONFIG.replace("journald: {enabled: false}", "journald: {enabled: true}")
ORIGINS = (f"test{i}.example/audit" for i in itertools.count())  # all of them write to one journal
LONG = os.environ.get("TX_ALLOCATIONS") == "all"
START_STEP = 29 if LONG else 997


def daemon(config=WITH_JOURNAL, **options):
    d = Daemon(config.replace("test.example/audit", origin := next(ORIGINS)), **options)
    d.origin = origin
    return d.start()


class Client:
    """Everything that it is told is kept."""

    def __init__(self, d):
        self.lane = hostile.connect(d.socket)
        self.secret = os.urandom(16)
        self.n = self.acked = 0
        self.rejects, self.told = {}, b""

    def send(self, make):
        self.lane.settimeout(20)
        self.lane.send(hostile.records(self.secret, make(self.n)))
        self.n += 1

    def read(self, seconds=0.02):
        for reply in hostile.replies(self.lane, seconds):
            self.told += reply.data
            if reply.kind == hostile.ACK:
                self.acked = reply.n
            elif reply.kind == hostile.REJECT:
                self.rejects[reply.n] = reply.data[22:].decode()

    def wait_acked(self):
        wait_until(lambda: self.read() or self.acked >= self.n, 60, f"an acknowledgement of {self.n}")


def journal(*match):
    subprocess.run(["journalctl", "--sync"], check=False, stderr=subprocess.DEVNULL)
    return subprocess.run(["journalctl", "--directory=/run/log/journal", "-o", "export", "--all", *match],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class Whole(unittest.TestCase):
    def seen(self, d, needles, *told):
        """Where anything of the needles is. Everything that a process of the daemon writes is below its directory."""
        d.wait_for_checkpoint()
        last = max(r["seq"] for r in d.records())
        wait_until(lambda: f"TRACEX_SEQ={last}\n".encode() in journal(f"TRACEX_ORIGIN={d.origin}"), 30,
                   f"record {last} in the journal")
        with open(os.path.join(d.dir, "told"), "wb") as f:
            f.write(journal() + b"".join(told) + self.status(d) + d.verify()[1].encode())
        places = [d.dir]
        if os.getuid() == 0:
            places += [d.supervisor()] + [pid for name in (*CHILDREN, "tracex-forward") if (pid := d.child(name))]
        return canaries.find(needles, *places)

    def status(self, d):
        result = d.ctl("status", "-o", "json")
        self.assertIn("ingest", json.dumps(json.loads(result.stdout)))
        return result.stdout.encode()

    def nothing_is_seen(self, d, needles, *told):
        """In memory it may be until a moment after it was acknowledged."""
        end = time.monotonic() + 10
        while found := self.seen(d, needles, *told):
            if time.monotonic() > end:
                self.fail("\n".join(found))
            time.sleep(0.2)

    # --- limits ---

    def through_the_daemon(self, d, cases):
        c = Client(d)
        for case in cases.all:
            c.send(case.record)
            c.read(0.001)
        c.wait_acked()
        return c

    def test_no_limit_lets_anything_through(self):
        cases = Cases()
        print(f"# seed {cases.maker.seed}, {len(cases.all)} cases")
        with daemon() as d:
            c = self.through_the_daemon(d, cases)
            stored = {r["source"]["n"]: r for r in d.records() if "source" in r}
            for n, case in enumerate(cases.all):
                with self.subTest(case=case.name):
                    self.assertEqual(c.rejects.get(n), case.rejected)
                    if not case.rejected:
                        self.assertIn("masked", stored[n])
                    if case.mark:
                        self.assertIn(case.mark, stored[n]["masked"]["value"])
            self.nothing_is_seen(d, cases.needles, c.told)

    def test_what_is_not_masked_would_be_seen(self):
        """The control: in the log and in the journal."""
        cases = Cases()
        with daemon(WITH_JOURNAL.replace("version: 1\n", UNMASKED)) as d:
            c = self.through_the_daemon(d, cases)
            found = "\n".join(self.seen(d, cases.needles, c.told))
            self.assertIn(".jsonl canary", found)
            self.assertIn("/told canary", found)

    # --- what is refused ---

    def broken_datagrams(self, made):
        """Of a whole one: cut off, with a byte changed, with another header."""
        whole = hostile.records(b"s" * 16, made.record(0))
        yield from (whole[:n] for n in range(1, len(whole), 97))
        yield from (hostile.HEADER.pack(b"TX", 1, hostile.RECORDS, n) + whole[8:n] for n in range(27, len(whole), 61))
        for at in range(0, 400, 7):
            yield whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:]
        for kind in (0, 2, hostile.WELCOME, hostile.ACK, hostile.REJECT, 255):
            yield hostile.datagram(kind, whole[8:])
        yield hostile.datagram(hostile.RECORDS, whole[8:], version=2)
        yield hostile.datagram(hostile.RECORDS, whole[8:], magic=b"XT")
        yield whole[8:]
        yield b"".join(made.fields)

    def ask(self, d, request):
        """The control socket's answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(20)
            s.connect(os.path.join(d.dir, "run/control.sock"))
            s.send(request)
            return s.recv(1 << 17)

    def test_no_message_quotes_what_is_refused(self):
        made = Canaries()
        print(f"# seed {made.maker.seed}")
        with daemon() as d:
            told, n_broken = b"", 0
            for datagram in self.broken_datagrams(made):
                c = Client(d)
                c.lane.send(datagram)
                c.read(0.01)
                told += c.told
                n_broken += 1
            c = Client(d)
            needle = made.mail
            for event in (needle, f"bad {needle}", "tracex." + made.maker.word(5), "x" * 129):
                c.send(lambda n: made.record(n, event))
            for name in (needle, "1" + needle, "n" * 129, ""):
                c.send(lambda n: hostile.record(n, fields=[hostile.field(name, needle)] + made.fields))
            c.send(lambda n: hostile.record(n, fields=2 * made.fields))
            c.wait_acked()
            self.assertEqual(len(c.rejects), 9)
            answers = [self.ask(d, needle.encode()), self.ask(d, b"status " + needle.encode())]
            rejected = wait_until(lambda: (r := d.records("tracex.rejected")) and sum(x["data"]["count"] for x in r) >
                                  n_broken // 2 and r, 30, "the count of what was rejected")
            self.assertLessEqual({r["data"]["reason"] for r in rejected}, {
                "malformed datagram", "event name is not allowed", "event name is reserved", "field name is not allowed",
                "field name is repeated", "too many fields", "record cannot be written", "correlation id is too long"})
            self.assertEqual(set(c.rejects.values()), {
                "event name is not allowed", "event name is reserved", "field name is not allowed",
                "field name is repeated"})
            self.assertTrue(all(json.loads(answer)["ok"] is False for answer in answers))
            self.nothing_is_seen(d, made.needles, told, c.told, *answers)

    # --- failing allocations ---

    def setUp(self):
        self.needs_preload = False

    def scene(self, d, made):
        c, bad = Client(d), Client(d)
        for _ in range(3):
            c.send(made.record)
        bad.send(lambda n: made.record(n, "Bad " + made.mail))
        bad.lane.send(b"TX" + made.mail.encode())
        c.wait_acked()
        return c

    def under_faults(self, faults, settle):
        """A daemon for each few of them, since it waits longer after each crash in a row."""
        made = Canaries()
        print(f"# seed {made.maker.seed}")
        n, reached = 1, True
        while reached:
            with daemon(ingest_environment=(alloc := self.alloc()).environment) as d:
                sent = 3 * bool(self.scene(d, made))
                for _ in range(3):
                    if not (reached := faults(d, alloc, n, made)):
                        break
                    n += settle
                    sent += 3
                alloc.fail(0)
                sent += 3 * (not reached)
                self.assertEqual(len(d.records("canary.test")), sent, "what was acknowledged is there, once")
                self.nothing_is_seen(d, made.needles)
        print(f"# {n // settle} failed")
        self.assertGreater(n // settle, 1)

    def alloc(self):
        path = os.path.join("/tmp", f"tracex-fail-{os.getpid()}")
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        return AllocFaults(path)

    @unittest.skipIf(os.environ.get("TX_SANITIZED") or not os.path.exists(LIBRARY), "nothing can be preloaded")
    def test_each_allocation_while_records_come(self):
        def fault(d, alloc, n, made):
            alloc.fail(n)
            self.scene(d, made)
            return alloc.failed > 0
        self.under_faults(fault, 1)

    @unittest.skipIf(os.environ.get("TX_SANITIZED") or not os.path.exists(LIBRARY), "nothing can be preloaded")
    def test_some_allocations_of_a_start_while_records_wait(self):
        def fault(d, alloc, n, made):
            pid = wait_until(lambda: d.child("tracex-ingest"), 60, "ingest")
            c = Client(d)
            os.kill(pid, 19)
            for _ in range(3):
                c.send(made.record)
            alloc.fail(n)
            os.kill(pid, 9)
            end = time.monotonic() + 3
            while c.acked < 3:
                c.read()
                if time.monotonic() > end and (pid := d.child("tracex-ingest")):
                    os.kill(pid, 9)  # libseccomp goes round in circles when an allocation of its own fails
                    end += 60
            return alloc.failed > 0
        self.under_faults(fault, START_STEP)


def main():
    if os.environ.get("TX_PRIVATE_JOURNALD") == "1":
        tap.main()
    if not shutil.which("journalctl"):
        print("1..0 # SKIP systemd-journald is not installed")
        return
    result = subprocess.run([PRIVATE_JOURNALD, sys.executable, __file__, *sys.argv[1:]], check=False,
                            env=dict(os.environ, TX_PRIVATE_JOURNALD="1"), stderr=subprocess.PIPE, text=True)
    if result.returncode == 77:
        print(f"1..0 # SKIP {result.stderr.strip()}")
        return
    sys.stderr.write(result.stderr)
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
