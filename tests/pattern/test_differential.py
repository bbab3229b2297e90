#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random patterns on random texts: what libtx/pattern finds against Python's re.

Python tells for each start and end whether the pattern matches from one to the other; leftmost, longest and not
overlapping is made of these by trying all. TX_PATTERNS says how many patterns (`./check --long`: 100000).
"""
import os
import random
import re
import subprocess
import unittest
import warnings

import tap

TOOL = os.path.join(os.environ["TX_BUILD"], "tests", "pattern", "pattern-spans")
PATTERNS = int(os.environ.get("TX_PATTERNS", "3000"))
TEXTS = 6
INVALID = "\udc80-\udcff"  # bytes that are no character, as surrogateescape decodes them

warnings.simplefilter("ignore")


class Maker:
    """Makes a pattern in our syntax and, the same, in Python's."""

    def __init__(self, rng, ascii_only):
        self.rng = rng
        self.letters = "ab1_ .-" if ascii_only else "ab1_ .-éÉ€😀"
        self.groups = 0
        self.lazy = False

    def literal(self):
        c = self.rng.choice(self.letters)
        if c in ".-":
            return "\\" + c, "\\" + c
        if self.rng.random() < 0.15:
            ours = f"\\x{{{ord(c):x}}}" if ord(c) > 255 or self.rng.random() < 0.5 else f"\\x{ord(c):02x}"
            return ours, re.escape(c)
        return c, re.escape(c)

    def shorthand(self):
        c = self.rng.choice("dwsDWS")
        return "\\" + c, "\\" + c if c.islower() else f"[^\\{c.lower()}{INVALID}]"

    def members(self):
        parts = []
        for _ in range(self.rng.randint(1, 3)):
            kind = self.rng.random()
            if kind < 0.2:
                parts.append("\\" + self.rng.choice("dws"))
            elif kind < 0.5:
                parts.append(self.rng.choice(["a-b", "0-9", "A-Z", "a-z", "!-/", "à-ü", "𐀀-😀"]))
            else:
                parts.append(re.escape(self.rng.choice(self.letters)))
        return "".join(parts)

    def character_class(self):
        members = self.members()
        if self.rng.random() < 0.4:
            return f"[^{members}]", f"[^{members}{INVALID}]"
        return f"[{members}]", f"[{members}]"

    def atom(self, depth):
        kind = self.rng.random()
        if kind < 0.45:
            return self.literal()
        if kind < 0.52:
            return ".", f"[^\n{INVALID}]"
        if kind < 0.6:
            return self.shorthand()
        if kind < 0.75 or depth == 0:
            return self.character_class()
        ours, theirs = self.alternatives(depth - 1)
        if self.rng.random() < 0.5:
            self.groups += 1
            return f"({ours})", f"({theirs})"
        return f"(?:{ours})", f"(?:{theirs})"

    def quantifier(self):
        kind = self.rng.random()
        if kind < 0.6:
            return ""
        low = self.rng.randint(0, 3)
        text = self.rng.choice(["*", "+", "?", f"{{{low}}}", f"{{{low},}}", f"{{{low},{low + self.rng.randint(0, 3)}}}"])
        if self.rng.random() < 0.08:
            self.lazy = True
            text += "?"
        return text

    def sequence(self, depth):
        ours, theirs = "", ""
        for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4]) if depth < 2 else self.rng.randint(1, 4)):
            if self.rng.random() < 0.1:
                a, b = self.rng.choice([("\\b", "\\b"), ("\\B", "\\B"), ("^", "\\A"), ("$", "\\Z")])
            else:
                a, b = self.atom(depth)
                q = self.quantifier()
                a, b = a + q, b + q
            ours, theirs = ours + a, theirs + b
        return ours, theirs

    def alternatives(self, depth):
        parts = [self.sequence(depth) for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]
        return "|".join(p[0] for p in parts), "|".join(p[1] for p in parts)


def text_of(rng):
    pieces = ["a", "b", "A", "1", "_", " ", ".", "-", "\n", "é", "É", "€", "😀", "Z"]
    raw = [p.encode() for p in pieces] + [b"\x80", b"\xe2\x84", b"\xff", b"\xed\xa0\x80"]
    if rng.random() < 0.6:
        raw = raw[:8]
    return b"".join(rng.choice(raw) for _ in range(rng.randint(0, 10)))


class Oracle:
    """Which [start, end) match, by Python."""

    def __init__(self, theirs, flags):
        self.theirs, self.flags, self.ending = theirs, flags, {}

    def match(self, text, start, end):
        rest = len(text) - end
        if rest not in self.ending:
            self.ending[rest] = re.compile(f"(?:{self.theirs})(?=[\\s\\S]{{{rest}}}\\Z)", self.flags)
        return self.ending[rest].match(text, start)

    def spans(self, text):
        found, start = [], 0
        while start < len(text):
            for end in range(len(text), start, -1):
                match = self.match(text, start, end)
                if match:
                    found.append(match)
                    start = end
                    break
            else:
                start += 1
        return found


