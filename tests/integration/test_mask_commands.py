#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracexctl mask: what each command prints for fixed inputs, and what hostile inputs get. What the manual shows of it,
tests/docs/test_documents.py runs."""
import json
import os
import re
import subprocess

import tap
from mask_command import CARD, Files, LIMIT, OWN, mask, run
from tracexd import CTL, SOURCE


class Test(Files):
    def answers(self, data, *words):
        result = mask("test", "--format", "json", *words, data=data)
        return result, [json.loads(line) for line in result.stdout.decode().splitlines()]

    def test_the_answer_is_exactly_two_members_with_byte_offsets(self):
        result = mask("test", "--format", "json", data=f"é {CARD}\n")
        self.assertEqual(result.stdout.decode(),
                         '{"spans":[{"start":3,"end":22,"detector":"credit_card"}],"out":"é **** **** **** 1111"}\n')
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_there_is_one_answer_for_each_line_whatever_stands_in_it(self):
        lines = [b"", b"a\0b", b"\xff\xfe\x80 bob@example.org", b" " * 70000, b"x" * (LIMIT + 1), b"y" * (3 << 20), b"\r",
                 b"\xed\xa0\x80", b"\x1b[2J", b"bob@example.org"]
        data = b"\n".join(lines)  # the last one has no newline
        result, answers = self.answers(data)
        self.assertEqual(len(answers), len(lines))
        self.assertEqual([a["out"] for a in answers[4:6]], ["[redacted]"] * 2)
        self.assertEqual(answers[0], {"spans": [], "out": ""})
        self.assertEqual(answers[1]["out"], "a\0b")
        self.assertEqual(answers[2]["spans"], [{"start": 4, "end": 19, "detector": "email"}])
        self.assertTrue(answers[2]["out"].startswith("\ufffd\ufffd\ufffd "), answers[2])
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stderr.splitlines()), 2, result.stderr)
        text = mask("test", data=data)
        self.assertEqual(text.stdout.count(b"\n"), len(lines))
        self.assertEqual(text.returncode, 1)
        self.assertEqual(mask("test", data=b"x" * LIMIT + b"\n").returncode, 0)

    def test_no_input_has_no_answer(self):
        self.assertEqual(mask("test").stdout, b"")
        self.assertEqual(mask("test", "--format", "json", data="\n").stdout, b'{"spans":[],"out":""}\n')

    def test_packs_and_context_hold_for_spans_and_for_what_comes_out(self):
        line = f"{CARD} bob@example.org\n"
        for packs, detectors, out in (("all", ["credit_card", "email"], None), ("pci", ["credit_card"],
                                      "**** **** **** 1111 bob@example.org"), ("email", ["email"], None)):
            _, [answer] = self.answers(line, "--packs", packs)
            self.assertEqual([s["detector"] for s in answer["spans"]], detectors)
            self.assertEqual("bob@" in answer["out"], packs == "pci", answer)
            if out:
                self.assertEqual(answer["out"], out)
        _, [words] = self.answers("219099871\n", "--packs", "us_ssn")
        _, [assume] = self.answers("219099871\n", "--packs", "us_ssn", "--context", "assume")
        self.assertEqual((words["spans"], words["out"]), ([], "219099871"))
        self.assertEqual((len(assume["spans"]), assume["out"]), (1, "[redacted]"))

    def test_the_files_own_detectors_are_found_and_masked(self):
        path = self.policy(OWN)
        _, answers = self.answers("staff E123456\nE123456\nacme_1234 bob@example.org\n", "-c", path)
        self.assertEqual([[s["detector"] for s in a["spans"]] for a in answers], [["employee"], [], ["token", "email"]])
        self.assertEqual(answers[0]["out"], "staff [redacted]")
        _, [only] = self.answers("acme_1234 bob@example.org\n", "-c", path, "--packs", "token")
        self.assertEqual(only["out"], "<token> bob@example.org")
        early = run("-c", path, "mask", "test", data="acme_1234\n")
        self.assertEqual(early.stdout, b"<token>\n")

    def test_event_field_sender_label_and_type_are_those_of_the_record(self):
        path = self.policy("""preset: none
