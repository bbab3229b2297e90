#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The oldest segments go when they are to, after every sink has them, and never without a word in the log."""
import hashlib
import json
import os
import shutil
import subprocess
import unittest

import tap
from ledger_rig import VERIFY, Ended, Rig, body_of
from tracexd import CONFIG, Daemon, wait_until

A = b"client-A"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment
RETAIN = "  retain: {%s}\n"


def verdict(log, *options):
    result = subprocess.run([VERIFY, "-o", "json", *options, log], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    return result.returncode, [f["kind"] for f in json.loads(result.stdout)["findings"] if f["class"] != "note"]


def lines_of(log):
    names = {}
    for name in sorted(os.listdir(log)):
        if name[:20].isdigit() and name.endswith((".jsonl", ".jsonl.zst")):
            names.setdefault(name[:20], name)
    for name in sorted(names.values()):
        path = os.path.join(log, name)
        if name.endswith(".zst"):
            data = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
        else:
            with open(path, "rb") as f:
                data = f.read()
        data = data.split(b"\0")[0]
        yield from data[:data.rfind(b"\n") + 1].splitlines()


def records_of(log):
    return [json.loads(x) for x in lines_of(log) if not x.startswith(b'{"tracex":')]


def pruned(log):
    return [(r["seq"], r["data"]) for r in records_of(log) if r["event"] == "tracex.pruned"]


def put(rig, first, last):
    for n in range(first, last, 2):
        for i in (n, n + 1):  # compressed, it is still half as large
            body = body_of(A, i, 2).replace(b"xx", hashlib.shake_128(b"%d" % i).hexdigest(LARGE // 2).encode())
            rig.ingest.send_body(body, A, i, i, True)
        if not rig.wait_durable():
            raise Ended("the ledger is gone")


def first_record(rig):
    return int(rig.segments()[0][:20])


class Retention(unittest.TestCase):
    def check_log(self, r):
        """What is there is proven, what is gone is told of, and the newest record that tells names its end and root."""
        self.assertEqual(verdict(r.log), (5, ["pruned"]))
        records = records_of(r.log)
        first = first_record(r)
        self.assertEqual([x["seq"] for x in records], list(range(first, first + len(records))))
        told = pruned(r.log)
        self.assertEqual(told[-1][1]["last"] + 1, first)
        kept = {(bytes.fromhex(x["source"]["client"]), x["source"]["n"]): x["seq"] for x in records if "source" in x}
        for name, receipt in r.stored.items():
            if receipt and receipt[0] >= first:
                self.assertEqual(kept.get(name), receipt[0])
        return told

    def test_what_is_over_the_size_goes_oldest_first_and_is_told_of_before(self):
        for compress in ("none", "zstd"):
            with self.subTest(compress=compress), \
                    Rig(max_bytes="64KiB", compress=compress, more=RETAIN % "max_bytes: 128KiB").start() as r:
                put(r, 0, 120)
                r.wait(lambda: first_record(r) > 0 and r.status().get("segments_removed", 0) > 0, "segments to go")
                r.wait_checkpoint()
                r.stop()
                told = self.check_log(r)
                self.assertEqual(told[0][1]["first"], 0)
                self.assertEqual(told[0][1]["why"], "size")
                self.assertTrue(all(seq > data["last"] for seq, data in told))

    def test_old_segments_go_by_their_age(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_age: 2s", epoch_records=8).start() as r:
            put(r, 0, 40)
            before = set(os.listdir(r.path("log/epochs")))
            r.wait(lambda: first_record(r) > 20, "old segments to go")
            r.wait_checkpoint()
            self.assertLessEqual(before, set(os.listdir(r.path("log/epochs"))))
            r.stop()
            self.assertEqual({data["why"] for _, data in self.check_log(r)}, {"age"})

    def test_without_the_setting_nothing_goes(self):
        with Rig(max_bytes="64KiB").start() as r:
            put(r, 0, 60)
            r.stop()
            r.check()
            self.assertEqual(pruned(r.log), [])

    def test_it_goes_on_after_a_restart_and_knows_its_clients(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB").start() as r:
            put(r, 0, 100)
            r.wait(lambda: first_record(r) > 0, "segments to go")
            r.stop()
            r.start()
            self.assertEqual(r.query(A), 99)
            put(r, 90, 110)  # ten of them stand there, or stood
            r.wait_checkpoint()
            r.stop()
            self.check_log(r)
            numbers = [x["source"]["n"] for x in records_of(r.log) if "source" in x]
            self.assertGreater(numbers[0], 0)
            self.assertEqual(numbers, list(range(numbers[0], 110)))
            told = subprocess.run([VERIFY, "--clients", "-o", "json", r.log], stdout=subprocess.PIPE, text=True, check=False)
            clients = json.loads(told.stdout)["clients"]
            self.assertEqual((clients["begin_later"], clients["undeclared"]), (1, 0))

    def test_a_lost_table_of_clients_says_that_it_does_not_know_those_who_are_gone(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB").start() as r:
            r.put(b"client-B", [0])
            put(r, 0, 100)
            r.wait(lambda: first_record(r) > 10, "segments to go")
            r.stop()
            os.unlink(r.path("state/clients"))
            r.start()
            self.assertEqual(r.query(A), 99)
            self.assertIsNone(r.query(b"client-B"))
            r.stop()
            with open(r.path("state/clients"), encoding="utf-8") as f:
                self.assertIn("forgotten", f.readline())


class Sinks(unittest.TestCase):
    def cursor(self, r, following, log=None):
        with open(r.path("log/log.json"), "rb") as f:
            name = hashlib.sha256(f.read().rstrip(b"\n")).hexdigest() if log is None else log
        with open(r.path("sink/cursor.tmp"), "w", encoding="utf-8") as f:
            f.write(json.dumps({"version": 1, "log": name, "next": following, "checkpoint": 0, "seen": ""},
                               separators=(",", ":")) + "\n")
        os.rename(r.path("sink/cursor.tmp"), r.path("sink/cursor"))

    def test_a_sink_that_is_behind_holds_them_and_the_status_says_so(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB", sink=True).start() as r:
            put(r, 0, 100)
            r.wait(lambda: "removal_waits_for" in r.status(), "the status")
            status = r.status()
            self.assertEqual((status["removal_waits_for"], status["confirmed_by_it"]), ("journald", 0))
            self.assertGreater(status["waiting_segments"], 2)
            self.assertGreater(status["waiting_bytes"], 3 * 65536)
            self.assertEqual(first_record(r), 0)
            firsts = [int(n[:20]) for n in r.segments()]
            self.cursor(r, 10**6, log="0" * 64)  # of another log: it counts for nothing here
            self.cursor(r, firsts[2] - 1)
            r.wait(lambda: first_record(r) == firsts[1], "what the sink has passed to go")
            self.assertEqual(r.status()["confirmed_by_it"], firsts[2] - 1)
            self.cursor(r, 10**6)
            r.wait(lambda: "removal_waits_for" not in r.status(), "the sink to be passed")
            r.wait(lambda: first_record(r) > firsts[1], "the rest to go")
            r.wait_checkpoint()
            r.stop()
            self.assertEqual(verdict(r.log), (5, ["pruned"]))

    def told_and_not_done(self, r):
        """A removal stands in the log; the ledger was killed when it was about to unlink the first file."""
        r.start()
        put(r, 0, 100)
        r.stop()
        self.cursor(r, 10**6)
        for n in range(1, 10):
            if not pruned(r.log):
                r.start(wrapper=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
                                 f"inject=unlinkat:signal=SIGKILL:when={n}"], ready=False)
                self.assertNotEqual(r.ended(), 0)
        self.assertEqual(first_record(r), 0)

    @unittest.skipUnless(shutil.which("strace"), "no strace")
    def test_what_was_told_of_and_not_done_is_not_told_again_after_a_stop(self):
        for more in (2, 40):  # in the same segment, and in one after it
            with self.subTest(more=more), Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB", sink=True) as r:
                self.told_and_not_done(r)
                self.cursor(r, 1)
                r.start()
                put(r, 100, 100 + more)
                r.wait_checkpoint()
                r.stop()
                told = pruned(r.log)
                self.cursor(r, 10**6)
                r.start()
                end = told[0][1]["last"] + 1
                r.wait(lambda end=end: first_record(r) == end, "what was told of to go")
                r.wait(lambda: r.status().get("segments_removed", 0) > 0, "the status")
                r.wait_checkpoint()
                r.stop()
                # Each goes on where the one before it ended.
                told = [data for _, data in told] + [data for seq, data in pruned(r.log) if seq > told[-1][0]]
                for earlier, later in zip(told, told[1:]):
                    self.assertEqual(later["first"], earlier["last"] + 1)
                self.assertEqual(verdict(r.log), (5, ["pruned"]))
                self.assertNotIn("removal", os.listdir(r.path("state")))

    def test_a_word_of_a_removal_that_is_not_in_the_log_is_not_believed(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 100MiB").start() as r:
            put(r, 0, 60)
            r.wait_checkpoint()
            r.stop()
            for seq, end in ((5, 30), (10**9, 30), (0, 10**9)):
                with open(r.path("state/removal"), "w", encoding="utf-8") as f:
                    f.write(f"tracex-removal 1 {seq} {end}\n")
                r.start()
                r.put(A, [60 + seq % 7], receipt=True)
                r.wait_checkpoint()
                r.stop()
                self.assertEqual(first_record(r), 0)
            self.assertEqual(verdict(r.log)[0], 0)

    @unittest.skipUnless(shutil.which("strace"), "no strace")
    def test_what_was_told_of_stays_when_the_sink_has_gone_back(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB", sink=True) as r:
            self.told_and_not_done(r)
            self.cursor(r, 1)
            r.start()
            put(r, 100, 104)
            r.wait_checkpoint()
            self.assertEqual(first_record(r), 0)
            self.cursor(r, 10**6)
            r.wait(lambda: first_record(r) > 0, "the rest to go")
            r.stop()
            self.assertEqual(verdict(r.log), (5, ["pruned"]))


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Crashes(unittest.TestCase):
    def test_a_crash_between_the_record_and_any_file_is_finished_without_a_second_record(self):
        finished, n = 0, 1
        while n < 40:
            with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 128KiB") as r:
                strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e",
                          f"inject=unlinkat:signal=SIGKILL:when={n}"]
                killed = False
                try:
                    r.start(wrapper=strace)
                    put(r, 0, 60)
                    r.wait(lambda: r.status().get("segments_removed", 0) > 2, "segments to go")
                    r.stop()
                except (Ended, BrokenPipeError, ConnectionError):
                    pass
                if r.ledger:
                    killed = r.ended() != 0
                before = pruned(r.log)
                if killed:
                    code, kinds = verdict(r.log, "--upto-checkpoint")
                    self.assertIn(code, (0, 5))
                    self.assertLessEqual(set(kinds), {"pruned", "unfinished"})
                if before and first_record(r) <= before[-1][1]["last"]:
                    finished += 1
                r.start()
                put(r, 0, 70)
                r.wait(lambda: first_record(r) > 0, "segments to go")
                r.wait_checkpoint()
                r.stop()
                self.assertEqual(verdict(r.log), (5, ["pruned"]))
                told = [data for _, data in pruned(r.log)]
                # Each goes on where the one before it ended: nothing is told of twice.
                for earlier, later in zip(told, told[1:]):
                    self.assertEqual(later["first"], earlier["last"] + 1)
            if not killed:
                break
            n += 1
        print(f"# killed {n - 1} times, {finished} times between record and removal")
        self.assertGreater(finished, 0)


class Tampering(unittest.TestCase):
    def log(self, r):
        r.start()
        put(r, 0, 60)
        r.wait_checkpoint()
        r.stop()
        self.assertEqual(verdict(r.log), (0, []))
        return r.segments()

    def test_the_first_segments_taken_away_by_hand_are_no_retention(self):
        with Rig(max_bytes="64KiB") as r:
            names = self.log(r)
            os.unlink(r.path("log", names[0]))
            self.assertEqual(verdict(r.log, "--whole"), (1, ["removed"]))
            self.assertEqual(verdict(r.log), (5, ["missing-segment"]))

    def test_nor_is_one_from_the_middle(self):
        with Rig(max_bytes="64KiB") as r:
            names = self.log(r)
            os.unlink(r.path("log", names[2]))
            self.assertEqual(verdict(r.log, "--whole"), (1, ["removed"]))

    def test_nor_is_more_than_the_record_tells_of(self):
        with Rig(max_bytes="64KiB", more=RETAIN % "max_bytes: 256KiB").start() as r:
            put(r, 0, 120)
            r.wait(lambda: first_record(r) > 0, "segments to go")
            r.wait_checkpoint()
            r.stop()
            self.assertEqual(verdict(r.log), (5, ["pruned"]))
            os.unlink(r.path("log", r.segments()[0]))
            self.assertEqual(verdict(r.log, "--whole")[0], 1)
            self.assertIn("missing-segment", verdict(r.log)[1])


class RealDaemon(unittest.TestCase):
    def test_the_daemon_removes_what_is_too_much_and_its_verifier_says_what_is_gone(self):
        config = CONFIG.replace("segment: {max_bytes: 64MiB, max_age: 1d, compress: none}",
                                "segment: {max_bytes: 64KiB, max_age: 1d, compress: none}\n"
                                "  retain: {max_bytes: 64KiB}")
        with Daemon(config).start() as d:
            out = d.emit("--durable", "--count", 400, "--field", "fill=" + "z" * 2000, "--print-receipts").stdout
            wait_until(lambda: int(d.segments()[0][:20]) > 0, 30, "segments to go")
            d.wait_for_checkpoint()
            self.assertIn("segments_removed", d.ctl("status").stdout)
            self.assertEqual(d.stop(), 0)
            code, text = d.verify()
            self.assertEqual(code, 5, text)
            self.assertIn("removed by the daemon", text)
            kept = {r["id"]: r["seq"] for r in d.records() if "id" in r}
            first = int(d.segments()[0][:20])
            for record_id, seq, _ in map(str.split, out.splitlines()):
                if int(seq) >= first:
                    self.assertEqual(kept[record_id], int(seq))


if __name__ == "__main__":
    tap.main()