def in_bytes(text, span):
    return tuple(len(text[:i].encode("utf-8", "surrogateescape")) for i in span)


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def pattern(self, pattern, flags="-"):
        return self.ask(f"P {flags} {pattern.encode().hex()}")

    def spans(self, raw):
        return [tuple(map(int, s.split("-"))) for s in self.ask(f"T {raw.hex()}").split()]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


class Differential(unittest.TestCase):
    def setUp(self):
        self.tool = Tool()
        self.rng = random.Random(20261129)

    def tearDown(self):
        self.assertEqual(self.tool.close(), 0)

    def one(self):
        rng = self.rng
        ignore_case, whole_words = rng.random() < 0.2, rng.random() < 0.1
        maker = Maker(rng, rng.random() < 0.6)
        ours, theirs = maker.alternatives(2)
        flags = re.IGNORECASE if ignore_case else 0
        if whole_words:
            theirs = f"(?:(?<!\\w)|(?!\\w))(?:{theirs})(?:(?<!\\w)|(?!\\w))"
        capture = maker.groups > 0 and rng.random() < 0.5
        asked = ("i" if ignore_case else "") + ("w" if whole_words else "") or "-"
        answer = self.tool.pattern(ours, asked)
        what = f"{ours!r} {asked}: {answer}"
        oracle = Oracle(theirs, flags)
        texts = [text_of(rng) for _ in range(TEXTS)]
        if answer.startswith("refused"):
            return self.refused(answer, what, maker, oracle, texts)
        for raw in texts:
            text = raw.decode("utf-8", "surrogateescape")
            found = oracle.spans(text)
            expected = [in_bytes(text, m.span()) for m in found]
            self.assertEqual(self.tool.spans(raw), expected, f"{what} on {raw!r}")
            if maker.lazy:
                theirs_alone = [in_bytes(text, m.span()) for m in re.finditer(theirs, text, flags)]
                self.assertEqual(theirs_alone, expected, f"{what}: lazy on {raw!r}")
            self.matches += len(expected)
        if capture:
            self.captured(ours, asked, oracle, texts)
        return "ok"

    def refused(self, answer, what, maker, oracle, texts):
        if "can never match" in answer:
            for raw in texts:
                self.assertEqual(oracle.spans(raw.decode("utf-8", "surrogateescape")), [], what)
        elif "states" in answer:
            return "states"
        elif "lazy" in answer:
            self.assertTrue(maker.lazy, what)
        else:
            self.assertIn("empty text", answer, what)
            gaps = [(raw.decode("utf-8", "surrogateescape")) for raw in
                    [b"", b"a", b" ", b"aa", b"a a", b"  "]]
            # Python's \B does not match in the empty text.
            self.assertTrue("\\B" in what or any(oracle.match(t, i, i) for t in gaps for i in range(len(t) + 1)), what)
        return "refused"

    def captured(self, ours, asked, oracle, texts):
        """What Python's way of matching puts into the group is always in ours, which stays in the match."""
        self.assertTrue(self.tool.pattern(ours, asked.replace("-", "") + "c").startswith("ok"))
        for raw in texts:
            text = raw.decode("utf-8", "surrogateescape")
            covered = {i for a, b in self.tool.spans(raw) for i in range(a, b)}
            whole = set()
            for match in oracle.spans(text):
                whole.update(range(*in_bytes(text, match.span())))
                if match.span(1)[0] >= 0:
                    self.assertLessEqual(set(range(*in_bytes(text, match.span(1)))), covered,
                                         f"{ours!r} captures in {raw!r}")
            self.assertLessEqual(covered, whole, f"{ours!r} captures in {raw!r}")

    def test_all_matches_are_the_ones_that_python_finds(self):
        self.matches, results = 0, []
        for _ in range(PATTERNS):
            results.append(self.one())
        self.assertGreater(results.count("ok"), PATTERNS / 2)
        self.assertGreater(self.matches, PATTERNS)
        self.assertLess(results.count("states"), PATTERNS / 50)

    def test_values_between_nuls_are_searched_like_each_alone(self):
        for _ in range(PATTERNS // 10):
            ours, _ = Maker(self.rng, False).alternatives(2)
            if not self.tool.pattern(ours).startswith("ok"):
                continue
            values = [text_of(self.rng) for _ in range(3)]
            expected, at = [], 0
            for value in values:
                expected += [(at + a, at + b) for a, b in self.tool.spans(value)]
                at += len(value) + 1
            self.assertEqual(self.tool.spans(b"\0".join(values)), expected, f"{ours!r} on {values!r}")

    def test_the_oracle_disagrees_with_a_wrong_pattern(self):
        self.tool.pattern("a+b")
        self.assertNotEqual(self.tool.spans(b"aab"), [m.span() for m in Oracle("ab", 0).spans("aab")])


if __name__ == "__main__":
    tap.main()
