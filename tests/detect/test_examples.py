#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every example in tests/detect/*.txt: `detector<TAB>true|false<TAB>text`, told to tracexctl mask test."""
import glob
import json
import os
import subprocess
import unittest

import tap
from tracexd import CTL, SOURCE


def examples():
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests/detect/*.txt"))):
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                line = line.rstrip("\n")
                if line and not line.startswith("#"):
                    detector, truth, text = line.split("\t", 2)
                    yield f"{os.path.basename(path)}:{number}", detector, truth == "true", text


def detect(texts, *options):
    result = subprocess.run([CTL, "mask", "test", "--format", "json", *options], text=True, check=True,
                            input="".join(t + "\n" for t in texts), stdout=subprocess.PIPE)
    return [json.loads(line) for line in result.stdout.splitlines()]


class Examples(unittest.TestCase):
    def test_each_detector_has_true_and_false_examples_and_they_hold(self):
        cases = list(examples())
        names = {line.split()[0] for line in subprocess.run([CTL, "mask", "list"], text=True, check=True,
                                                            stdout=subprocess.PIPE).stdout.splitlines()}
        wrong = []
        for (where, detector, truth, text), answer in zip(cases, detect([c[3] for c in cases]), strict=True):
            found = any(s["detector"] == detector for s in answer["spans"])
            if found != truth:
                wrong.append(f"{where}: {detector} {'not found' if truth else 'found'} in: {text}")
        self.assertEqual("\n".join(wrong), "")
        for truth in (True, False):
            self.assertEqual(names - {c[1] for c in cases if c[2] == truth}, set(), f"without a {truth} example")

    def test_no_byte_of_what_is_found_stays_clear(self):
        cases = [c for c in examples() if c[2]]
        for (where, _, _, text), answer in zip(cases, detect([c[3] for c in cases]), strict=True):
            self.assertNotEqual(answer["out"], text, where)


if __name__ == "__main__":
    tap.main()
