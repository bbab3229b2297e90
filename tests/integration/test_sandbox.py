#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each process of the running daemon can do only its job: a debugger plays one that was taken over."""
import errno
import os
import platform
import re
import signal
import subprocess
import unittest

import tap
from tracexd import BUILD, CHILDREN, Daemon, descriptors, wait_until
from vault_rig import make_keys

ALL = CHILDREN + ("tracex-vault",)
INJECT = os.path.join(BUILD, "tests/lib/inject-syscall")


def status_of(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return re.search(rf"^{key}:\s*(\S+)", f.read(), re.M).group(1)


@unittest.skipUnless(os.getuid() == 0 and platform.machine() == "x86_64", "needs root and x86-64 to inject calls")
class Sandbox(unittest.TestCase):
    def inject(self, pid, *call):
        return subprocess.run([INJECT, str(pid), *call], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()

    def refused(self, text):
        """Killed by seccomp, or refused by Landlock, chroot or the mode of a file."""
        if text == f"killed by {int(signal.SIGSYS)}":
            return True
        m = re.fullmatch(r"= (-\d+)", text)
        return bool(m) and -int(m.group(1)) in (errno.EACCES, errno.EPERM, errno.ENOENT)

    def start(self, d):
        """With keys of persons, so that the vault runs too."""
        make_keys(os.path.join(d.dir, "vault"), "somebody")
        d.start()
        wait_until(lambda: d.child("tracex-vault"), 30, "vault")
        return d

    def test_the_injection_works_on_a_process_without_walls(self):
        """The control: the same calls succeed in a process that has no sandbox."""
        child = subprocess.Popen(["sleep", "60"])
        try:
            self.assertRegex(self.inject(child.pid, "openat", "/etc/passwd"), r"^= \d+$")
            self.assertRegex(self.inject(child.pid, "socket"), r"^= \d+$")
        finally:
            child.kill()
            child.wait()

    def test_no_child_opens_a_file_of_the_system_or_a_socket_or_a_program(self):
        with Daemon() as d:
            self.start(d).emit("--durable")
            for call in (("openat", "/etc/passwd"), ("socket",), ("execve", "/bin/true")):
                for name in ALL:
                    pid = wait_until(lambda: d.child(name), 30, name)
                    wait_until(lambda: status_of(pid, "Seccomp") == "2", 30, f"{name} in its sandbox")
                    with self.subTest(process=name, call=call):
                        self.assertTrue(self.refused(self.inject(pid, *call)))
                    d.emit("--durable")  # it is running again

    def test_the_ledger_cannot_read_a_key(self):
        with Daemon().start() as d:
            keys = os.path.join(d.dir, "keys")
            for name in os.listdir(keys):
                path = os.path.join(keys, name)
                if not os.path.isfile(path):
                    continue
                pid = wait_until(lambda: d.child("tracex-ledger"), 30, "ledger")
                wait_until(lambda: status_of(pid, "Seccomp") == "2", 30, "ledger in its sandbox")
                with self.subTest(key=name):
                    self.assertTrue(self.refused(self.inject(pid, "openat", path)))

    def test_children_have_no_capabilities_and_gain_no_privileges(self):
        with Daemon() as d:
            self.start(d)
            for name in ALL:
                pid = d.child(name)
                self.assertEqual(int(status_of(pid, "CapEff"), 16), 0, name)
                self.assertEqual(int(status_of(pid, "CapPrm"), 16), 0, name)
                self.assertEqual(status_of(pid, "NoNewPrivs"), "1", name)
                self.assertEqual(status_of(pid, "Seccomp"), "2", name)

    def test_the_signer_holds_no_descriptor_of_the_log_and_the_ledger_none_of_the_keys(self):
        with Daemon() as d:
            self.start(d)
            for name, forbidden in (("tracex-ledger", "/keys"), ("tracex-signer", "/log"),
                                    ("tracex-ingest", "/keys"), ("tracex-ingest", "/log"),
                                    ("tracex-vault", "/keys"), ("tracex-vault", "/log"),
                                    ("tracex-ingest", "/vault"), ("tracex-ledger", "/vault"),
                                    ("tracex-signer", "/vault")):
                self.assertEqual([h for h in descriptors(d.child(name)) if h.startswith(d.dir + forbidden)], [], name)


if __name__ == "__main__":
    tap.main()
