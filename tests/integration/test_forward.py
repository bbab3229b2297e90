#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-forward by itself, between a log written by hand and a real journald: nothing missing, nothing doubled."""
import collections
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import tap
from handlog import ORIGIN, HandLog, leaf_hash
from tracexd import BUILD, CONFIG, SOURCE, Daemon, wait_until

FORWARD = os.environ.get("TX_FORWARD", os.path.join(BUILD, "auditd/forward/tracex-forward"))
FAIL = os.path.join(BUILD, "tests/lib/fail-syscall")
PRIVATE_JOURNALD = os.path.join(SOURCE, "tests/lib/private-journald")
JOURNALD_PID = "/run/journald.pid"
KEEP_DOWN = "/run/journald.keep-down"
HEADER = struct.Struct("<HHIQ")
PING, STATUS_GET, STOP = 1, 2, 3
READY, PONG, STATUS, STOPPED = 65, 66, 67, 68


def journal(*fields):
    """Every entry of ours as people find it, oldest first; with all fields, or the named ones."""
    only = [f"--output-fields={','.join(fields)}"] if fields else []
    result = subprocess.run(["journalctl", "--directory=/run/log/journal", "-o", "json", "--all", "-q", *only,
                             "SYSLOG_IDENTIFIER=tracex"],
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
        return [e for e in journal(*fields) if e.get("TRACEX_ORIGIN") == self.origin and e["_UID"] == "0"
                and e["MESSAGE"] != "forged"]

    def assert_exactly_once(self, expected=None):
        entries = self.entries("_UID", "MESSAGE", "TRACEX_ORIGIN", "TRACEX_SEQ", "TRACEX_LEAF", "TRACEX_CHECKPOINT")
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


class Fields(Case):
    def test_every_field_arrives(self):
        self.log.record(outcome="denied", severity="critical", message="zwei\nZeilen", host="web1",
                        source={"client": "0011223344556677", "n": 1, "pid": 812, "uid": 1000, "gid": 1000,
                                "comm": "shop", "exe": "/usr/bin/shop"},
                        correlation_id="corr-1",
                        data={"actor.id": "ü", "big": 18446744073709551615, "ok": True, "none": None,
                              "list": [1, {"a": "}"}], "x.y": 1, "x-y": 2})
        self.log.checkpoint()
        self.start().wait_until_idle(1)
        record, checkpoint = self.entries()
        expected = {
            "PRIORITY": "2", "SYSLOG_IDENTIFIER": "tracex", "MESSAGE_ID": "320d7636ab874434b8078a1e9b6dc42f",
            "TRACEX_ORIGIN": self.origin, "TRACEX_SEQ": "0", "TRACEX_EVENT": "hand.made", "TRACEX_OUTCOME": "denied",
            "TRACEX_LEAF": leaf_hash(self.log.lines[0]), "TRACEX_CORRELATION_ID": "corr-1",
            "TRACEX_SOURCE_PID": "812", "TRACEX_SOURCE_UID": "1000", "TRACEX_SOURCE_EXE": "/usr/bin/shop",
            "TRACEX_DATA_ACTOR_ID": "ü", "TRACEX_DATA_BIG": "18446744073709551615", "TRACEX_DATA_OK": "true",
            "TRACEX_DATA_NONE": "null", "TRACEX_DATA_LIST": '[1,{"a":"}"}]', "TRACEX_DATA_X_Y": "1",
            "TRACEX_DATA_X_Y_2": "2"}
        self.assertEqual({k: record.get(k) for k in expected}, expected)
        self.assertTrue(record["MESSAGE"].startswith("hand.made denied: zwei\nZeilen actor.id=ü"), record["MESSAGE"])
        self.assertEqual(checkpoint["TRACEX_CHECKPOINT"], self.log.note())
        self.assertEqual(checkpoint["MESSAGE_ID"], "6e0fb1f3cfa34381a66bff3800de0ab2")

    def test_a_record_of_the_largest_size_and_one_of_a_thousand_fields_arrive(self):
        self.log.record(data={"a": "x" * 60000})
        self.log.record(data={f"f{i}": i for i in range(1024)})
        self.log.append("{\"seq\":2,rubbish")
        self.log.lines.append("{\"seq\":2,rubbish")
        self.log.size += 1
        self.log.checkpoint()
        self.start().wait_until_idle(3)
        self.assert_exactly_once()
        large, many = self.entries()[:2]
        self.assertEqual(len(large["TRACEX_DATA_A"]), 60000)
        data = [k for k in many if k.startswith("TRACEX_DATA_F")]
        self.assertGreater(len(data), 450)
        self.assertEqual(len(data) + int(many["TRACEX_LEFT_OUT"]), 1024)
        self.assertNotIn("CODE_FILE", many)

    def test_only_what_is_grave_enough_is_sent_and_all_checkpoints(self):
        for severity in ("debug", "info", "notice", "warning", "error"):
            self.log.record(severity=severity)
        self.log.checkpoint()
        self.start(config="forward: {journald: {min_severity: warning}}").wait_until_idle(5)
        self.assert_exactly_once(expected=[3, 4])


class Following(Case):
    def test_nothing_is_passed_on_before_a_checkpoint_covers_it(self):
        f = self.start()
        self.log.records(3)
        self.log.checkpoint()
        f.wait_until_idle(3)
        self.log.records(3)
        self.log.replace("checkpoint", self.log.note())
        time.sleep(0.3)
        self.assertEqual(f.status()["records_confirmed"], 3)
        self.log.checkpoint()
        f.wait_until_idle(6)
        self.assert_exactly_once()

    def test_what_was_written_before_the_order_to_stop_is_sent(self):
        for number in range(60):
            f = self.start()
            for pause in (0.01 * random.random(), 0):
                self.log.record()
                self.log.checkpoint()
                time.sleep(pause)
            self.assertEqual(f.stop(), 0)
        self.assert_exactly_once()

    def test_rotation_compression_and_a_segment_that_was_given_up(self):
        f = self.start()
        sealed = []
        for _ in range(4):
            self.log.records(700)
            self.log.checkpoint()
            self.log.records(7)
            sealed.append(self.log.rotate())
            self.log.compress(sealed[-1])
        self.log.records(50)
        self.log.checkpoint()
        given_up = self.log.lines[self.log.size:]
        size = self.log.size
        self.log.records(20)
        again = self.log.lines[size:]
        self.log.append("{\"seq\":99")
        self.log.first = size
        self.log.append(json.dumps({"tracex": "segment", "version": 1}, separators=(",", ":")), *given_up, *again)
        self.log.checkpoint()
        f.wait_until_idle(self.log.size)
        self.assert_exactly_once()

    def test_a_log_that_is_made_later_is_waited_for(self):
        shutil.rmtree(self.log.directory)
        os.mkdir(self.log.directory)
        f = self.start()
        self.assertEqual(f.status()["state"], "starting")
        self.log = HandLog(self.log.directory, self.origin)
        self.log.records(2)
        self.log.checkpoint()
        f.wait_until_idle(2)
        self.assert_exactly_once()

    def test_a_stop_makes_one_last_pass(self):
        f = self.start()
        self.log.records(1000)
        self.log.checkpoint()
        self.assertEqual(f.stop(), 0)
        self.assert_exactly_once()
        self.start().wait_until_idle(1000)
        self.assert_exactly_once()


class Crashes(Case):
    def feed(self, rounds, between):
        for i in range(rounds):
            self.log.records(random.randrange(1, 1500))
            self.log.checkpoint()
            if i % 7 == 6:
                self.log.rotate()
            between(i)

    def test_journald_killed_in_the_middle_loses_and_doubles_nothing(self):
        f = self.start()

        def between(_):
            time.sleep(random.random() * 0.05)
            kill_journald()
        self.feed(15, between)
        f.wait_until_idle(self.log.size)
        self.assert_exactly_once()
        self.assertEqual(f.stop(), 0)

    def test_forward_killed_at_any_moment_loses_and_doubles_nothing(self):
        def between(_):
            time.sleep(random.random() * 0.08)
            self.running.kill()
            self.start()
        self.start()
        self.feed(25, between)
        self.running.wait_until_idle(self.log.size)
        self.assert_exactly_once()

    def test_both_killed_together(self):
        def between(_):
            time.sleep(random.random() * 0.05)
            self.running.kill()
            kill_journald()
            self.start()
        self.start()
        self.feed(10, between)
        self.running.wait_until_idle(self.log.size)
        self.assert_exactly_once()

    def test_the_check_itself_notices_what_is_missing_or_doubled(self):
        self.log.records(5)
        self.log.checkpoint()
        self.start().wait_until_idle(5)
        self.assert_exactly_once()
        with self.assertRaisesRegex(AssertionError, "0 missing, 1 doubled"):
            forge(3, TRACEX_ORIGIN=self.origin, TRACEX_LEAF=leaf_hash(self.log.lines[3]), MESSAGE="again")
            wait_until(lambda: len(self.entries()) == 7, what="the second one")
            self.assert_exactly_once()
        self.log.records(1)
        with self.assertRaisesRegex(AssertionError, "1 missing, 1 doubled"):
            self.assert_exactly_once()

    def test_a_lost_cursor_doubles_nothing(self):
        f = self.start()
        self.feed(5, lambda i: None)
        f.wait_until_idle(self.log.size)
        for damage in (lambda path: os.unlink(path), lambda path: open(path, "w", encoding="utf-8").close()):
            self.running.kill()
            damage(os.path.join(self.state, "cursor"))
            self.log.records(10)
            self.log.checkpoint()
            self.start().wait_until_idle(self.log.size)
            self.assert_exactly_once()

    def test_a_hanging_journald_delays_forwarding_only(self):
        f = self.start()
        self.log.records(10)
        self.log.checkpoint()
        f.wait_until_idle(10)
        pid = journald_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.log.records(2000)
            self.log.checkpoint()
            wait_until(lambda: f.status()["records_sent"] > 10, what="sending")
            for i in range(5):
                f.ask(PING, PONG, argument=i)
                self.assertEqual(f.argument, i)
            self.assertEqual(f.stop(), 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.start().wait_until_idle(2010)
        self.assert_exactly_once()

    def test_an_absent_journald_is_waited_for_without_a_busy_loop(self):
        f = self.start()
        self.log.records(10)
        self.log.checkpoint()
        f.wait_until_idle(10)
        open(KEEP_DOWN, "w", encoding="utf-8").close()
        kill_journald()
        self.log.records(3000)
        self.log.checkpoint()
        wait_until(lambda: f.status()["state"] == "journald is away", what="the status says so")
        self.assertIn("journald is away", f.status()["error"])

        def cpu():
            with open(f"/proc/{f.pid}/stat", encoding="utf-8") as stat:
                return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))
        before = cpu()
        time.sleep(2)
        self.assertLess((cpu() - before) / os.sysconf("SC_CLK_TCK"), 0.5)
        os.unlink(KEEP_DOWN)
        f.wait_until_idle(3010)
        self.assertNotIn("error", f.status())
        self.assert_exactly_once()

    def test_entries_that_journald_drops_are_sent_again(self):
        drop_in = "/run/systemd/journald.conf.d/zzz-drop.conf"
        with open(drop_in, "w", encoding="utf-8") as conf:
            conf.write("[Journal]\nMaxLevelStore=err\n")
        try:
            kill_journald()
            f = self.start()
            for i in range(1500):
                self.log.record(severity="error" if i % 3 else "info")
            self.log.checkpoint()
            wait_until(lambda: f.status()["state"] == "dropped", what="the status says so")
            self.assertIn("MaxLevelStore", f.status()["error"])
        finally:
            os.unlink(drop_in)
            kill_journald()
        self.assertGreater(f.wait_until_idle(1500)["resent"], 0)
        self.assert_exactly_once()


