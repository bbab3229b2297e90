# SPDX-License-Identifier: MIT
"""Runs tracex-forward alone, between a log written by hand and a real journald of its own (private-journald)."""
import collections
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import tap
from handlog import ORIGIN, HandLog, leaf_hash
from tracexd import BUILD, SOURCE, wait_until

FORWARD = os.environ.get("TX_FORWARD", os.path.join(BUILD, "auditd/forward/tracex-forward"))
PRIVATE_JOURNALD = os.path.join(SOURCE, "tests/lib/private-journald")
JOURNALD_PID = "/run/journald.pid"
KEEP_DOWN = "/run/journald.keep-down"
HEADER = struct.Struct("<HHIQ")
PING, STATUS_GET, STOP = 1, 2, 3
READY, PONG, STATUS, STOPPED = 65, 66, 67, 68


def journal(origin, *fields):
    """Every entry of that log as people find it, oldest first; with all fields, or the named ones."""
    only = [f"--output-fields={','.join(fields)}"] if fields else []
    result = subprocess.run(["journalctl", "--directory=/run/log/journal", "-o", "json", "--all", "-q", *only,
                             "SYSLOG_IDENTIFIER=tracex", "TRACEX_ORIGIN=" + origin],
                            stdout=subprocess.PIPE, check=False)
    return [json.loads(line) for line in result.stdout.splitlines()]


def journald_pid():
    with open(JOURNALD_PID, encoding="utf-8") as f:
        return int(f.read())


def kill_journald():
    """It is started again at once, unless it is to be kept down."""
    pid = journald_pid()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: os.path.exists(KEEP_DOWN) or journald_pid() != pid, what="another journald")


def forge(seq, user=None, **fields):
    """Logs an entry that claims to be ours."""
    message = "\n".join(f"{k}={v}" for k, v in {
        "MESSAGE": "forged", "SYSLOG_IDENTIFIER": "tracex", "TRACEX_ORIGIN": ORIGIN, "TRACEX_SEQ": seq,
        "TRACEX_LEAF": "ab" * 32, **fields}.items()) + "\n"
    as_user = ["setpriv", "--reuid", str(user), "--clear-groups"] if user else []
    subprocess.run([*as_user, "logger", "--journald"], input=message, text=True, check=True)


def only_one_user():
    with open("/proc/self/uid_map", encoding="utf-8") as f:
        return not any(int(first) <= 65534 < int(first) + int(count) for first, _, count in map(str.split, f))


needs_another_user = unittest.skipIf(only_one_user(), "this user namespace has no other user")


class Ended(Exception):
    pass


class Forward:
    """The supervisor's side of tracex-forward."""

    def __init__(self, log, state, config="forward: {journald: {min_severity: debug}}", options=()):
        self.control, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(60)
        memfd = os.memfd_create("config")
        os.write(memfd, f"version: 1\n{config}\n".encode())
        fds = [child.fileno(), memfd, os.open(log, os.O_RDONLY | os.O_DIRECTORY),
               os.open(state, os.O_RDONLY | os.O_DIRECTORY)]
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 40) for fd in fds]
        self.stderr = tempfile.TemporaryFile("w+")
        self.pid = os.posix_spawn(FORWARD, [FORWARD, *options], os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, self.stderr.fileno(), 2),
            *((os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(high))])
        child.close()
        for fd in fds[1:] + high:
            os.close(fd)
        self.status_code = None
        kind, self.ready = self.receive()
        assert kind == READY, kind

    def said(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def send(self, kind, argument=0):
        self.control.send(HEADER.pack(kind, 0, 0, argument))

    def receive(self):
        data = self.control.recv(20000)
        if not data:
            raise Ended("tracex-forward ended: " + self.said())
        kind, _, n, self.argument = HEADER.unpack_from(data)
        assert n == len(data) - HEADER.size
        return kind, json.loads(data[HEADER.size:]) if n else None

    def ask(self, kind, answer, argument=0):
        self.send(kind, argument)
        got, payload = self.receive()
        assert got == answer, got
        return payload

    def status(self):
        return self.ask(STATUS_GET, STATUS)

    def wait_until_idle(self, records, seconds=120):
        return wait_until(lambda: (s := self.status())["records_confirmed"] == records and s["state"] == "idle" and s,
                          seconds, f"{records} records confirmed; {self.status()}; {self.said()}")

    def kill(self):
        if self.status_code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self):
        self.status_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.control.close()
        return self.status_code

    def stop(self):
        self.ask(STOP, STOPPED)
        return self.wait()


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tracex-forward-")
        os.chmod(self.dir, 0o755)
        self.state = os.path.join(self.dir, "state")
        os.mkdir(self.state)
        self.running = None
        # A log of its own for each test, so that all may share one journal.
        self.origin = f"{self.id().rsplit('.', 1)[-1]}.example/audit"
        self.log = HandLog(os.path.join(self.dir, "log"), self.origin)

    def tearDown(self):
        if self.running:
            self.running.kill()
        if os.path.exists(KEEP_DOWN):
            os.unlink(KEEP_DOWN)
        shutil.rmtree(self.dir)

    def start(self, **kwargs):
        self.running = Forward(self.log.directory, self.state, **kwargs)
        return self.running

    def entries(self, *fields):
        return [e for e in journal(self.origin, *fields) if e["_UID"] == "0" and e["MESSAGE"] != "forged"]

    def assert_exactly_once(self, expected=None):
        entries = self.entries("_UID", "MESSAGE", "TRACEX_SEQ", "TRACEX_LEAF", "TRACEX_CHECKPOINT")
        seqs = [int(e["TRACEX_SEQ"]) for e in entries if "TRACEX_SEQ" in e]
        expected = range(self.log.size) if expected is None else expected
        count = collections.Counter(seqs)
        doubled = sorted(seq for seq, times in count.items() if times > 1)
        missing = sorted(set(expected) - set(seqs))
        self.assertEqual((missing[:5], doubled[:5]), ([], []), f"{len(missing)} missing, {len(doubled)} doubled")
        self.assertEqual(sorted(seqs), list(expected))
        for e in entries:
            if "TRACEX_SEQ" in e:
                self.assertEqual(e["TRACEX_LEAF"], leaf_hash(self.log.lines[int(e["TRACEX_SEQ"])]))
        notes = [int(e["TRACEX_CHECKPOINT"].split("\n")[1]) for e in entries if "TRACEX_CHECKPOINT" in e]
        self.assertEqual(sorted(notes), self.log.sizes)
        return seqs


def main():
    """As tap.main(), beside that journald."""
    if os.environ.get("TX_PRIVATE_JOURNALD") != "1":
        result = subprocess.run([PRIVATE_JOURNALD, sys.executable, *sys.argv], check=False,
                                env=dict(os.environ, TX_PRIVATE_JOURNALD="1"))
        if result.returncode == 77:
            print("1..0 # SKIP no private journald can be started here")
            return
        sys.exit(result.returncode)
    tap.main()
