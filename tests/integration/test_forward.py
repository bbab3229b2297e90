#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-forward passes on what a checkpoint covers, to a real journald: each field, each record once, fooled by nobody;
by itself and within the daemon."""
import json
import os
import pathlib
import random
import shutil
import signal
import time
import unittest

from forward_rig import KEEP_DOWN, Case, forge, journal, kill_journald, main, needs_another_user
from handlog import HandLog, leaf_hash
from tracexd import CONFIG, Daemon, wait_until


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
        mine = [e for e in journal(self.origin) if "TRACEX_SEQ" in e]
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
        entries = [e for e in journal("whole.example/audit", "TRACEX_SEQ", "TRACEX_EVENT") if "TRACEX_SEQ" in e]
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
            seqs = sorted(int(e["TRACEX_SEQ"]) for e in journal("retain.example/audit", "TRACEX_SEQ")
                          if "TRACEX_SEQ" in e)
            self.assertEqual(seqs, list(range(len(seqs))))
            self.assertGreater(len(seqs), 100)

    @unittest.skipUnless(os.getuid() == 0, "becoming another user needs root")
    def test_children_of_another_user_forward_too(self):
        config = CONFIG.replace("version: 1", "version: 1\nuser: nobody").replace(
            "journald: {enabled: false}", "journald: {enabled: true}").replace(
            "test.example/audit", "nobody.example/audit")
        with Daemon(config).start() as d:
            d.emit("--durable", "--event", "nobody.run")
            wait_until(lambda: [e for e in journal("nobody.example/audit", "TRACEX_EVENT")
                                if e.get("TRACEX_EVENT") == "nobody.run"], 30, "the record in the journal")
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    main()
