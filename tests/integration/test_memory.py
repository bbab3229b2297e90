#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was masked and acknowledged is in no memory of any process of the daemon, in no core, and no core is left."""
import contextlib
import json
import os
import resource
import signal
import subprocess
import time
import unittest

import canaries
import hostile
import tap
from canaries import Canaries
from tracexd import CHILDREN, CONFIG, Daemon, wait_until

ALL = (*CHILDREN, "tracex-auditd")
ENCRYPTING = """masking:
  rules:
    - {id: who, match: {fields: [who, mail, json, i64, base64, labelled]}, action: {encrypt: {subject: who}}}
    - {id: mails, match: {detect: [email]}, action: pseudonym, replaces: secure-default/email}
    - {id: sealed, match: {fields: [plain, iban]}, action: commit}
"""


def pid_of(d, name):
    return d.supervisor() if name == "tracex-auditd" else wait_until(lambda: d.child(name), 30, name)


class Client:
    """A connection, as an application has it."""

    def __init__(self, d):
        self.lane = hostile.connect(d.socket)
        self.secret = os.urandom(16)
        self.n = self.acked = 0

    def send(self, made, *options):
        self.lane.send(hostile.records(self.secret, made(self.n, *options)))
        self.n += 1

    def read(self, seconds=0.05):
        for reply in hostile.replies(self.lane, seconds):
            if reply.kind == hostile.ACK:
                self.acked = reply.n

    def wait_acked(self):
        wait_until(lambda: self.read() or self.acked >= self.n, 30, f"an acknowledgement of {self.n}")