class Trust(Case):
    @needs_another_user
    def test_forged_entries_fool_nobody(self):
        self.log.records(20)
        self.log.checkpoint()
        mine = {"TRACEX_ORIGIN": self.origin}
        for seq in (0, 5, 19, 20, 700, 2**64 - 1):
            forge(seq, user=65534, **mine, TRACEX_LEAF=leaf_hash(self.log.lines[seq % 20]))
            forge(seq, **mine)
        forge("rubbish", **mine)
        forge(3, **mine, TRACEX_CHECKPOINT="rubbish")
        f = self.start()
        f.wait_until_idle(20)
        self.assert_exactly_once()
        # Also when they are the last in the journal and the cursor is lost.
        f.kill()
        os.unlink(os.path.join(self.state, "cursor"))
        for seq in (0, 19, 20, 2**63):
            forge(seq, user=65534, **mine, TRACEX_LEAF=leaf_hash(self.log.lines[seq % 20]))
            forge(seq, **mine)
        self.log.records(5)
        self.log.checkpoint()
        self.start().wait_until_idle(25)
        self.assert_exactly_once()

    def test_another_log_of_the_same_name_begins_at_its_own_beginning(self):
        self.log.records(30)
        self.log.checkpoint()
        self.start().wait_until_idle(30)
        self.running.kill()
        shutil.rmtree(self.log.directory)
        self.log = HandLog(self.log.directory, self.origin)
        self.log.replace("log.json", open(os.path.join(self.log.directory, "log.json"), encoding="utf-8").read()
                         .replace("}\n", ',"continues":{"origin":"%s","checkpoint":"%s"}}\n' % (
                             self.origin, self.log.note().replace("\n", "\\n"))))
        self.log.records(3, outcome="unknown")
        self.log.checkpoint()
        self.start().wait_until_idle(3)
        leaves = [e.get("TRACEX_LEAF") for e in self.entries()]
        self.assertEqual([leaves.count(leaf_hash(line)) for line in self.log.lines], [1, 1, 1])

    @needs_another_user
    def test_without_permission_to_read_it_says_so_and_sends_once(self):
        if os.path.exists("/run/log/journal") and os.stat("/run/log/journal").st_gid != 0:
            os.chown("/run/log/journal", 0, 0)
        os.chown(self.state, 65534, 65534)
        f = self.start(options=["--uid", "65534", "--gid", "65534"])
        self.log.records(700)
        self.log.checkpoint()
        status = f.wait_until_idle(700)
        self.assertEqual(status["journal"], "not readable")
        self.assertIn("systemd-journal", status["error"])
        self.assertEqual(f.stop(), 0)
        mine = [e for e in journal() if e.get("TRACEX_ORIGIN") == self.origin and "TRACEX_SEQ" in e]
        self.assertEqual([int(e["TRACEX_SEQ"]) for e in mine], list(range(700)))
        self.assertEqual({e["_UID"] for e in mine}, {"65534"})

    @needs_another_user
    def test_the_journals_group_is_kept_when_the_user_changes(self):
        machine = open("/etc/machine-id", encoding="utf-8").read().strip()
        places = ["/run/log/journal", f"/run/log/journal/{machine}", f"/run/log/journal/{machine}/system.journal"]
        os.chown(self.state, 65534, 65534)
        try:
            for path in places:
                os.chown(path, 0, 4242)
            f = self.start(options=["--uid", "65534", "--gid", "65534"])
            self.log.records(10)
            self.log.checkpoint()
            self.assertEqual(f.wait_until_idle(10)["journal"], "readable")
        finally:
            for path in places:
                os.chown(path, 0, 0)

    def test_the_sandbox_is_entered(self):
        report = self.start().ready
        for part in ("seccomp", "no_new_privileges", "no_capabilities", "core_dumps_off"):
            self.assertTrue(report[part], report)


