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
LONG = os.environ.get("TX_ALLOCATIONS") == "all"
STEP = 1 if LONG else 97

# Every action, and what is compiled for it.
RULES = r"""version: 1
masking:
  packs: [secrets, pci]
  detectors:
    own: {regex: 'acme_[a-z]{6}', literal: acme_, context: {words: [key]}, examples: {true: [acme_abcdef], false: [acme_]}}
  classes: {mails: {fields: [mail, "*.mail"]}}
  allow: [{name: nobody, detector: email, values: [nobody@example.org], reason: a test}]
  rules:
    - {id: mails, match: {detect: [email]}, action: {pseudonym: {domain: person}}, replaces: secure-default/email}
    - {id: person, match: {class: mails}, action: {encrypt: {subject: id, also_index: default}}}
    - {id: sealed, match: {fields: [spaced]}, action: commit}
    - {id: gone, match: {fields: [header]}, action: drop_field}
    - {id: last, match: {fields: [plain, i64]}, action: {mask: {keep_last: 4}}}
    - {id: link, match: {fields: [percent]}, action: {url: {query: redact}}}
    - {id: place, match: {fields: [/json/deep/**]}, action: redact}
    - {id: own, match: {detect: [own]}, action: {replace: "[${detector}]"}}
    - {id: pattern, match: {regex: "zz[a-z]{3,5}q"}, action: redact}
    - {id: some, match: {fields: [inner]}, action: {keep_only: {keys: [x]}}}
    - {id: size, match: {fields: [u64]}, action: {bucket: {width: 1000000000000000}}}
    - {id: watched, match: {fields: [query]}, action: redact, mode: shadow}
  tests: [{event: t, in: {plain: "4111111111111111"}, out: {plain: "************1111"}}]
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
        """(exit status, what it said, how many failed)"""
        result = subprocess.run([DRIVER, "sweep", self.put("config", config.encode()), self.datagrams, self.needles,
                                 str(first), str(step), str(many)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=5000)
        said = result.stdout.decode(errors="replace")
        counts = re.search(r"^(\d+) failed: (\d+) errors, (\d+) went on$", said, re.M)
        self.assertTrue(counts, said)
        print(f"# {counts.group(0)}")
        self.assertIn("without failures: 0, and masking allocates 0 times", said)
        return result.returncode, said, int(counts.group(1))

    def test_each_allocation_may_fail_once(self):
        for config, step in (("version: 1\n", STEP), (RULES, 3 * STEP)):
            status, said, failed = self.sweep(config, step=step)
            self.assertEqual(status, 0, said)
            self.assertGreater(failed, 20)

    def test_and_so_may_a_few_in_a_row_and_all_from_one_on(self):
        for many in (3, FOREVER):
            status, said, failed = self.sweep(RULES, step=9 * STEP, many=many)
            self.assertEqual(status, 0, said)
            self.assertGreater(failed, 3)

    def test_what_is_not_masked_would_be_seen(self):
        """The control: in the lines, when no allocation fails."""
        status, said, _ = self.sweep(UNMASKED, first=1 << 40)
        self.assertEqual(status, 1, said)
        self.assertIn("of the lines", said)


if __name__ == "__main__":
    tap.main()
