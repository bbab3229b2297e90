#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of ingest at its n-th system call of each kind, from its start to its stop: what clients sent is stored once
and acknowledged."""
import contextlib
import os
import shutil
import signal
import time
import unittest

import ingest_rig as rig
import tap
from ingest_rig import Case, Rig, record

# Every one or a part of them.
STEP = 1 if int(os.environ.get("TX_KILLS", "100")) > 200 else 4
CALLS = ("recvmsg", "recvmmsg", "recvfrom", "sendmsg", "sendto", "epoll_ctl", "epoll_wait", "timerfd_settime", "shutdown", "close",
         "read")


class WatchedClient(rig.Client):
    """Gives up waiting when ingest is dead."""

    watched = None

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            r = self.watched
            if r.pid is None or os.waitid(os.P_PID, r.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise ConnectionError(f"it has ended: {what}")
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            self.read(0.02)


class Watched(Rig):
    def __enter__(self):
        return self  # it is started when it is to be

    def connect(self, secret=None, pid=None):
        client = super().connect(secret, pid)
        client.__class__ = WatchedClient
        client.watched = self
        return client


@unittest.skipUnless(shutil.which("strace"), "no strace")
@unittest.skipIf(os.environ.get("TX_SANITIZED"), "the calls of a sanitizer are of no interest")
class Kills(Case):
    def work(self, r, clients):
        """Its whole life: clients that come, wait for receipts, send much, are malformed or go; a new ledger; a stop."""
        for _ in range(2):
            clients.append(r.connect())
        a, b = clients
        for _ in range(3):
            a.log(receipt=True)
            a.wait_acked()
        for _ in range(20):
            b.send(record(b.n), record(b.n + 1))
            b.n += 2
        r.connect().lane.send(b"TXrubbish")
        b.wait_acked()
        a.log()
        r.new_ledger()
        b.log(receipt=True)
        b.wait_acked()
        a.wait_acked()
        r.say(rig.STOP)
        r.hear(rig.STOPPED)
        r.wait_exit()

    @staticmethod
    def has_ended(r):
        """It, and strace, which ends as it did."""
        if r.pid is not None:
            with contextlib.suppress(AssertionError):
                r.wait_exit(10)
        return r.exit_status == -signal.SIGKILL

    def run_one(self, call, n):
        """False when it came through before its n-th call."""
        clients = []
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                  f"inject={call}:signal=SIGKILL:when={n}"]
        with Watched() as r:
            with contextlib.suppress(AssertionError, ConnectionError, OSError):
                r.start(wrapper=strace)
                self.work(r, clients)
            if not self.has_ended(r):
                return False
            r.start()
            for client in clients:
                with contextlib.suppress(ConnectionError):  # it was told to end, and is not read any more
                    client.log()
                    client.wait_acked()
            stored = [[last for _, last, body in r.log.of(c) if b"tracex.lost" not in body] for c in clients]
            for client, numbers in zip(clients, stored):
                self.assertEqual(numbers, list(range(len(numbers))), "each once, in order")
                self.assertGreaterEqual(len(numbers), client.acked)
                self.assertGreaterEqual(len(numbers), client.n - 1, "what was sent is stored")
            self.assertEqual(r.log.faults, [])
        return True

    def test_at_any_system_call(self):
        total = 0
        for call in CALLS:
            n, kills = 1, 0
            with self.subTest(call=call):
                while self.run_one(call, n):
                    n += STEP
                    kills += 1
                    self.assertLess(n, 2000)
                print(f"# {call}: killed {kills} times")
                total += kills
        self.assertGreater(total, 30)


if __name__ == "__main__":
    tap.main()
