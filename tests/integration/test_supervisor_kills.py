#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of the supervisor at its n-th system call of each kind, from its start to its stop, beside a service manager
that keeps descriptors: clients go on, what they logged is stored once, and each next start comes through."""
import collections
import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
import unittest

import fd_store
import history
import second_verifier
import tap
from tracexd import CONFIG, Daemon, wait_until

# Every one or a part of them.
SAMPLE = None if int(os.environ.get("TX_KILLS", "100")) > 200 else 40
STRACE = shutil.which("strace")
RULES = "masking:\n  rules:\n    - {id: colour, match: {fields: [%s]}, action: redact}\n"
# What changes nothing, and is therefore not in a part of them.
QUIET = re.compile(r"prctl|get\w+|f?access\w*|\w*stat\w*|mmap|munmap|mprotect|madvise|brk|uname|umask|readlink|prlimit64|"
                   r"timerfd_create|fcntl|setsockopt|seccomp|landlock\w+|lseek|mlock")
VICTIMS = ("tracex-ingest", "tracex-ledger")


class Gone(Exception):
    """The supervisor was killed, as it was meant to be."""


class Lives:
    """A daemon that lives again and again, and clients that outlive it."""

    def __init__(self, case):
        self.d = Daemon(CONFIG.replace("max_bytes: 64MiB", "max_bytes: 256KiB"))
        case.addCleanup(self.d.__exit__, None, None, None)
        self.store = fd_store.Store(self.d)
        case.addCleanup(self.store.close)
        self.kept, self.strace, self.number = self.d.prefix, [], 0
        self.d.prefix = self.prefix
        self.clients = history.Clients(self.d)

    def prefix(self):
        """strace as a grandchild (-D), so that the daemon is who was told to be the one of LISTEN_PID."""
        command, fds = self.kept()
        return [*command, *self.strace], fds

    def start_clients(self):
        for options in (("--durable", 100), ("--durable", 10, "--buffered", 40, "--forks", 2)):
            self.clients.start("--threads", 2, "--pace", 4000, *options)

    def is_gone(self):
        return self.d.process.poll() is not None

    def wait(self, condition, what):
        wait_until(lambda: self.is_gone() or condition(), 60, what)
        if self.is_gone():
            raise Gone

    def new_child(self, name):
        pid = self.d.child(name)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait(lambda: self.d.child(name) not in (pid, None), f"another {name}")

    def work(self):
        """All that a supervisor does: children, connections that come and go, a reload, a restart, a status, a stop."""
        said = len(self.d.stderr())
        self.d.start(ready=False)
        self.wait(lambda: re.search(r"\bready\b", self.d.stderr()[said:]), "ready")
        self.d.emit("--durable", "--timeout", 1000, check=False)
        self.d.write_config(CONFIG + RULES % ("colour" if self.number % 2 else "shape"))
        self.d.ctl("reload", "--allow-weaker")
        self.new_child(VICTIMS[self.number % 2])
        self.d.ctl("status")
        self.d.emit("--durable", "--timeout", 1000, check=False)
        if self.is_gone():
            raise Gone
        self.d.stop(60)

    def live(self, *strace):
        """One life under strace; its exit status."""
        self.strace = [STRACE, "-D", "-qq", *strace] if strace else []
        self.number += 1
        with contextlib.suppress(Gone, ProcessLookupError):
            self.work()
        return self.d.process.wait(60)


def points(trace):
    """[(call, its n-th)] in order, from where it reads its configuration."""
    counts, found, begun = collections.Counter(), [], False
    for line in trace:
        name = re.match(r"(\w+)\(", line)
        if name:
            counts[name[1]] += 1
            begun = begun or "tracex.yaml" in line and name[1] == "openat"
            if begun:
                found.append((name[1], counts[name[1]]))
    return found


def some(items):
    if SAMPLE is None:
        return items
    items = [x for x in items if not QUIET.fullmatch(x[0])]
    return [items[i * len(items) // SAMPLE] for i in range(SAMPLE)]


@unittest.skipUnless(STRACE, "no strace")
@unittest.skipIf(os.environ.get("TX_SANITIZED"), "the calls of a sanitizer are of no interest")
class Kills(unittest.TestCase):
    def recorded(self, lives):
        """The calls of a life that nobody ends, which begins as each does: with what was kept of the one before."""
        lives.d.start()
        lives.start_clients()
        os.kill(lives.d.supervisor(), signal.SIGKILL)
        lives.d.process.wait()
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as trace:
            self.assertEqual(lives.live("-o", trace.name), 0)
            return points(trace)

    def test_at_any_system_call(self):
        lives = Lives(self)
        found = self.recorded(lives)
        self.assertGreater(len(found), 400)
        killed = collections.Counter()
        for call, n in some(found):
            status = lives.live("-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={n}")
            self.assertIn(status, (0, -signal.SIGKILL), f"{call} {n}")
            killed[call] += status != 0
        print(f"# of {len(found)} calls, killed at {sum(killed.values())}: {dict(killed)}")
        # No life has just as many calls of each kind as the one before: 32 to 36 of 40 were met.
        self.assertGreater(sum(killed.values()), len(some(found)) // 2)
        self.holds(lives)

    def holds(self, lives):
        lives.strace = []
        d = lives.d.start()
        self.assertEqual(set(lives.clients.stop()), {0}, "everything became durable in the end")
        self.assertEqual(d.stop(60), 0)
        log = second_verifier.Log(d.log).read().check_latest()
        self.assertEqual(d.verify()[0], 0)
        histories = lives.clients.histories()
        complaints = history.check(histories, log.records)
        print(f"# {history.count(histories)}, {log.tree.size} records, {len(d.segments())} segments")
        self.assertEqual(complaints[:20], [], f"{len(complaints)} complaints")
        for level in ("durable", "queued", "buffered"):
            self.assertGreater(history.count(histories)[level], 100)


if __name__ == "__main__":
    tap.main()
