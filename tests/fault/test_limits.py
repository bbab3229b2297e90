#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engine by itself: what goes up to a limit and over it is masked, and says so where it is the limit's doing."""
import json
import os
import struct
import subprocess
import tempfile
import unittest

import canaries
import hostile
import tap
from limit_cases import Case, Cases

DRIVER = os.path.join(os.environ.get("TX_BUILD", "build"), "tests/fault/mask-driver")
class Limits(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="tracex-test-")
        self.addCleanup(self.dir.cleanup)
        self.cases = Cases()
        print(f"# seed {self.cases.maker.seed}, {len(self.cases.all)} cases")

    def put(self, name, data):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def masked(self, config="version: 1\n"):
        """A line for each case."""
        datagrams = [hostile.records(b"s" * 16, case.record(n)) for n, case in enumerate(self.cases.all)]
        result = subprocess.run([DRIVER, "print", self.put("config", config.encode()),
                                 self.put("datagrams", b"".join(struct.pack("<I", len(d)) + d for d in datagrams))],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), len(self.cases.all))
        return lines

    def holds_canary(self, line):
        return canaries.find(self.cases.needles, self.put("line", line))

    def test_no_limit_lets_anything_through(self):
        for case, line in zip(self.cases.all, self.masked()):
            with self.subTest(case=case.name):
                self.assertEqual(self.holds_canary(line), [])
                if case.rejected or line.startswith(b"rejected: "):
                    self.assertEqual(line.decode(), f"rejected: {case.rejected}")
                    continue
                record = json.loads(b"{" + line)
                self.assertIn("masked", record)
                if case.mark:
                    self.assertIn(case.mark, record["masked"]["value"])

    def test_nor_does_any_other_limit_or_what_is_done_about_it(self):
        for limits in ("max_field: 256B", "max_field: 300B, oversize: redact_all", "max_json_depth: 1", "max_spans: 1",
                       "max_field: 128KiB, max_json_depth: 64, max_spans: 2048, decode_depth: 4"):
            for on_error in ("mask_field", "drop_field", "reject_record"):
                lines = self.masked(f"version: 1\nmasking: {{limits: {{{limits}}}, on_error: {on_error}}}\n")
                with self.subTest(limits=limits, on_error=on_error):
                    self.assertEqual(self.holds_canary(b"\n".join(lines)), [])
                    self.assertTrue(any(b'"error:limit"' in line for line in lines))

    def test_without_a_persons_key_nothing_is_let_through(self):
        """mask-driver's vault has none for whoever ends in '!', and for whom the record does not name."""
        config = "version: 1\nmasking: {rules: [{id: e, match: {fields: [value]}, action: {encrypt: {subject: who}}}]}\n"
        secret = self.cases.mail.encode()
        who = {"given": b"u-1", "away": b"u-2!", "empty": b"", "absent": None}
        self.cases.all = [Case(name, [hostile.field("value", secret)] +
                               ([] if value is None else [hostile.field("who", value)])) for name, value in who.items()]
        for case, line in zip(self.cases.all, self.masked(config)):
            with self.subTest(case=case.name):
                self.assertEqual(self.holds_canary(line), [])
                record = json.loads(b"{" + line)
                if case.name == "given":
                    self.assertEqual(record["masked"]["value"], "encrypt:e")
                    self.assertTrue(record["data"]["value"].startswith("txe1:"))
                else:
                    self.assertEqual(record["data"]["value"], "[redacted]")
                    self.assertIn("error:vault", record["masked"]["value"])

    def test_what_is_not_masked_would_be_seen(self):
        """The control: without rules most lines hold what they came with."""
        lines = self.masked(canaries.UNMASKED)
        found = [case.name for case, line in zip(self.cases.all, lines) if self.holds_canary(line)]
        self.assertGreater(len(found), len(self.cases.all) // 3, found)


if __name__ == "__main__":
    tap.main()
