#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Receipts that were kept, held against logs that were changed since. The receipts are made here, by docs/format.md."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
import zlib

import tap
from test_auditverify import FIRST, MAKE_LOG, SECOND, THIRD, VERIFY, conforms

SOURCE = os.environ["TX_SOURCE"]


def receipt_of(line, **changes):
    """A record's line → its receipt."""
    value = {"seq": json.loads(line)["seq"], "leaf": hashlib.sha256(b"\0" + line).hexdigest(),
             "id": json.loads(line)["id"], **changes}
    text = f"tracex-receipt/1 seq={value['seq']} leaf={value['leaf']} id={value['id']}"
    return f"{text} crc={zlib.crc32(text.encode()):08x}"


class Receipts(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tx-receipts-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = os.path.join(self.dir, "log")
        self.keys = self.make(self.log, 1)
        self.records = self.read(self.log)
        with open(os.path.join(SOURCE, "docs/verify.schema.json"), encoding="utf-8") as f:
            self.schema = json.load(f)

    def make(self, directory, seed, *more):
        return subprocess.run([MAKE_LOG, directory, str(seed), *[str(x) for x in more]], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.split()

    def read(self, directory):
        records = {}
        for name in sorted(os.listdir(directory)):
            if name.endswith(".jsonl"):
                with open(os.path.join(directory, name), "rb") as f:
                    for line in f.read().splitlines():
                        if line.startswith(b'{"seq":') and b'"id":"' in line:
                            records[json.loads(line)["seq"]] = line
        return records

    def keep(self, *lines, name="receipts"):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(f"{line}\n" for line in lines))
        return path

    def run_it(self, *options, path=None, stdin=""):
        return subprocess.run([VERIFY, "--identity", self.keys[0], "--epoch0", self.keys[1], *options, path or self.log],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, input=stdin, timeout=60,
                              check=False)

    def verdict(self, *lines, path=None):
        result = self.run_it("-o", "json", "--receipt", self.keep(*lines), path=path)
        self.assertNotEqual(result.stdout, "", result.stderr)
        value = json.loads(result.stdout)
        self.assertTrue(conforms(value, self.schema, self.schema), value)
        self.assertEqual(value["exit_code"], result.returncode)
        return value

    def statuses(self, *lines, path=None):
        value = self.verdict(*lines, path=path)
        return value["verdict"], [r["status"] for r in value["receipts"]]

    def cut_off_cleanly(self):
        """As one who may write everything does it: the last segment ends at an earlier checkpoint, which the file of the
        latest checkpoint then has, too. Returns the log's new size."""
        path = os.path.join(self.log, THIRD)
        with open(path, "rb") as f:
            lines = f.read().splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if line.startswith(b'{"tracex":"checkpoint"'))
        with open(path, "wb") as f:
            f.write(b"".join(lines[:at + 1]))
        note = json.loads(lines[at])["note"]
        with open(os.path.join(self.log, "checkpoint"), "w", encoding="utf-8") as f:
            f.write(note)
        return int(note.splitlines()[1])

    def test_the_receipt_of_every_record_is_proven(self):
        value = self.verdict(*[receipt_of(line) for line in self.records.values()])
        self.assertEqual((value["verdict"], value["findings"]), ("proven", []))
        self.assertEqual({r["status"] for r in value["receipts"]}, {"proven"})
        self.assertEqual([r["seq"] for r in value["receipts"]], list(self.records))
        self.assertGreater(len(self.records), 50)

    def test_without_receipts_there_are_none_in_the_verdict(self):
        self.assertIsNone(json.loads(self.run_it("-o", "json").stdout)["receipts"])

    def test_several_files_standard_input_and_comments(self):
        first = self.keep("# kept by hand", "", receipt_of(self.records[3]), name="a")
        second = self.keep(receipt_of(self.records[30]), receipt_of(self.records[3]), name="b")
        result = self.run_it("--receipt", first, "--receipt", second, "--receipt", "-",
                             stdin=receipt_of(self.records[50]))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("receipts 4 of 4", result.stdout)

    def test_a_log_that_was_cut_off_cleanly_is_found_by_a_receipt_alone(self):
        size = self.cut_off_cleanly()
        before, behind = [r for r in self.records if r < size][-1], [r for r in self.records if r >= size][0]
        without = self.run_it("-o", "json")
        self.assertEqual(without.returncode, 0, without.stdout)  # the control: nothing else can tell
        self.assertEqual(self.statuses(receipt_of(self.records[before])), ("proven", ["proven"]))
        value = self.verdict(receipt_of(self.records[before]), receipt_of(self.records[behind]))
        self.assertEqual((value["verdict"], [r["status"] for r in value["receipts"]]), ("tampered", ["proven", "cut-off"]))
        found = value["findings"][-1]
        self.assertEqual((found["kind"], found["line"], found["seq"]), ("cut-off", 2, {"first": behind, "last": behind}))
        text = self.run_it("--receipt", os.path.join(self.dir, "receipts"))
        self.assertEqual(text.returncode, 1)
        self.assertIn("ends before the record", text.stdout)
        self.assertIn("receipts 1 of 2", text.stdout)

    def test_a_changed_record_is_not_the_one_of_the_receipt(self):
        path = os.path.join(self.log, SECOND)
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data.replace(b'"seq":30,"id":"0192', b'"seq":30,"id":"0193'))
        self.assertEqual(self.statuses(receipt_of(self.records[29]), receipt_of(self.records[30])),
                         ("tampered", ["proven", "changed"]))
        # Nor does a receipt for what stands there now make it proven.
        now = self.read(self.log)[30]
        self.assertEqual(self.statuses(receipt_of(now)), ("tampered", ["unsigned"]))

    def test_a_record_that_was_taken_out_is_missing(self):
        path = os.path.join(self.log, SECOND)
        with open(path, "rb") as f:
            data = f.read()
        with open(path, "wb") as f:
            f.write(data.replace(self.records[30] + b"\n", b""))
        self.assertEqual(self.statuses(receipt_of(self.records[30])), ("tampered", ["missing"]))

    def test_a_log_that_was_written_anew_has_another_record_there(self):
        other = os.path.join(self.dir, "other")
        keys = self.make(other, 2)
        self.keys = keys
        self.assertEqual(self.run_it(path=other).returncode, 0)  # the control: it proves itself
        self.assertEqual(self.statuses(receipt_of(self.records[5]), path=other), ("tampered", ["changed"]))

    def test_what_no_checkpoint_covers_is_incomplete(self):
        log = os.path.join(self.dir, "tail")
        self.keys = self.make(log, 1, 3, 2)
        last = max(self.read(log).items())[1]
        self.assertEqual(self.statuses(receipt_of(last), path=log), ("incomplete", ["unsigned"]))

    def test_segments_that_were_removed_are_incomplete(self):
        os.unlink(os.path.join(self.log, FIRST))
        self.assertEqual(self.statuses(receipt_of(self.records[5]), receipt_of(self.records[30])),
                         ("incomplete", ["not-at-hand", "proven"]))

    def test_of_a_single_segment_the_others_are_not_at_hand(self):
        verdict, statuses = self.statuses(receipt_of(self.records[5]), receipt_of(self.records[30]),
                                          path=os.path.join(self.log, SECOND))
        self.assertEqual((verdict, statuses), ("incomplete", ["not-at-hand", "proven"]))

    def test_what_cannot_be_read_decides_nothing(self):
        path = os.path.join(self.log, THIRD)
        os.unlink(path)
        os.mkdir(path)
        self.assertEqual(self.statuses(receipt_of(self.records[50]))[1], ["undecided"])

    def test_a_receipt_with_the_id_of_another_record_is_not_believed(self):
        mixed = receipt_of(self.records[5], id=json.loads(self.records[6])["id"])
        self.assertEqual(self.statuses(mixed), ("undecided", ["wrong-id"]))

    def test_a_malformed_receipt_is_refused_with_the_place_of_the_mistake(self):
        good = receipt_of(self.records[5])
        for lines, place in ((["hello"], "1:1"), ([good, good.replace("leaf=", "leaf ")], f"2:{good.index('leaf=') + 5}"),
                             ([good[:-1]], f"1:{len(good)}"), ([good + " "], f"1:{len(good) + 1}"),
                             (["", good.replace("seq=5", "seq=6")], f"2:{len(good) - 7}"), (["x" * 5000], "1:1"),
                             ([good.replace("/1", "/2")], "1:16")):
            path = self.keep(*lines)
            result = self.run_it("--receipt", path)
            self.assertEqual((result.returncode, result.stdout), (2, ""), lines)
            self.assertIn(f"{path}:{place}: no receipt: expected ", result.stderr)

    def test_wrong_usage_is_said(self):
        path = self.keep(receipt_of(self.records[5]))
        self.assertEqual(self.run_it("--receipt", path, self.log).returncode, 2)
        missing = self.run_it("--receipt", os.path.join(self.dir, "nothing"))
        self.assertEqual(missing.returncode, 2)
        self.assertIn("No such file", missing.stderr)


if __name__ == "__main__":
    tap.main()
