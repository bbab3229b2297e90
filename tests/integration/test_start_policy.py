#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A start whose rules mask less than those before: it goes on, and says so everywhere; once, whatever ends in between."""
import os
import signal
import unittest

import tap
from tracexd import CONFIG, Daemon, wait_until

REDACT = "masking:\n  rules:\n    - {id: colour, match: {fields: [colour]}, action: redact}\n"
STRICTER = REDACT + "    - {id: shape, match: {fields: [shape]}, action: redact}\n"
BROKEN = "masking:\n  rules:\n    - {id: colour, match: {feilds: [colour]}, action: redact}\n"


class StartPolicy(unittest.TestCase):
    def policies(self, d):
        return [r["data"] for r in d.records("tracex.policy")]

    def loosened(self, d):
        return [p for p in self.policies(d) if p.get("weakened")]

    def copy(self, d):
        try:
            with open(os.path.join(d.dir, "state", "policy.yaml"), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_for_copy(self, d, has_shape):
        wait_until(lambda: self.copy(d) and ('"shape"' in self.copy(d)) == has_shape, 20, "the copy of what is in force")

    def restart(self, d, text):
        d.write_config(CONFIG + text)
        return d.start()

    def emit(self, d, event, **fields):
        d.emit("--durable", "--event", event, *[x for k, v in fields.items() for x in ("--field", f"{k}={v}")])
        return d.records(event)[-1]

    def masking(self, d):
        return d.status()["supervisor"]["masking"]

    def check_told(self, d, n_records):
        told, = wait_until(lambda: self.loosened(d)[n_records - 1:], 20, "the record of it")
        self.assertEqual(told["why"], "start")
        self.assertTrue(any("rule 'shape'" in text for text in told["weakened"]), told)
        self.assertNotIn("rejected", told)
        self.assertEqual(told["sha256"], self.policies(d)[-1]["sha256"])
        self.assertIn("WEAKER", d.stderr())
        self.assertIn("rule 'shape'", d.stderr())
        self.assertTrue(any("rule 'shape'" in text for text in self.masking(d)["weakened"]))
        self.assertTrue(d.ctl("status").stdout.startswith("WEAKER"))

    def verifies(self, d):
        self.assertEqual(d.stop(), 0)
        status, text = d.verify()
        self.assertEqual(status, 0, text)

    def test_what_a_restart_loosens_is_recorded_and_told(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            self.wait_for_copy(d, True)
            self.assertEqual(self.loosened(d), [])
            self.assertNotIn("weakened", self.masking(d))
            d.stop()
            self.restart(d, REDACT)
            self.assertEqual(self.emit(d, "goes.on", shape="round", colour="red")["data"],
                             {"shape": "round", "colour": "[redacted]"})
            self.check_told(d, 1)
            self.wait_for_copy(d, False)
            # The next start has nothing to tell, nor has one that masks more.
            d.stop()
            self.restart(d, REDACT)
            d.stop()
            self.restart(d, STRICTER)
            self.emit(d, "again", shape="round")
            self.assertEqual(len(self.loosened(d)), 1)
            self.assertNotIn("weakened", self.masking(d))
            self.verifies(d)

    def test_it_is_told_until_it_is_recorded(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            self.wait_for_copy(d, True)
            d.stop()
            d.write_config(CONFIG + REDACT)
            d.start(ready=False)
            wait_until(lambda: "WEAKER" in d.stderr(), 20, "the start")
            d.kill()
            if self.loosened(d):
                self.skipTest("it was recorded before the kill")
            self.assertIn('"shape"', self.copy(d))
            d.start()
            self.check_told(d, 1)
            self.wait_for_copy(d, False)
            self.verifies(d)

    def test_an_ingest_that_ends_does_not_take_it_along(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            self.wait_for_copy(d, True)
            os.kill(d.child("tracex-ledger"), signal.SIGSTOP)
            try:
                d.write_config(CONFIG + REDACT)
                self.assertEqual(d.ctl("reload", "--allow-weaker").returncode, 0)
                os.kill(d.child("tracex-ingest"), signal.SIGKILL)
                self.assertIn('"shape"', self.copy(d))
            finally:
                os.kill(d.child("tracex-ledger"), signal.SIGCONT)
            told = wait_until(lambda: self.loosened(d), 20, "the record of it")[-1]
            self.assertEqual((told["why"], told["allowed_weaker"]), ("reload", True))
            self.wait_for_copy(d, False)
            self.verifies(d)

    def test_a_lockdown_in_between_hides_nothing(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            self.wait_for_copy(d, True)
            d.stop()
            self.restart(d, BROKEN)
            self.assertIs(self.masking(d)["lockdown"], True)
            d.write_config(CONFIG + REDACT)
            refused = d.ctl("reload")
            self.assertEqual(refused.returncode, 1)
            self.assertIn("rule 'shape'", refused.stderr)
            d.write_config(CONFIG + STRICTER)
            self.assertEqual(d.ctl("reload").returncode, 0)
            d.stop()
            self.restart(d, BROKEN)
            d.stop()
            self.restart(d, REDACT)
            self.check_told(d, 2)
            self.verifies(d)

    def test_a_copy_that_is_gone_is_told_too(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            self.wait_for_copy(d, True)
            for spoil in (lambda path: os.unlink(path), lambda path: open(path, "w", encoding="utf-8").write("no\n")):
                d.stop()
                spoil(os.path.join(d.dir, "state", "policy.yaml"))
                n = len(self.loosened(d))
                self.restart(d, STRICTER)
                told = wait_until(lambda: self.loosened(d)[n:], 20, "the record of it")[0]
                self.assertIn("is not known", told["weakened"][0])
                self.wait_for_copy(d, True)
            self.verifies(d)


if __name__ == "__main__":
    tap.main()
