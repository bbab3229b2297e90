#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The engine by itself: each allocation of compiling a policy and of masking fails once, and nothing comes out in clear,
stays in memory or leaks."""
import os
import re
import struct
import subprocess
import tempfile
import unittest

import canaries
import hostile
import tap
from canaries import UNMASKED, Canaries
from alloc_faults import FOREVER

DRIVER = os.path.join(os.environ.get("TX_BUILD", "build"), "tests/fault/mask-driver")
LONG = int(os.environ.get("TX_KILLS", "200")) > 200
STEP = 1 if LONG else 10

RULES = """version: 1
masking:
  rules:
    - {id: mail, match: {detect: [email]}, action: hash}
    - {id: names, match: {fields: ["*.note", header]}, action: drop}
    - {id: last, match: {fields: [plain, i64]}, action: {mask: {keep_last: 4}}}
"""


class Faults(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="tracex-test-")
        self.addCleanup(self.dir.cleanup)
        made = Canaries()
        print(f"# seed {made.maker.seed}")
        datagrams = [hostile.records(b"s" * 16, made.record(n), made.record(n + 1)) for n in (0, 2)]
        self.datagrams = self.put("datagrams", b"".join(struct.pack("<I", len(d)) + d for d in datagrams))
        self.needles = self.put("canaries", "".join(n.hex() + "\n" for n in made.needles).encode())

    def put(self, name, data):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def sweep(self, config, first=1, step=STEP, many=1):
        """(exit status, what it said, how many failed, how often it went on)"""
        result = subprocess.run([DRIVER, "sweep", self.put("config", config.encode()), self.datagrams, self.needles,
                                 str(first), str(step), str(many)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1000)
        said = result.stdout.decode(errors="replace")
        counts = re.search(r"^(\d+) failed: (\d+) errors, (\d+) went on$", said, re.M)
        self.assertTrue(counts, said)
        print(f"# {counts.group(0)}")
        return result.returncode, said, int(counts.group(1)), int(counts.group(3))

    def test_each_allocation_may_fail_once(self):
        for config in ("version: 1\n", RULES):
            status, said, failed, _ = self.sweep(config)
            self.assertEqual(status, 0, said)
            self.assertGreater(failed, 20)

    def test_and_so_may_a_few_in_a_row_and_all_from_one_on(self):
        for many in (3, FOREVER):
            status, said, failed, _ = self.sweep(RULES, step=3 * STEP, many=many)
            self.assertEqual(status, 0, said)
            self.assertGreater(failed, 7)

    def test_what_is_not_masked_would_be_seen(self):
        """The control: in the lines, when no allocation fails that matters."""
        status, said, failed, _ = self.sweep(UNMASKED, first=1, step=1)
        self.assertEqual(status, 1, said)
        self.assertIn("of the lines", said)
        self.assertGreater(failed, 0)


if __name__ == "__main__":
    tap.main()