@unittest.skipUnless(os.getuid() == 0, "reading another process's memory needs root")
class Memory(unittest.TestCase):
    def setUp(self):
        self.canaries = Canaries()
        print(f"# seed {self.canaries.maker.seed}")

    def look(self, d, names=ALL):
        """Where something is, of what should be wiped by now."""
        return {name: found for name in names if (found := canaries.find(self.canaries.needles, pid_of(d, name)))}

    def nothing_is_left(self, d, names=ALL):
        """It is told to the client a moment before it is wiped."""
        end = time.monotonic() + 10
        while found := self.look(d, names):
            if time.monotonic() > end:
                self.fail("\n".join(line for lines in found.values() for line in lines))
            time.sleep(0.2)

    def test_nothing_stays_in_the_memory_of_any_process(self):
        with Daemon().start() as d:
            c = Client(d)
            for _ in range(100):
                c.send(self.canaries.record)
            c.wait_acked()
            self.nothing_is_left(d)
            self.assertEqual(len(d.records("canary.test")), 100)

    def test_nor_of_persons_whose_data_is_encrypted(self):
        """Whose name is personal data itself."""
        with Daemon(CONFIG + ENCRYPTING).start() as d:
            c = Client(d)
            for n in range(30):
                person = self.canaries.new(self.canaries.maker.email()).encode() if n % 3 else self.canaries.mail.encode()
                c.send(lambda n: hostile.record(n, "canary.test", fields=[
                    hostile.field("who", person), *self.canaries.fields]))
            c.wait_acked()
            wait_until(lambda: d.records("canary.test")[-1]["data"]["who"].startswith("txe1:"), 1, "a person's key")
            self.nothing_is_left(d, (*ALL, "tracex-vault"))
            self.assertEqual(d.stop(), 0)
            self.assertEqual(canaries.find(self.canaries.needles, d.dir), [])

    def test_nor_of_what_is_rejected(self):
        with Daemon().start() as d:
            c = Client(d)
            for _ in range(10):
                c.send(self.canaries.record, "Bad Event")
                c.send(lambda n: hostile.record(n, fields=2 * self.canaries.fields))
            c.lane.send(b"TX" + b"".join(self.canaries.fields))
            other = Client(d)
            other.send(self.canaries.record)
            other.wait_acked()
            self.nothing_is_left(d)

    def test_nor_after_an_ingest_that_died_with_it(self):
        with Daemon().start() as d:
            c = Client(d)
            c.send(self.canaries.record)
            c.wait_acked()
            os.kill(pid_of(d, "tracex-ledger"), signal.SIGSTOP)
            for _ in range(20):
                c.send(self.canaries.record)
            time.sleep(0.1)
            os.kill(pid_of(d, "tracex-ingest"), signal.SIGKILL)
            os.kill(pid_of(d, "tracex-ledger"), signal.SIGCONT)
            c.wait_acked()
            self.nothing_is_left(d)

    def test_what_waits_would_be_seen(self):
        """The control: while the ledger stands still, a record is in the inbox, and nowhere else of ours."""
        with Daemon().start() as d:
            c = Client(d)
            c.send(self.canaries.record)
            c.wait_acked()
            ledger = pid_of(d, "tracex-ledger")
            os.kill(ledger, signal.SIGSTOP)
            c.send(self.canaries.record)
            found = wait_until(lambda: self.look(d, ["tracex-ingest"]), 20, "the record in ingest")["tracex-ingest"]
            self.assertGreater(len(found), len(self.canaries.fields) // 2)
            self.assertEqual([line for line in found if "memfd:" not in line], [], "only the inbox holds clear text")
            self.assertEqual(self.look(d, [n for n in ALL if n != "tracex-ingest"]), {})
            os.kill(ledger, signal.SIGCONT)
            c.wait_acked()
            self.nothing_is_left(d)
            self.assertNotEqual(canaries.find(self.canaries.needles, os.getpid()), [], "our own memory")


def allow_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def core_lands_here():
    """A core's place is a file in the directory of the process that dies."""
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as f:
        return "/" not in (pattern := f.read().strip()) and not pattern.startswith("|")


class Cores(unittest.TestCase):
    def setUp(self):
        try:
            resource.getrlimit(resource.RLIMIT_CORE)
            subprocess.run(["true"], preexec_fn=allow_cores, check=True)
        except (ValueError, subprocess.SubprocessError):
            self.skipTest("the limit on core files cannot be raised here")
        self.canaries = Canaries()

    @staticmethod
    def cores(directory):
        return [os.path.join(base, n) for base, _, names in os.walk(directory) for n in names if n.startswith("core")]

    def test_a_process_that_crashes_leaves_no_core(self):
        with Daemon(preexec=allow_cores).start() as d:
            os.chmod(d.dir, 0o777)
            c = Client(d)
            os.kill(pid_of(d, "tracex-ledger"), signal.SIGSTOP)
            c.send(self.canaries.record)
            time.sleep(0.2)
            pids = [pid_of(d, name) for name in ("tracex-ingest", "tracex-ledger", "tracex-signer")]
            for pid in pids:
                os.kill(pid, signal.SIGSEGV)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            c.wait_acked()
            self.assertEqual([pid for pid in pids if os.path.exists(f"/proc/{pid}/exe")], [])
            self.assertEqual(self.cores(d.dir), [])
            if core_lands_here():
                victim = subprocess.Popen(["sleep", "60"], cwd=d.dir, preexec_fn=allow_cores)
                victim.send_signal(signal.SIGSEGV)
                victim.wait()
                self.assertEqual(len(self.cores(d.dir)), 1, "the control: such a process leaves one")

    @unittest.skipUnless(os.getuid() == 0, "needs root to become another user")
    def test_no_process_can_be_dumped_or_has_a_limit_that_lets_it(self):
        with Daemon("user: nobody\n" + CONFIG, preexec=allow_cores).start() as d:
            for name in CHILDREN:
                with open(f"/proc/{pid_of(d, name)}/limits", encoding="utf-8") as f:
                    core, = [line.split() for line in f if line.startswith("Max core file size")]
                self.assertEqual(core[4:6], ["0", "0"], name)
                # The kernel gives the files of a process that cannot be dumped to root.
                self.assertEqual(os.stat(f"/proc/{pid_of(d, name)}/maps").st_uid, 0, name)
            control = subprocess.Popen(["sleep", "60"], user="nobody")
            self.addCleanup(control.wait)
            self.addCleanup(control.kill)
            self.assertNotEqual(os.stat(f"/proc/{control.pid}/maps").st_uid, 0, "the control")

    @staticmethod
    def flags_of(pid):
        """What the kernel says of each mapping."""
        flags, name = {}, None
        with open(f"/proc/{pid}/smaps", encoding="utf-8") as f:
            for line in f:
                words = line.split()
                if "-" in words[0]:
                    name = line.strip()
                elif words[0] == "VmFlags:":
                    flags[name] = words[1:]
        return flags

    @unittest.skipUnless(os.getuid() == 0, "reading another process's memory needs root")
    def test_the_inbox_and_the_arenas_are_left_out_of_a_dump(self):
        """Of those that hold clear text, the kernel says so (dd); others of the process are the control."""
        with Daemon().start() as d:
            flags = self.flags_of(pid_of(d, "tracex-ingest"))
            inbox, = [v for k, v in flags.items() if "memfd:" in k and "inbox" in k]
            self.assertIn("dd", inbox)
            self.assertGreater(len([v for k, v in flags.items() if "dd" in v and k.endswith(" 0")]), 1, flags)
            self.assertNotEqual([v for v in flags.values() if "dd" not in v], [])

    @unittest.skipUnless(os.getuid() == 0, "reading another process's memory needs root")
    def test_with_the_units_limit_nothing_that_is_written_to_can_be_swapped(self):
        def limits(n):
            return lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (n, n))

        try:
            subprocess.run(["true"], preexec_fn=limits(resource.RLIM_INFINITY), check=True)
        except subprocess.SubprocessError:
            self.skipTest("the limit on locked memory cannot be raised here")
        for limit, locked in ((resource.RLIM_INFINITY, True), (1 << 23, False)):
            with Daemon(preexec=limits(limit)).start() as d:
                c = Client(d)
                c.send(self.canaries.record)
                c.wait_acked()
                for name in CHILDREN:
                    writable = {k: v for k, v in self.flags_of(pid_of(d, name)).items() if "wr" in v and "[v" not in k}
                    unlocked = [k for k, v in writable.items() if "lo" not in v]
                    self.assertEqual(unlocked == [], locked, f"{name}: {unlocked}")
                self.assertIn(f'"memory_locked": {str(locked).lower()}',
                              json.dumps(json.loads(d.ctl("status", "-o", "json").stdout)))


if __name__ == "__main__":
    tap.main()
