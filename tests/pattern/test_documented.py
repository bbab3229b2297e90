#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every example of docs/patterns.md."""
import os
import re
import sys
import unittest

import tap
from test_differential import Tool

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "patterns.md")


def rows(section):
    """The cells of the rows of a section's table."""
    with open(DOCS, encoding="utf-8") as f:
        text = f.read().split(f"## {section}\n")[1].split("\n## ")[0]
    table = [line for line in text.splitlines() if line.startswith("| `")]
    return [[c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def texts(cell):
    return re.findall(r"`([^`]*)`", cell)


class Documented(unittest.TestCase):
    def setUp(self):
        self.tool = Tool()

    def tearDown(self):
        self.assertEqual(self.tool.close(), 0)

    def found(self, pattern, text):
        answer = self.tool.pattern(pattern)
        self.assertTrue(answer.startswith("ok"), f"{pattern}: {answer}")
        raw = text.encode()
        return [raw[a:b].decode() for a, b in self.tool.spans(raw)]

    def test_what_is_said_to_be_found_is_found(self):
        examples = rows("What is found")
        self.assertGreater(len(examples), 8)
        for pattern, text, expected in examples:
            self.assertEqual(self.found(texts(pattern)[0], texts(text)[0]), texts(expected), pattern)

    def test_what_is_said_to_be_refused_is_refused_for_this_reason(self):
        examples = rows("What is refused")
        self.assertGreater(len(examples), 8)
        for pattern, reason in examples:
            answer = self.tool.pattern(texts(pattern)[0])
            self.assertTrue(answer.startswith("refused"), f"{pattern}: {answer}")
            self.assertIn(reason, answer, pattern)

    def test_what_is_said_of_each_sign_is_known(self):
        for cells in rows("How it is written"):
            for text in texts(cells[0]):
                answer = self.tool.pattern(f"x{text}" if text != "(?i)" else f"{text}x")
                self.assertTrue(answer.startswith("ok") or text in ("^", "\\B", "x*", "x?"), f"{text}: {answer}")

    def test_a_wrong_example_would_be_noticed(self):
        self.assertNotEqual(self.found("E[0-9]{6}", "E123456"), ["E12345"])


if __name__ == "__main__":
    sys.exit(tap.main())
