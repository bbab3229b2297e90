#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator and an auditor type, with good and with bad input."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import second_verifier
import tap
from tracexd import AUDITD, CONFIG, VERIFY, Daemon, wait_until


def run(*command, **kwargs):
    return subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=60, check=False, **kwargs)


class Configuration(unittest.TestCase):
    def check(self, text):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "tracex.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return run(AUDITD, "-t", "-c", path)

    def test_a_good_file_is_accepted_and_its_effective_form_too(self):
        self.assertEqual(self.check(CONFIG).returncode, 0)
        self.assertEqual(self.check("version: 1\n").returncode, 0)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "tracex.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(CONFIG)
            effective = run(AUDITD, "-T", "-c", path)
            self.assertEqual(effective.returncode, 0, effective.stderr)
            self.assertIn("commit_interval", effective.stdout)
            again = self.check(effective.stdout)
            self.assertEqual(again.returncode, 0, again.stderr)

    def test_every_error_is_named_in_one_run_with_its_place(self):
        bad = self.check("version: 1\nlog:\n  dirr: x\n  segment: {max_bytes: 64}\nkeys: {epoch: soon}\nversion: 1\n")
        self.assertEqual(bad.returncode, 1)
        for place in (":3:3", ":4:", ":5:", ":6:1"):
            self.assertIn(f"tracex.yaml{place}", bad.stderr)
        self.assertIn("did you mean", bad.stderr)
        self.assertIn("^", bad.stderr)

    def test_anchors_tags_and_wrong_types_are_errors(self):
        for text in ("version: &v 1\n", "version: !!int 1\n", "version: one\n", "version: 1\nlog: [a]\n",
                     "version: 1\nlog: {origin: 'a b'}\n", "version: 1\nsocket: {mode: '0999'}\n", "version: 2\n",
                     "version: 1\n---\nversion: 1\n", "\tversion: 1\n", "version: 1\nuser: no-such-user-anywhere\n", ""):
            bad = self.check(text)
            self.assertEqual(bad.returncode, 1, f"{text!r}: {bad.stderr}")
            self.assertRegex(bad.stderr, r"tracex\.yaml:\d+:\d+", text)

    def test_a_file_that_cannot_be_read_says_so(self):
        for path in ("/nonexistent/tracex.yaml", "/"):
            bad = run(AUDITD, "-t", "-c", path)
            self.assertEqual(bad.returncode, 1)
            self.assertIn(path, bad.stderr)

    def test_an_unknown_option_is_a_usage_error(self):
        bad = run(AUDITD, "--frobnicate")
        self.assertEqual(bad.returncode, 2)
        self.assertIn("usage", bad.stderr.lower())


class Running(unittest.TestCase):
    def test_a_second_daemon_on_one_log_is_refused_and_a_stale_socket_is_replaced(self):
        with Daemon().start() as d:
            other = run(AUDITD, "-c", d.config)
            self.assertNotEqual(other.returncode, 0)
            self.assertTrue(other.stderr.strip())
            d.emit("--durable")
            d.kill()
            self.assertTrue(os.path.exists(d.socket))
            d.start()
            d.emit("--durable")

    def test_sigterm_loses_no_queued_record_and_leaves_nothing_half_written(self):
        with Daemon().start() as d:
            d.emit("--count", 5000, "--event", "before.term")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.records("before.term")), 5000)
            self.assertEqual(d.records()[-1]["event"], "tracex.stop")
            self.assertEqual(d.verify()[0], 0)

    def test_an_ordinary_user_runs_it_with_directories_of_his_own(self):
        if os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv to become somebody else")
        as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*as_nobody, "test", "-x", AUDITD], check=False).returncode:
            self.skipTest("the build tree is not readable for an ordinary user")
        with Daemon(wrapper=as_nobody) as d:
            os.chown(d.dir, 65534, 65534)
            d.wrapper = as_nobody
            d.supervisor = lambda: d.process.pid
            d.start()
            d.emit("--durable", "--event", "user.run")
            self.assertEqual(os.stat(d.log).st_uid, 65534)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.verify()[0], 0)

    def test_a_log_that_lost_its_tail_is_refused_and_new_log_names_it(self):
        with Daemon().start() as d:
            d.emit("--durable", "--count", 30, "--event", "lost.tail")
            self.assertEqual(d.stop(), 0)
            path = os.path.join(d.log, d.segments()[-1])
            with open(path, "rb") as f:
                lines = f.read().splitlines(keepends=True)
            with open(path, "wb") as f:
                f.write(b"".join(lines[:8]))
            old_origin = second_verifier.json.load(open(os.path.join(d.log, "log.json"), encoding="utf-8"))["origin"]
            d.start(ready=False)
            wait_until(lambda: "--new-log" in d.stderr(), 30, "the daemon says which command helps")
            d.kill()
            d.start("--new-log")
            d.emit("--durable", "--event", "new.log")
            self.assertEqual(d.stop(), 0)
            with open(os.path.join(d.log, "log.json"), encoding="utf-8") as f:
                log = json.load(f)
            self.assertEqual(log["continues"]["origin"], old_origin)
            self.assertTrue(log["continues"]["checkpoint"].startswith(old_origin + "\n"))
            self.assertEqual(d.verify()[0], 0)
            second_verifier.Log(d.log).read()

    def test_status_says_who_runs_and_how(self):
        with Daemon().start() as d:
            d.emit("--durable", "--count", 7)
            status = d.ctl("status", "-o", "json")
            self.assertEqual(status.returncode, 0, status.stderr)
            parts = json.loads(status.stdout)
            for name in ("ingest", "ledger", "signer"):
                self.assertIn(name, parts)
            self.assertEqual(d.ctl("status").returncode, 0)
            d.kill()
            gone = d.ctl("status")
            self.assertNotEqual(gone.returncode, 0)
            self.assertTrue(gone.stderr.strip())

    def test_tracexctl_shows_and_filters_records(self):
        with Daemon().start() as d:
            d.emit("--durable", "--count", 3, "--event", "show.one", "--field", "colour=red")
            d.emit("--durable", "--count", 2, "--event", "show.two", "--field", "colour=blue")
            last = d.ctl("log", "-n", "2", "-o", "json").stdout.splitlines()
            self.assertEqual([json.loads(x)["event"] for x in last], ["show.two"] * 2)
            blue = d.ctl("log", "-o", "json", "-n", "100", "event=show.one").stdout.splitlines()
            self.assertEqual(len(blue), 3)
            blue = d.ctl("log", "-o", "json", "-n", "100", "colour=blue").stdout.splitlines()
            self.assertEqual(len(blue), 2)


