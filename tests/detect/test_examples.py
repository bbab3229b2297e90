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


# SWIFT's IBAN registry, release 101.
IBAN_LENGTHS = """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29
ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21
LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30""".split()
# Letters at the beginning and at the end of what is behind the check digits, as some country or other has them.
IBAN_FORMS = [(0, 0), (1, 0), (2, 0), (4, 0), (6, 0), (4, 3), (0, 2)]


def iban(country, length, letters, last):
    bban = "ABCDEF"[:letters] + "1234567890123456789012345678901"[:length - 4 - letters - last] + "XYZ"[:last]
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    return f"{country}{98 - number % 97:02d}{bban}"


class Ibans(unittest.TestCase):
    def found(self, extra):
        """For each country, whether an IBAN is found that is longer by so much, in any of the forms."""
        texts = [[iban(c[:2], int(c[2:]) + extra, *form) for form in IBAN_FORMS] for c in IBAN_LENGTHS]
        answers = detect([t for each in texts for t in each], "--packs", "iban")
        whole = [any(s["start"] == 0 and s["end"] == len(t) for s in a["spans"])
                 for t, a in zip((t for each in texts for t in each), answers, strict=True)]
        return [any(whole[i:i + len(IBAN_FORMS)]) for i in range(0, len(whole), len(IBAN_FORMS))]

    def test_each_country_of_the_registry_has_its_length_and_no_other(self):
        for extra, expected in ((0, True), (-1, False), (1, False)):
            wrong = [c for c, found in zip(IBAN_LENGTHS, self.found(extra), strict=True) if found != expected]
            self.assertEqual(wrong, [], f"{extra:+d}")


if __name__ == "__main__":
    tap.main()
