#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Showing one encrypted value: by the path of a member, and without what stands behind it."""
import json
import unittest

import tap
from tracexd import CONFIG, Daemon

SUBJECT = "customer-4711-canary"
RULES = """masking:
  rules:
    - id: erasable
      match: {events: ["customer.*"], fields: [customer_id, name]}
      action: {encrypt: {subject: customer_id}}
"""


class Reveal(unittest.TestCase):
    def reveal(self, d, record, field):
        return d.ctl("reveal", "--seq", str(record["seq"]), "--field", field)

    def test_a_member_is_revealed_by_its_path(self):
        rules = RULES + """    - id: members
      match: {events: ["customer.*"], fields: ["/order/customer/email", "/order/lines/*/note", "/body/pet"]}
      action: {encrypt: {subject: customer_id}}
"""
        order = {"customer": {"email": 'a "canary"@x', "a/b~c": "stays"}, "lines": [{"note": "one"}, {"note": "two"}]}
        with Daemon(CONFIG + rules).start() as d:
            d.emit("--durable", "--event", "customer.wrote", "--field", "customer_id=" + SUBJECT,
                   "--json", "order=" + json.dumps(order), "--field", "body=" + json.dumps({"pet": "cat", "n": 1}))
            [record] = d.records("customer.wrote")
            for path, expected in (("order/customer/email", 'a "canary"@x'), ("/order/lines/1/note", "two"),
                                   ("order.lines.0.note", "one"), ("body/pet", "cat"),
                                   ("order/lines/1", '{"note":"two"}')):
                shown = self.reveal(d, record, path)
                self.assertEqual((shown.returncode, shown.stdout), (0, expected + "\n"), path + shown.stderr)
            # The record tells of the field: its values are bound to that, and whoever asks could have them all.
            self.assertEqual({r["data"]["field"] for r in d.records("tracex.revealed")}, {"order", "body"})
            n = len(d.records("tracex.revealed"))
            where = "customer_id, order/customer/email, order/lines/0/note, order/lines/1/note, body/pet"
            for path, words in (("order/customer/phone", "has no field or member"), ("order/lines/2/note", "has no"),
                                ("orders", "has no field"), ("order.customer.x", "has no"), ("body/pet/x", "has no"),
                                ("order/customer/a~1b~0c", "is encrypted"), ("body/n", "is encrypted")):
                result = self.reveal(d, record, path)
                self.assertEqual((result.returncode, result.stdout), (1, ""), path)
                self.assertIn(words, result.stderr)
                self.assertIn(f"holds encrypted values in: {where}\n", result.stderr)
            self.assertEqual(len(d.records("tracex.revealed")), n)

    def test_what_stands_right_behind_a_token_is_not_taken_for_it(self):
        rules = """
masking:
  detectors:
    code: {regex: 'K[0-9]{4}'}
  rules:
    - id: codes
      match: {events: ["customer.*"], detect: [code]}
      action: {encrypt: {subject: customer_id}}
"""
        texts = ["K1234-", "K1234_x and more", "K1234K5678-K9012", "xK1234ABCDEFGHIJKLMNOPQRSTUVWXYZ-", "K1234"]
        with Daemon(CONFIG + rules).start() as d:
            for i, text in enumerate(texts):
                d.emit("--durable", "--event", "customer.wrote", "--field", "customer_id=" + SUBJECT,
                       "--field", f"text={text}", "--json", "list=" + json.dumps([text, i]))
            for text, record in zip(texts, d.records("customer.wrote")):
                self.assertNotIn("K1234", record["data"]["text"])
                for field, expected in (("text", text), ("list/0", text)):
                    shown = self.reveal(d, record, field)
                    self.assertEqual((shown.returncode, shown.stdout), (0, expected + "\n"), shown.stderr)


if __name__ == "__main__":
    tap.main()