i_accept_unmasked: true
rules:
  - {id: e, match: {events: ["pay.*"], fields: [note]}, action: redact}
  - {id: s, match: {sender: {uid: [7], unit: ["web-*.service"]}}, action: {replace: "s"}}
  - {id: l, match: {labels: [secret]}, action: {replace: "l"}}
  - {id: t, match: {types: [int]}, action: {replace: "i"}}
  - {id: k, match: {fields: [/doc/name]}, action: redact}""")
        for words, line, out in (
                (("--event", "pay.in", "--field", "note"), "v", "[redacted]"),
                (("--event", "other", "--field", "note"), "v", "v"),
                (("--sender", "uid=7,unit=web-1.service"), "v", "s"), (("--sender", "uid=7,unit=db.service"), "v", "v"),
                (("--label", "secret"), "v", "l"), (("--label", "pii"), "v", "v"), (("--type", "int"), "17", "i"),
                (("--type", "float"), "1.5", "1.5"), (("--type", "bool"), "true", "true"),
                (("--type", "json", "--field", "doc"), '{"name": "x", "n": 1}', '{"name":"[redacted]","n":"i"}')):
            result = mask("test", "-c", path, *words, data=line + "\n")
            self.assertEqual(result.stdout.decode(), out + "\n", words)

    def test_what_is_not_of_the_type_is_masked_whole_and_the_status_says_so(self):
        result = mask("test", "--type", "int", data="17\nx1\n\n99999999999999999999\n18446744073709551615\n")
        self.assertEqual(result.stdout.decode().splitlines(), ["17", "[redacted]", "[redacted]", "[redacted]",
                                                              "18446744073709551615"])
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"line 2", result.stderr)
        self.assertNotIn(b"x1", result.stderr)

    def test_wrong_words_are_usage(self):
        for words in (("--packs", "nonsense"), ("--format", "xml"), ("--context", "no"), ("--event", "A B"), ("more",),
                      ("--field", "1x"), ("--sender", "uid=x"), ("--sender", "unit"), ("--type", "date"), ("--nonsense",),
                      ("--label", "public")):
            result = mask("test", *words, data="x\n")
            self.assertEqual((result.returncode, result.stdout), (2, b""), words)
        self.assertEqual(mask("nonsense").returncode, 2)
        self.assertEqual(mask().returncode, 2)

    def test_wrong_words_are_told_the_usage_of_their_command(self):
        told = mask("diff", "one").stderr.decode()
        self.assertIn("mask diff OLD NEW", told)
        self.assertNotIn("mask test", told)
        every = mask("nonsense").stderr.decode()
        for part in ("there is no command 'mask nonsense'", "mask test", "mask preset"):
            self.assertIn(part, every)
        self.assertNotIn("reveal", every)
        self.assertIn("reveal --seq", run("reveal").stderr.decode())

    def test_an_answer_comes_before_the_next_line_is_waited_for(self):
        with subprocess.Popen([CTL, "mask", "test"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for text in (b"one bob@example.org\n", b"two\n"):
                process.stdin.write(text)
                process.stdin.flush()
                self.assertTrue(process.stdout.readline())
            process.stdin.close()
        self.assertEqual(process.returncode, 0)

    def test_a_full_disk_is_said(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        with open("/dev/full", "wb") as full:
            result = subprocess.run([CTL, "mask", "test"], input=b"x\n" * 1000000, stdout=full, stderr=subprocess.PIPE,
                                    timeout=120, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"cannot", result.stderr)


class Lint(Files):
    def test_warnings_name_file_and_line_and_only_strict_fails(self):
        path = self.policy("""rules:
  - {id: a, match: {detect: [ipv4], min_confidence: 0.99}, action: redact}
