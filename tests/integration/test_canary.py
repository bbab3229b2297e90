#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Personal data that a rule names reaches no file, no journal, no core, no message and no memory that stays."""
import os
import shutil
import subprocess
import sys
import unittest

import tap
from tracexd import CHILDREN, CONFIG, SOURCE, Daemon, wait_until

PRIVATE_JOURNALD = os.path.join(SOURCE, "tests/lib/private-journald")
CARD = "4929 4212 3460 0821"  # passes Luhn
CANARIES = ["canary.alice@mail.example.org", CARD, CARD.replace(" ", ""), "DE89 3704 0044 0532 0130 00",
            "219-09-9871", "hunter2-canary-password", "198.51.100.77", "2001:db8:85a3::8a2e:370:7334",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"]
FIELDS = ["--field", f"text=mail {CANARIES[0]} card {CARD} iban {CANARIES[3]} ssn {CANARIES[4]}",
          "--field", f"password={CANARIES[5]}", "--field", f"net=from {CANARIES[6]} and {CANARIES[7]} ok",
          "--field", f"header=Authorization: Bearer {CANARIES[8]}", "--field", f"query=user=x&password={CANARIES[5]}"]


def files_with(directory, needles):
    found = []
    for base, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            found += [(path, n) for n in needles if n.encode() in data]
    return found


def memory_with(pid, needles):
    """The needles that stand in a writable mapping of the process."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, mode = line.split()[:2]
            if "w" not in mode:
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except OSError:
                continue
            found |= {n for n in needles if n.encode() in data}
    return found


class Canary(unittest.TestCase):
    def log_canaries(self, d):
        d.emit("--durable", "--count", 20, "--event", "canary.test", *FIELDS)
        d.emit("--durable", "--event", "canary.control", "--field", "plain=CONTROL-VALUE-STAYS")
        # Bad input with personal data: what is refused must not be quoted anywhere.
        d.emit("--event", "Canary Bad " + CANARIES[0], "--field", "x=" + CARD, check=False)

    def test_no_file_and_no_message_holds_a_canary(self):
        with Daemon().start() as d:
            self.log_canaries(d)
            records = d.records("canary.test")
            self.assertEqual(len(records), 20)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(files_with(d.dir, CANARIES), [])
            self.assertNotEqual(files_with(d.dir, ["CONTROL-VALUE-STAYS"]), [], "the search itself finds nothing")

    def test_no_canary_stays_in_the_memory_of_any_process(self):
        if os.getuid() != 0:
            self.skipTest("reading another process's memory needs root")
        with Daemon().start() as d:
            d.emit("--durable", "--event", "canary.control", "--field", "plain=CONTROL-VALUE-STAYS")
            self.log_canaries(d)
            d.emit("--durable", "--count", 3, "--event", "canary.after")
            pids = {name: d.child(name) for name in CHILDREN}
            pids["tracex-auditd"] = d.supervisor()
            for name, pid in pids.items():
                wait_until(lambda: not memory_with(pid, CANARIES), 10, f"{name} has wiped its memory")
            me = memory_with(os.getpid(), CANARIES)
            self.assertEqual(me, set(CANARIES), "the search itself finds nothing")

    def test_the_journal_holds_no_canary(self):
        if os.environ.get("TX_PRIVATE_JOURNALD") != "1":
            self.in_private_journald("test_the_journal_holds_no_canary")
            return
        config = CONFIG.replace("journald: {enabled: false}", "journald: {enabled: true}")
        with Daemon(config).start() as d:
            self.log_canaries(d)

            def journal():
                subprocess.run(["journalctl", "--sync"], check=False, stderr=subprocess.DEVNULL)
                return subprocess.run(["journalctl", "--directory=/run/log/journal", "-o", "export"],
                                      check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            wait_until(lambda: b"CONTROL-VALUE-STAYS" in journal(), 30, "the control record in the journal")
            self.assertEqual(d.stop(), 0)
            self.assertEqual([n for n in CANARIES if n.encode() in journal()], [])

    def in_private_journald(self, name):
        if not shutil.which("journalctl") or not os.path.exists(PRIVATE_JOURNALD):
            self.skipTest("systemd-journald is not installed")
        result = subprocess.run([PRIVATE_JOURNALD, sys.executable, __file__, name], text=True, check=False,
                                env=dict(os.environ, TX_PRIVATE_JOURNALD="1"),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if "mount" in result.stdout and "denied" in result.stdout:
            self.skipTest("no private mount namespace may be made here")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_process_of_the_daemon_leaves_no_core(self):
        with Daemon().start() as d:
            for name in CHILDREN:
                with open(f"/proc/{d.child(name)}/limits", encoding="utf-8") as f:
                    core, = [line.split() for line in f if line.startswith("Max core file size")]
                self.assertEqual(core[4:6], ["0", "0"], name)


if __name__ == "__main__":
    tap.main()