class WholeDaemon(unittest.TestCase):
    def test_every_record_of_a_log_stands_in_the_journal_once_when_the_daemon_has_stopped(self):
        config = CONFIG.replace("journald: {enabled: false}", "journald: {enabled: true}").replace(
            "test.example/audit", "whole.example/audit").replace(
            "max_bytes: 64MiB", "max_bytes: 1MiB").replace("compress: none", "compress: zstd")
        with Daemon(config).start() as d:
            d.emit("--durable", "--count", 100, "--event", "whole.run", "--field", "colour=red")
            d.emit("--count", 5000, "--event", "whole.run")
            os.kill(d.child("tracex-forward"), signal.SIGKILL)
            kill_journald()
            d.emit("--durable", "--count", 2000, "--event", "whole.run")
            wait_until(lambda: len(d.records("whole.run")) == 7100, 60, "all records")

            def forward():
                return d.status()["forward"].get("status", {})
            wait_until(lambda: forward().get("records_confirmed", 0) >= 7100, 60, f"confirmed; {forward()}")
            self.assertEqual(d.stop(), 0)
            expected = {r["seq"]: r["event"] for r in d.records()}
            self.assertEqual(max(expected), len(expected) - 1)
        entries = [e for e in journal("TRACEX_ORIGIN", "TRACEX_SEQ", "TRACEX_EVENT")
                   if e["TRACEX_ORIGIN"] == "whole.example/audit" and "TRACEX_SEQ" in e]
        self.assertEqual(len(entries), len(expected))
        self.assertEqual({int(e["TRACEX_SEQ"]): e["TRACEX_EVENT"] for e in entries}, expected)

    def test_old_segments_are_removed_when_the_journal_has_them_and_not_before(self):
        config = CONFIG.replace("journald: {enabled: false}", "journald: {enabled: true}").replace(
            "segment: {max_bytes: 64MiB, max_age: 1d, compress: none}",
            "segment: {max_bytes: 64KiB, max_age: 1d, compress: none}\n  retain: {max_bytes: 64KiB}").replace(
            "test.example/audit", "retain.example/audit")
        with Daemon(config) as d:
            pathlib.Path(KEEP_DOWN).touch()
            kill_journald()
            try:
                d.start()
                for _ in range(5):
                    d.emit("--durable", "--count", 20, "--field", "fill=" + "z" * 3000)
                wait_until(lambda: "removal_waits_for: journald" in d.ctl("status").stdout, 30, "the status")
                self.assertEqual(int(d.segments()[0][:20]), 0)
            finally:
                os.unlink(KEEP_DOWN)
            wait_until(lambda: int(d.segments()[0][:20]) > 0, 60, "old segments to be removed")
            self.assertEqual(d.stop(), 0)
            code, text = d.verify("--whole")
            self.assertEqual(code, 5, text)
            seqs = sorted(int(e["TRACEX_SEQ"]) for e in journal("TRACEX_ORIGIN", "TRACEX_SEQ")
                          if e.get("TRACEX_ORIGIN") == "retain.example/audit" and "TRACEX_SEQ" in e)
            self.assertEqual(seqs, list(range(len(seqs))))
            self.assertGreater(len(seqs), 100)

    @unittest.skipUnless(os.getuid() == 0, "becoming another user needs root")
    def test_children_of_another_user_forward_too(self):
        config = CONFIG.replace("version: 1", "version: 1\nuser: nobody").replace(
            "journald: {enabled: false}", "journald: {enabled: true}").replace(
            "test.example/audit", "nobody.example/audit")
        with Daemon(config).start() as d:
            d.emit("--durable", "--event", "nobody.run")
            wait_until(lambda: [e for e in journal("TRACEX_ORIGIN", "TRACEX_EVENT")
                                if e.get("TRACEX_EVENT") == "nobody.run"], 30, "the record in the journal")
            self.assertEqual(d.stop(), 0)