detectors:
  slow: {regex: '[0-9]{9}', examples: {true: ["123456789"]}}""")
        result = mask("lint", "-c", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        text = result.stdout.decode()
        self.assertRegex(text, rf"{re.escape(path)}:4: warning: rule 'a' never does anything: its min_confidence is 99 %")
        self.assertIn("no rule uses the detector 'slow'", text)
        self.assertIn("note: the detector 'slow' is run over every text", text)
        self.assertTrue(text.endswith(f"{path}: 2 warnings\n"), text)
        self.assertEqual(mask("lint", "--strict", "-c", path).returncode, 1)

    def test_the_shipped_file_has_none(self):
        shipped = os.path.join(SOURCE, "config/tracex.yaml")
        result = run("-c", shipped, "mask", "lint", "--strict")
        self.assertEqual((result.returncode, result.stdout.decode()), (0, f"{shipped}: 0 warnings\n"), result.stderr)

    def test_nor_have_the_examples(self):
        folder = os.path.join(SOURCE, "config/examples")
        names = [name for name in os.listdir(folder) if name.endswith(".yaml")]
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            result = run("-c", os.path.join(folder, name), "mask", "lint", "--strict")
            self.assertEqual(result.returncode, 0, result.stdout)

    def test_what_cannot_be_used_is_an_error(self):
        for masking in ("nonsense: 1", "detectors:\n  d: {regex: 'E[0-9]', examples: {true: [X1]}}",
                        "rules:\n  - {id: a, match: {detect: [nonsense]}, action: redact}",
                        "tests:\n  - {event: a.b, in: {x: a@b.example}, out: {x: a@b.example}}"):
            result = mask("lint", "-c", self.policy(masking))
            self.assertEqual(result.returncode, 1, masking)
            self.assertIn(b"tracex.yaml:", result.stderr)
        self.assertEqual(mask("lint", "-c", "/nonexistent").returncode, 1)
        self.assertEqual(mask("lint", "more").returncode, 2)

    def test_a_pattern_that_is_tried_at_each_place_is_warned_of(self):
        path = self.policy("""rules:
  - {id: r, match: {detect: [wide]}, action: redact}
detectors:
  wide: {regex: 'k[a-z].{100}[0-9]x', examples: {false: [k]}}""")
        result = mask("lint", "-c", path)
        self.assertRegex(result.stdout.decode(), "warning: the detector 'wide' reads up to [0-9]+ characters")


class Diff(Files):
    BEFORE = 'rules:\n  - {id: a, match: {fields: [text]}, action: redact}'

    def test_the_same_is_the_same(self):
        path = self.policy(self.BEFORE)
        result = mask("diff", path, path, "--fail-on-weaker")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, b"0 weaker, 0 stricter, 0 changed; the policies are the same\n")

    def test_weaker_and_stricter_are_told_apart_and_only_weaker_fails(self):
        before, now = self.policy(self.BEFORE, "a"), self.policy("rules: []", "b")
        weaker = mask("diff", before, now)
        self.assertEqual(weaker.returncode, 0, weaker.stderr)
        self.assertRegex(weaker.stdout.decode(), "(?m)^weaker +rule 'a': redact -> ")
        self.assertRegex(weaker.stdout.decode(), r"(?m)^[1-9]\d* weaker, 0 stricter, 0 changed")
        self.assertEqual(mask("diff", before, now, "--fail-on-weaker").returncode, 1)
        stricter = mask("diff", now, before, "--fail-on-weaker")
        self.assertEqual(stricter.returncode, 0)
        self.assertRegex(stricter.stdout.decode(), r"(?m)^0 weaker, [1-9]\d* stricter, 0 changed")

    def test_texts_that_come_out_differently_are_shown_without_what_either_hides(self):
        before = self.policy('rules:\n  - {id: c, match: {detect: [credit_card]}, action: allow, reason: r}', "a")
        now = self.policy('rules:\n  - {id: e, match: {detect: [email]}, action: allow, reason: r}', "b")
        corpus = self.file(b"nothing\n" + f"{CARD} canary@example.org\n".encode() * 9 + b"\xff\0\n" + b"x" * (LIMIT + 1),
                           "corpus")
        for one, other in ((before, now), (now, before)):
            result = mask("diff", one, other, "--corpus", corpus)
            self.assertEqual(result.returncode, 0, result.stderr)
            text = result.stdout.decode()
            self.assertIn("9 of 12 lines come out differently", text)
            self.assertEqual(text.count("without what either hides"), 5)
            self.assertNotIn("4111", text)
            self.assertNotIn("canary", text)
            self.assertIn(b"1 lines are longer", result.stderr)

    def test_a_number_is_hidden_though_one_policy_takes_away_the_word_that_the_other_needs(self):
        before = self.policy("""preset: none
i_accept_unmasked: true
detectors:
  word: {regex: 'ssn', examples: {true: [ssn]}}