class Verifier(unittest.TestCase):
    def test_odd_arguments_get_a_clear_answer_and_no_crash(self):
        with tempfile.TemporaryDirectory() as directory:
            empty = os.path.join(directory, "empty")
            os.mkdir(empty)
            zero = os.path.join(directory, "00000000000000000000.jsonl")
            open(zero, "wb").close()
            fifo = os.path.join(directory, "00000000000000000001.jsonl")
            os.mkfifo(fifo)
            rubbish = os.path.join(directory, "00000000000000000002.jsonl")
            with open(rubbish, "wb") as f:
                f.write(os.urandom(5000))
            for path, codes in ((empty, (4,)), (zero, (4, 5)), (fifo, (4,)), (rubbish, (1, 4)),
                                (os.path.join(directory, "absent"), (4,))):
                result = run(VERIFY, path)
                self.assertIn(result.returncode, codes, f"{path}: {result.stdout}{result.stderr}")
                self.assertTrue((result.stdout + result.stderr).strip())
        self.assertEqual(run(VERIFY).returncode, 2)
        self.assertEqual(run(VERIFY, "--frobnicate", "/").returncode, 2)
        self.assertEqual(run(VERIFY, "--identity", "rubbish", "/tmp").returncode, 2)

    def test_keys_decide_whom_the_verdict_trusts(self):
        with Daemon().start() as d, Daemon().start() as other:
            d.emit("--durable", "--count", 5)
            other.emit("--durable", "--count", 5)
            keys = [x.split()[-1] for x in d.ctl("keys", "export").stdout.splitlines() if x.strip()]
            foreign = [x.split()[-1] for x in other.ctl("keys", "export").stdout.splitlines() if x.strip()]
            self.assertEqual(d.stop(), 0)
            code, text = d.verify("--identity", keys[0], "--epoch0", keys[1])
            self.assertEqual(code, 0, text)
            self.assertNotIn("own copy", text)
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            self.assertIn("own copy", text)
            code, text = d.verify("--identity", foreign[0])
            self.assertEqual(code, 6, text)

    def test_the_state_file_notices_a_log_that_shrank(self):
        with Daemon().start() as d:
            for i in range(6):
                d.emit("--durable", "--count", 3, "--event", "shrink.me")
                d.wait_for_checkpoint()
            self.assertEqual(d.stop(), 0)
            state = os.path.join(d.dir, "verifier-state")
            self.assertEqual(d.verify("--state", state)[0], 0)
            path = os.path.join(d.log, d.segments()[-1])
            with open(path, "rb") as f:
                lines = f.read().splitlines(keepends=True)
            places = [i for i, x in enumerate(lines) if x.startswith(b'{"tracex":"checkpoint"')]
            with open(path, "wb") as f:
                f.write(b"".join(lines[:places[1] + 1]))
            note = json.loads(lines[places[1]])["note"]
            with open(os.path.join(d.log, "checkpoint"), "w", encoding="utf-8") as f:
                f.write(note)
            code, text = d.verify("--state", state)
            self.assertEqual(code, 1, text)
            code, text = d.verify()
            self.assertEqual(code, 0, f"nothing in the files themselves can tell: {text}")

    def test_json_says_the_same_as_the_exit_code(self):
        with Daemon().start() as d:
            d.emit("--durable", "--count", 5)
            self.assertEqual(d.stop(), 0)
            code, text = d.verify("-o", "json")
            self.assertEqual(code, 0, text)
            verdict = json.loads(text)
            self.assertIn("findings", verdict)


if __name__ == "__main__":
    tap.main()
