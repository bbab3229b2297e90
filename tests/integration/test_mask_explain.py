#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracexctl mask explain: why a value is masked, or is not, without the value."""
import json

import tap
from mask_command import CARD, Files, LIMIT, OWN, mask


class Explain(Files):
    def explain(self, *words, data=""):
        result = mask("explain", "--format", "json", *words, data=data)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_each_rule_that_has_a_say_is_told_with_what_came_of_it(self):
        path = self.policy("""allow:
  - {name: office, detector: ipv4, cidr: [10.0.0.0/8], reason: r}
rules:
  - {id: mine, match: {fields: [msg], detect: [email]}, action: {mask: {keep_first: 2}}, replaces: secure-default/email}
  - {id: trial, match: {fields: [msg], detect: [email]}, action: redact, mode: shadow}
  - {id: few, match: {detect: [email], min_count: 3}, action: drop_field}
  - {id: whole, match: {fields: [both]}, action: {mask: {keep_last: 1}}}""")
        told = self.explain("-c", path, "--field", "msg", "--value", "10.1.2.3 bob.smith@example.org")
        rules = {r["rule"]: r for r in told["rules"]}
        self.assertEqual({k: (v["standing"], v["wins"], v.get("other")) for k, v in rules.items()}, {
            "secure-default/ip": ("allowed", False, "office"), "mine": ("claims", True, None),
            "trial": ("shadow", False, None), "few": ("too_few", False, None),
            "secure-default/email": ("replaced", False, "mine")})
        self.assertEqual(told["outcome"], "changed")
        self.assertEqual(told["masked"], "mask:mine")
        self.assertEqual(told["replaced"][0]["start"], 9)
        both = self.explain("-c", path, "--field", "both", "--value", f"bob {CARD}")
        rules = {r["rule"]: r for r in both["rules"]}
        self.assertTrue(rules["whole"]["wins"] or rules["secure-default/card"]["wins"])
        locked = self.explain("--field", "password", "--value", "x")
        self.assertTrue(locked["rules"][0]["locked"])
        self.assertIn("locked", locked["rules"][0]["why"])

    def test_refusals_are_said_in_plain_words(self):
        for value, detector, fate, words in (
                ("4111111111111112", "credit_card", "check_fails", "Luhn"),
                ("219099871", "us_ssn", "no_context", "no word of us_ssn stands near (64 bytes before, 32 after)"),
                ("1234567.4111111111111111", "credit_card", "in_decimal", "decimal point")):
            told = self.explain("--field", "msg", "--value", value)
            [one] = [c for c in told["candidates"] if c["detector"] == detector]
            self.assertEqual(one["fate"], fate)
            self.assertIn(words, one["why"])
            self.assertEqual((told["outcome"], "out" in told), ("unchanged", False))

    def test_a_uuid_is_said_to_be_one(self):
        told = self.explain("--value", "ref 6f03675a-1600-a35a-0999-409831722549 00000000-1111-2222-3333-444444444444")
        self.assertEqual(told["uuids"], [{"part": 0, "start": 4, "end": 40}])
        text = mask("explain", "--value", "6f03675a-1600-a35a-0999-409831722549").stdout.decode()
        self.assertIn("  0..36      a UUID: random digits", text)

    def test_own_detectors_and_encoded_words_and_context_are_told(self):
        path = self.policy(OWN)
        told = self.explain("-c", path, "--field", "msg", "--value", "E123456")
        self.assertIn("40 bytes before, 10 after", told["candidates"][0]["why"])
        told = self.explain("-c", path, "--field", "staff", "--value", "E123456")
        self.assertIn("field's name", told["candidates"][0]["why"])
        told = self.explain("--field", "msg", "--value", "x=Ym9iQGV4YW1wbGUub3Jn")
        [one] = [c for c in told["candidates"] if c["detector"] == "email"]
        self.assertEqual(one["decoded"], 1)
        self.assertIn("decoded once", one["why"])

    def test_what_no_rule_asks_for_is_told_and_what_helps(self):
        path = self.policy("preset: none\ni_accept_unmasked: true")
        told = self.explain("-c", path, "--field", "msg", "--value", "bob@example.org")
        self.assertEqual([(c["detector"], c["fate"]) for c in told["candidates"]], [("email", "not_asked_for")])
        text = mask("explain", "-c", path, "--event", "a.b", "--field", "msg", "--value", "x").stdout.decode()
        for words in ("no rule names the field 'msg' of the event 'a.b'", "TX_PII", "fields: [\"msg\"]"):
            self.assertIn(words, text)

    def test_dropped_fields_and_records_are_told(self):
        told = self.explain("--field", "cvv", "--value", "123")
        self.assertEqual((told["outcome"], told["masked"]), ("field_dropped", "drop:secure-default/card-code-field"))
        path = self.policy('rules:\n  - {id: no-debug, match: {events: ["debug.**"]}, action: drop_record}')
        told = self.explain("-c", path, "--event", "debug.x", "--value", "v")
        self.assertEqual((told["outcome"], told["masked"]), ("record_dropped", "drop:no-debug"))

    def test_json_is_told_by_its_parts(self):
        told = self.explain("--field", "doc", "--type", "json", "--value", '{"a":"bob@example.org","password":"hunter2"}')
        self.assertEqual(sorted(r["rule"] for r in told["rules"]), ["secure-default/email", "secure-default/secret-field"])
        self.assertTrue(all(r["part"] > 0 for r in told["rules"]))
        self.assertNotIn("hunter2", told["out"])
        bad = self.explain("--field", "doc", "--type", "json", "--value", '{"a":"hunter2"')
        self.assertEqual((bad["out"], bad["masked"]), ("[redacted]", "error:json"))

    def test_what_an_error_code_means_is_said(self):
        encrypts = self.policy("rules:\n  - {id: e, match: {fields: [text]}, action: {encrypt: {subject: customer}}}")
        for words, code in ((("--type", "json", "--value", "{"), "error:json"),
                            (("--value", "bob@example.org " * 2000), "error:limit"),
                            (("-c", encrypts, "--value", "x"), "error:vault")):
            text = mask("explain", *words).stdout.decode()
            self.assertRegex(text, rf"(?m)^masked   .*{code}")
            self.assertRegex(text, rf"(?m)^{code}: [a-z]")
            self.assertNotIn("nothing claims it", text)

    def test_the_value_can_come_from_standard_input_and_so_is_in_no_list_of_processes(self):
        told = self.explain("--value", "-", data=f"{CARD}\n")
        self.assertEqual((told["bytes"], told["out"]), (19, "**** **** **** 1111"))
        self.assertEqual(self.explain("--value", "-", data="")["bytes"], 0)
        self.assertEqual(mask("explain", "--value", "-", data=b"x" * (LIMIT + 1)).returncode, 1)
        self.assertEqual(self.explain("--value", "-", data=b"\xff bob@example.org \x1b[2J")["outcome"], "changed")

    # Found, refused by a check, refused without a word, in an encoded word, in a name, in JSON.
    CANARIES = ("canary-bob@example.org", "4111111111111112", "219099871", "6f03675a-1600-a35a-0999-409831722549",
                "Y2FuYXJ5QGV4YW1wbGUub3Jn", "canaryword", "4111 1111 1111 1111", "canary: 12.5.1967", "\x1b[31mcanary",
                "canaryword " * 3000, "canary\x00x".replace("\x00", ""))

    def test_without_show_nothing_of_the_value_is_printed_anywhere(self):
        policies = [(), ("-c", self.policy("preset: none\ni_accept_unmasked: true"))]
        for canary in self.CANARIES:
            for words in ((), ("--type", "bytes"), ("--type", "int"), ("--type", "float"), ("--type", "bool"),
                          ("--field", "password"), ("--field", "cvv"), ("--label", "pii"), ("--format", "json")):
                for policy in policies:
                    result = mask("explain", *policy, *words, "--value", "-", data=canary)
                    told = (result.stdout + result.stderr).decode()
                    self.assertNotIn(canary, told, words)
                    self.assertNotIn("canary", told, words)
            value = json.dumps({"k": canary, "other": [canary]})
            told = mask("explain", "--type", "json", "--value", value).stdout.decode()
            if "[redacted]" not in told and "result   unchanged" not in told and "--show" not in told:
                self.assertNotIn(canary, told)
            shown = mask("explain", "--format", "json", "--show", "--value", "-", data=canary)
            self.assertEqual(json.loads(shown.stdout)["value"], canary, "and the control: --show does print it")

    def test_no_error_has_the_value_in_it(self):
        bad = self.file("version: 1\nmasking: {nonsense: 1}\n")
        for words in (("--value", "canary", "canary"), ("--valu", "canary", "--nonsense", "canary"),
                      ("-c", bad, "--value", "canary"), ("-c", "/nonexistent", "--value", "canary"),
                      ("--type", "int", "--value", "canary"), ("--event", "A B", "--value", "canary"), ("canary",),
                      ("--value", "canary", "--format", "xml"), ("--value=canary", "--sender", "x=y")):
            result = mask("explain", *words)
            self.assertIn(result.returncode, (1, 2), words)
            self.assertNotIn(b"canary", result.stdout + result.stderr, words)
            self.assertTrue(result.stderr, words)

    def test_what_was_not_taken_is_not_shown_beside_what_was(self):
        told = self.explain("--value", f"{CARD} and 4111111111111112")
        self.assertNotIn("4111111111111112", json.dumps(told))
        self.assertIn("[not shown]", told["out"])
        self.assertIn("4111111111111112", self.explain("--show", "--value", f"{CARD} and 4111111111111112")["out"])

    def test_a_terminal_is_not_acted_on(self):
        for words in ((), ("--show",), ("--show", "--format", "json")):
            result = mask("explain", *words, "--value", "-", data="\x1b[2J bob@example.org \u202e")
            self.assertNotIn(b"\x1b", result.stdout)
            self.assertNotIn("\u202e".encode(), result.stdout)

    def test_many_candidates_are_counted(self):
        told = self.explain("--value", "-", data=" ".join(f"4111-1111-1111-{i:04d}" for i in range(1000)))
        self.assertEqual(len(told["candidates"]), 256)
        self.assertGreater(told["more_candidates"], 0)
        self.assertNotIn("out", told)


    def test_the_middle_of_a_long_text_is_left_out_for_people(self):
        policy = self.policy("rules:\n  - {id: a, match: {detect: [email]}, action: redact}")
        text = "ä" * 30000 + " a@b.example"
        words = ("explain", "-c", policy, "--value", "-")
        for more in ((), ("--show",)):
            told = mask(*words, *more, data=text).stdout.decode()
            self.assertLess(len(told), 7000)
            self.assertRegex(told, r"ää… and \d{5} bytes more; --format json has them\n")
        self.assertEqual(json.loads(mask(*words, "--format", "json", data=text).stdout)["out"],
                         "ä" * 30000 + " [redacted]")


if __name__ == "__main__":
    tap.main()