rules:
  - {id: w, match: {detect: [word]}, action: redact}""", "a")
        now = self.policy("preset: none\ni_accept_unmasked: true\nrules:\n"
                          "  - {id: n, match: {detect: [us_ssn]}, action: redact}", "b")
        corpus = self.file("my ssn 219099871 here\n", "corpus")
        for one, other in ((before, now), (now, before)):
            text = mask("diff", one, other, "--corpus", corpus).stdout.decode()
            self.assertIn("line 1, without what either hides: my [hidden] [hidden] here\n", text)
            self.assertNotIn("219099871", text)

    def test_what_is_new_each_time_is_no_difference(self):
        path = self.policy('rules:\n  - {id: c, match: {fields: [text]}, action: commit}')
        corpus = self.file("x\ny\n", "corpus")
        self.assertIn(b"0 of 2 lines", mask("diff", path, path, "--corpus", corpus).stdout)

    def test_files_that_cannot_be_read_are_named(self):
        path = self.policy("rules: []")
        self.assertEqual(mask("diff", path, "/nonexistent").returncode, 1)
        self.assertIn(b"/nonexistent", mask("diff", path, path, "--corpus", "/nonexistent").stderr)
        for words in ((), (path,), (path, path, path), (path, path, "--nonsense")):
            self.assertEqual(mask("diff", *words).returncode, 2, words)


class Bench(Files):
    def test_it_measures_generated_records_and_the_lines_of_a_file(self):
        for words, n in ((("-c", self.policy(OWN)), 20000), ((self.file(f"x\n{CARD}\n\n" * 100, "lines"),), 300)):
            result = mask("bench", "--format", "json", *words)
            self.assertEqual(result.returncode, 0, result.stderr)
            told = json.loads(result.stdout)
            self.assertEqual(told["records"], n)
            self.assertGreater(told["ns"], 0)
            self.assertGreater(told["rules_ns"], 0)
            self.assertEqual(set(told), {"records", "bytes", "ns", "mb_s", "rules_ns", "detectors_ns", "own_ns"})

    def test_it_prints_a_table(self):
        lines = mask("bench", self.file("x\n", "lines")).stdout.decode().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(mask("bench", "/nonexistent").returncode, 1)
        self.assertEqual(mask("bench", self.file("", "empty")).returncode, 1)
        self.assertEqual(mask("bench", "a", "b").returncode, 2)


class List(Files):
    def test_every_detector_is_described_in_both_formats(self):
        lines = mask("list").stdout.decode().splitlines()
        rows = json.loads(mask("list", "--format", "json").stdout)
        self.assertEqual([line.split()[0] for line in lines], [r["name"] for r in rows])
        self.assertGreater(len(rows), 100)
        for row in rows:
            self.assertEqual(set(row), {"name", "pack", "context", "finds"})
            self.assertTrue(row["finds"])
            self.assertIn(row["context"], ("alone", "by form", "word"))
        self.assertRegex(lines[0], r"^email +base +alone +e-mail address$")

    def test_the_files_own_are_listed_too(self):
        path = self.policy(OWN)
        rows = json.loads(mask("list", "--format", "json", "-c", path).stdout)
        self.assertEqual([(r["name"], r["pack"], r["context"]) for r in rows[-2:]],
                         [("employee", "own", "word"), ("token", "own", "alone")])
        self.assertEqual(mask("list", "-c", "/nonexistent").returncode, 1)
        self.assertEqual(mask("list", "more").returncode, 2)

    def test_presets_are_shown_as_they_are_built_in(self):
        names = [line.split()[0] for line in mask("preset", "list").stdout.decode().splitlines()]
        self.assertIn("secure-default@1", names)
        for name in names:
            text = mask("preset", "show", name).stdout
            with open(os.path.join(SOURCE, "config/presets", name.split("@")[0] + ".yaml"), "rb") as f:
                self.assertEqual(text, f.read(), name)
            self.assertEqual(mask("preset", "show", name.split("@")[0]).stdout, text)
        self.assertEqual(mask("preset", "show", "nonsense").returncode, 1)
        for words in ((), ("show",), ("list", "more"), ("nonsense",)):
            self.assertEqual(mask("preset", *words).returncode, 2, words)


if __name__ == "__main__":
    tap.main()
