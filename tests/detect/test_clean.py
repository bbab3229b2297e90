#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing is found where nothing is: at most ten spans in a million records without personal data.

TX_CLEAN says how many records (`./check --long`: 1000000).
"""
import json
import os
import subprocess
import unittest

import tap
from clean import Clean
from tracexd import CTL

RECORDS = int(os.environ.get("TX_CLEAN", "100000"))
AT_ONCE = 20000


def found(texts):
    result = subprocess.run([CTL, "mask", "test", "--format", "json", "--packs", "all", "--context", "words"],
                            input="".join(t + "\n" for t in texts), text=True, check=True, stdout=subprocess.PIPE)
    lines = result.stdout.splitlines()
    assert len(lines) == len(texts)
    return [(text, json.loads(line)["spans"]) for text, line in zip(texts, lines) if not line.startswith('{"spans":[]')]


class CleanRecords(unittest.TestCase):
    def test_records_without_personal_data_stay_as_they_are(self):
        clean, spurious = Clean(20251129), []
        for _ in range(0, RECORDS, AT_ONCE):
            spurious += found([clean.record() for _ in range(AT_ONCE)])
        self.assertLessEqual(len(spurious), max(1, RECORDS // 100000), spurious[:20])

    def test_a_card_among_them_is_found(self):
        clean = Clean(1)
        texts = [clean.record() for _ in range(100)] + [clean.record() + " card 4111111111111111"]
        self.assertEqual([spans[-1]["detector"] for text, spans in found(texts) if text == texts[-1]], ["credit_card"])


if __name__ == "__main__":
    tap.main()