@unittest.skipUnless(os.access(FAIL, os.X_OK) and os.getuid() == 0, "needs x86-64 and root to let calls fail")
class FailingCalls(Case):
    """One call in three fails, while records come; it may end, and is started again, as the supervisor would."""

    CASES = {"sendmsg": ("!4", "!5", "!105"), "openat": ("!5", "!24", "!28", "!4"), "write": ("!5", "!28", "!4", "short"),
             "fsync": ("!5", "5"), "renameat": ("!5", "!28"), "read": ("!4",), "pread64": ("!5", "!4", "short"),
             "getdents64": ("!5",), "newfstatat": ("!5",), "recvmsg": ("!4",), "sendto": ("!4",)}

    def work(self, call, what):
        restarts = 0
        while True:
            f = self.running or self.start()
            tracer = subprocess.Popen([FAIL, str(f.pid), call, what, str(1 + restarts), "1000000", "3"],
                                      stdout=subprocess.PIPE, text=True)
            self.assertEqual(tracer.stdout.readline(), "attached\n")
            try:
                for _ in range(8):
                    self.log.records(20)
                    self.log.checkpoint()
                    time.sleep(0.02)
                f.status()
                return restarts
            except (Ended, OSError):
                restarts += 1
                f.kill()
                self.running = None
                self.assertLess(restarts, 40, "it ends again and again")
            finally:
                tracer.send_signal(signal.SIGTERM)
                said = tracer.communicate(timeout=30)[0].split()
                self.failures += int(said[1]) if said[:1] == ["failed"] else 0

    def test_nothing_is_missing_or_doubled_after_calls_that_failed(self):
        self.failures, restarts = 0, 0
        for call, kinds in self.CASES.items():
            for what in kinds:
                with self.subTest(call=call, what=what):
                    restarts += self.work(call, what)
                    try:
                        self.running.wait_until_idle(self.log.size)
                    except (Ended, OSError):  # of the last call that failed
                        restarts += 1
                        self.running.kill()
                        self.start().wait_until_idle(self.log.size)
                    self.assert_exactly_once()
        print(f"# {self.failures} calls failed, {restarts} restarts")
        self.assertGreater(self.failures, 50)


def main():
    if os.environ.get("TX_PRIVATE_JOURNALD") != "1":
        result = subprocess.run([PRIVATE_JOURNALD, sys.executable, __file__, *sys.argv[1:]], check=False,
                                env=dict(os.environ, TX_PRIVATE_JOURNALD="1"))
        if result.returncode == 77:
            print("1..0 # SKIP no private journald can be started here")
            return
        sys.exit(result.returncode)
    tap.main()


if __name__ == "__main__":
    main()
