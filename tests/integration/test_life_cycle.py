#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The life of a policy: read, tried, put in force, replaced; refused, or locked down when it cannot be used."""
import json
import os
import signal
import subprocess
import unittest

import hostile
import ingest_rig
import tap
from tracexd import AUDITD, CONFIG, CTL, Daemon, wait_until

CANARY = "canary-7Qz"
REDACT = "masking:\n  rules:\n    - {id: colour, match: {fields: [colour]}, action: redact}\n"
STRICTER = REDACT + "    - {id: shape, match: {fields: [shape]}, action: redact}\n"
BROKEN = "masking:\n  rules:\n    - {id: colour, match: {feilds: [colour]}, action: redact}\n"
BAD_TEST = REDACT + "  tests:\n    - {event: e, in: {colour: \"red\"}, out: {colour: \"red\"}}\n"
BAD_EXAMPLE = ("masking:\n  detectors:\n    d: {regex: \"E[0-9]{6}\", examples: {true: [\"E12\"]}}\n"
               "  rules:\n    - {id: d, match: {detect: [d]}, action: redact}\n")


def with_key(source):
    return (f"masking:\n  keys:\n    pn: {source}\n  rules:\n"
            "    - {id: colour, match: {fields: [colour]}, action: {pseudonym: {key: pn, domain: d}}}\n")


class Case(unittest.TestCase):
    def policies(self, d):
        return [r["data"] for r in d.records("tracex.policy")]

    def last_policy(self, d, n):
        """The n-th record of a policy, which is the last."""
        return wait_until(lambda: self.policies(d)[n - 1:], 20, f"{n} records of policies")[0]

    def emit(self, d, event, **fields):
        d.emit("--durable", "--event", event, *[x for k, v in fields.items() for x in ("--field", f"{k}={v}")])
        return d.records(event)[-1]

    def reload(self, d, text, *options):
        d.write_config(CONFIG + text)
        return d.ctl("reload", *options)

    def refused(self, d, text, word, *expected):
        """The policy in force is the same before and after; it is told to the caller, in the journal and in the log."""
        before = self.emit(d, "before.it")["policy"]
        n = len(self.policies(d))
        result = self.reload(d, text)
        self.assertEqual(result.returncode, 1, result.stdout)
        after = self.emit(d, "after.it")["policy"]
        self.assertEqual(after, before)
        record, = wait_until(lambda: self.policies(d)[n:], 20, "the record of it")
        self.assertEqual(record["rejected"], word)
        self.assertEqual(record["sha256"][:16], before)
        for text_ in expected:
            self.assertRegex(result.stderr, text_)
            self.assertRegex(d.stderr(), text_)
        self.assertIn("before stay in force", d.stderr())
        return record

    def verifies(self, d):
        self.assertEqual(d.stop(), 0)
        status, text = d.verify()
        self.assertEqual(status, 0, text)


class Lockdown(Case):
    def log_canaries(self, d):
        """One of each kind of value, of a record's every part."""
        lane = hostile.connect(d.socket)
        secret = os.urandom(16)
        field, kinds = ingest_rig.field, ingest_rig
        fields = [field(b"colour", CANARY.encode()), field(b"bytes", CANARY.encode(), kinds.BYTES),
                  field(b"json", json.dumps({"k": [CANARY, {CANARY: 1}]}).encode(), kinds.JSON),
                  field(b"secret", CANARY.encode(), label=2), field(b"whole", 4711, kinds.I64),
                  field(b"real", 2.5, kinds.F64), field(b"yes", True, kinds.BOOL), field(b"none", None, kinds.NULL)]
        lane.send(ingest_rig.records(secret, ingest_rig.record(
            0, b"canaries", fields, receipt=True, message=CANARY.encode(), correlation=CANARY.encode())))
        self.assertTrue(hostile.replies(lane, 5))
        lane.close()
        return d.records("canaries")[-1]

    def leaks(self, d):
        found = []
        for base, _, names in os.walk(d.dir):
            for name in names:
                path = os.path.join(base, name)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        if CANARY.encode() in f.read():
                            found.append(path)
        return found

    def locked(self, config, *expected):
        with Daemon(CONFIG + config).start() as d:
            record = self.log_canaries(d)
            self.assertEqual(self.leaks(d), [])
            data = record["data"]
            self.assertEqual((data["whole"], data["real"], data["yes"]), (4711, 2.5, True))
            for name in ("colour", "bytes", "json", "secret"):
                self.assertEqual(data[name], "[redacted]")
            policy, = self.policies(d)
            self.assertIs(policy["lockdown"], True)
            self.assertEqual(policy["sha256"][:16], record["policy"])
            status = d.status()
            self.assertIs(status["supervisor"]["masking"]["lockdown"], True)
            self.assertIs(d.status_of("ingest")["lockdown"], True)
            why = status["supervisor"]["masking"]["why"]
            text = d.ctl("status").stdout
            self.assertTrue(text.startswith("LOCKDOWN"), text)
            self.assertIn("LOCKDOWN", d.stderr())
            for wanted in expected:
                self.assertRegex(why, wanted)
                self.assertRegex(text, wanted)
                self.assertRegex(d.stderr(), wanted)
            self.after_lockdown(d)
            self.verifies(d)

    def after_lockdown(self, d):
        """A crash does not end it; a file that is mended does, and nobody has to allow anything."""
        os.kill(d.child("tracex-ingest"), signal.SIGKILL)
        self.assertEqual(self.emit(d, "again", colour="red")["data"]["colour"], "[redacted]")
        self.refused(d, BROKEN, "invalid", r"tracex\.yaml:\d+:\d+")
        result = self.reload(d, REDACT)
        self.assertEqual(result.returncode, 0, result.stderr)
        record = self.emit(d, "mended", colour="red", other="blue")
        self.assertEqual(record["data"], {"colour": "[redacted]", "other": "blue"})
        self.assertNotIn("lockdown", self.policies(d)[-1])
        self.assertNotIn("LOCKDOWN", d.ctl("status").stdout)

    def test_control_without_a_lockdown_values_are_seen(self):
        with Daemon(CONFIG + "masking: {preset: none, i_accept_unmasked: true}\n").start() as d:
            self.assertIn(CANARY, json.dumps(self.log_canaries(d)))
            self.assertTrue(self.leaks(d))
            self.assertNotIn("lockdown", self.policies(d)[0])
            self.assertNotIn("LOCKDOWN", d.stderr() + d.ctl("status").stdout)

    def test_a_mistake_in_masking(self):
        self.locked(BROKEN, r"tracex\.yaml:14:28: .*feilds")

    def test_what_is_no_yaml_within_masking(self):
        self.locked("masking:\n  rules: [\n", r"tracex\.yaml:\d+:\d+: this is not YAML")

    def test_a_test_that_does_not_hold(self):
        self.locked(BAD_TEST, r"tracex\.yaml:16:7: a test does not hold")

    def test_an_example_that_is_not_found(self):
        self.locked(BAD_EXAMPLE, r"tracex\.yaml:14:5: the detector 'd' cannot be used: examples")

    def test_a_key_that_is_not_there(self):
        self.locked(with_key("{source: file, path: nowhere.key}"),
                    r"tracex\.yaml:14:9: the key 'pn' cannot be used: there is no .*nowhere\.key")

    def test_a_mistake_elsewhere_ends_it(self):
        for text in ("nonsense: 1\n", "log: {}\n"):
            with Daemon(CONFIG + text + REDACT).start(ready=False) as d:
                self.assertEqual(d.process.wait(30), 1)
                self.assertNotIn("LOCKDOWN", d.stderr())


class Refuse(Case):
    def test_a_file_can_ask_for_an_end_instead(self):
        for text in (BROKEN, BAD_TEST, BAD_EXAMPLE, with_key("{source: file, path: nowhere.key}")):
            text = text.replace("masking:\n", "masking:\n  on_bad_config: refuse\n")
            with Daemon(CONFIG + text).start(ready=False) as d:
                self.assertEqual(d.process.wait(30), 1)
                self.assertIn("on_bad_config says refuse", d.stderr())
                self.assertFalse(os.path.exists(d.log), "nothing was made")
        with Daemon(CONFIG + REDACT.replace("masking:\n", "masking:\n  on_bad_config: refuse\n")).start() as d:
            self.assertEqual(self.emit(d, "control", colour="red")["data"]["colour"], "[redacted]")

    def test_a_check_finds_all_that_a_start_finds(self):
        with Daemon() as d:
            for text, place in ((BROKEN, "14:28"), (BAD_TEST, "16:7"), (BAD_EXAMPLE, "14:5")):
                d.write_config(CONFIG + text)
                for command in ([AUDITD, "-t", "-c", d.config], [CTL, "-c", d.config, "config", "check"]):
                    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
                    self.assertEqual(result.returncode, 1, command)
                    self.assertIn(f"tracex.yaml:{place}:", result.stderr)
            d.write_config(CONFIG + with_key("{source: file, path: nowhere.key}"))
            for command, status in ([AUDITD, "-t", "-c", d.config], 1), ([CTL, "-c", d.config, "config", "check"], 0):
                result = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertEqual(result.returncode, status, result.stderr)
            d.write_config(CONFIG + STRICTER)
            for command in ([AUDITD, "-t", "-c", d.config], [CTL, "-c", d.config, "config", "check"]):
                result = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertFalse(os.path.exists(d.log), "a check makes nothing")


class Reload(Case):
    def test_a_bad_one_changes_nothing_and_is_recorded(self):
        with Daemon(CONFIG + REDACT).start() as d:
            record = self.refused(d, BROKEN, "invalid", r"tracex\.yaml:14:28: .*feilds")
            self.assertTrue(record["at"].endswith("tracex.yaml:14:28"), record)
            self.assertNotIn("feilds", json.dumps(record), "what a file says is not for the log")
            # tracexctl finds such a mistake itself, and asks nobody.
            n = len(self.policies(d))
            self.assertEqual(self.reload(d, "nonsense: 1\n" + REDACT).returncode, 1)
            os.kill(d.supervisor(), signal.SIGHUP)
            record, = wait_until(lambda: self.policies(d)[n:], 20, "the record of it")
            self.assertEqual(record["rejected"], "invalid")
            self.assertRegex(record["at"], r"/tracex\.yaml:\d+:1$")
            self.refused(d, BAD_TEST, "tests", r"tracex\.yaml:16:7: a test does not hold")
            self.refused(d, BAD_EXAMPLE, "tests", r"tracex\.yaml:14:5: the detector")
            self.refused(d, with_key("{source: file, path: nowhere.key}"), "keys", r"tracex\.yaml:14:9: the key 'pn'")
            self.assertEqual(self.emit(d, "still", colour="red")["data"]["colour"], "[redacted]")
            self.verifies(d)

    def test_a_stricter_one_is_swapped_between_two_records(self):
        with Daemon(CONFIG + REDACT).start() as d:
            worker = d.emit_in_background("--count", 1000000000, "--durable", "--event", "through",
                                          "--field", "colour=red", "--field", "shape=round")
            wait_until(lambda: len(d.records("through")) > 50, 20, "records before")
            result = self.reload(d, STRICTER)
            self.assertEqual(result.returncode, 0, result.stderr)
            n = len(d.records("through"))
            wait_until(lambda: len(d.records("through")) > n + 50, 20, "records after")
            worker.kill()
            worker.wait()
            before, after = (p["sha256"] for p in self.policies(d))
            self.assertEqual(self.policies(d)[1]["before"], before)
            in_force = None
            seen = set()
            for record in d.records():
                if record["event"] == "tracex.policy":
                    in_force = record["data"]["sha256"]
                if record["event"] == "through":
                    self.assertEqual(record["policy"], in_force[:16], "the log says which before it is used")
                    self.assertEqual(record["data"], {"colour": "[redacted]", "shape":
                                                      "round" if in_force == before else "[redacted]"})
                    seen.add(in_force)
            self.assertEqual(seen, {before, after})
            os.kill(d.child("tracex-ingest"), signal.SIGKILL)
            self.assertEqual(self.emit(d, "crashed", shape="round")["policy"], after[:16])
            self.verifies(d)

    def test_a_weaker_one_is_refused_until_it_is_allowed(self):
        with Daemon(CONFIG + STRICTER).start() as d:
            record = self.refused(d, REDACT, "weaker", "rule 'shape'", "--allow-weaker")
            self.assertTrue(any("rule 'shape'" in text for text in record["weakened"]))
            self.assertNotIn("allowed_weaker", record)
            os.kill(d.supervisor(), signal.SIGHUP)
            wait_until(lambda: len([p for p in self.policies(d) if p.get("rejected") == "weaker"]) == 2, 20,
                       "a signal allows nothing")
            self.assertEqual(self.emit(d, "signal", shape="round")["data"]["shape"], "[redacted]")
            result = self.reload(d, REDACT, "--allow-weaker")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("as allowed: rule 'shape'", result.stdout)
            self.assertEqual(self.emit(d, "allowed", shape="round")["data"]["shape"], "round")
            policy = self.last_policy(d, 4)
            self.assertIs(policy["allowed_weaker"], True)
            self.assertEqual(policy["weakened"], record["weakened"])
            # What is in force by now is what the next one is compared with; an allowance that nothing needs is none.
            result = self.reload(d, STRICTER, "--allow-weaker")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertNotIn("allowed_weaker", self.last_policy(d, 5))
            self.assertEqual(self.reload(d, STRICTER).returncode, 0, "the same again")
            self.verifies(d)

    def test_what_is_not_an_option_is_refused(self):
        with Daemon().start() as d:
            self.assertEqual(d.ctl("reload", "--allow-stronger").returncode, 2)


class Keys(Case):
    RULES = with_key("{source: file, path: pn.key}")

    def make_key(self, d, content=bytes(range(32)), mode=0o400, name="pn.key"):
        path = os.path.join(d.dir, name)
        if os.path.exists(path):
            os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(content)
        os.chmod(path, mode)
        return path

    def pseudonym(self, d, event):
        value = self.emit(d, event, colour="red")["data"]["colour"]
        self.assertRegex(value, r"^\w+:k0:[a-z2-7]+$")
        return value

    def test_a_files_bytes_make_the_pseudonym(self):
        with Daemon(CONFIG + self.RULES) as d:
            self.make_key(d)
            d.start()
            first = self.pseudonym(d, "first")
            os.kill(d.child("tracex-ingest"), signal.SIGKILL)
            self.assertEqual(self.pseudonym(d, "crashed"), first)
            self.make_key(d, bytes(64))
            self.assertEqual(self.pseudonym(d, "not.read.yet"), first)
            result = self.reload(d, self.RULES)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertNotEqual(self.pseudonym(d, "second"), first)
            self.verifies(d)

    def test_a_credential_of_the_service_manager(self):
        rules = with_key("{source: credential, name: tracex-pn}")
        with Daemon(CONFIG + self.RULES) as d:
            self.make_key(d)
            self.make_key(d, mode=0o440, name="tracex-pn")
            d.environment["CREDENTIALS_DIRECTORY"] = d.dir
            d.start()
            first = self.pseudonym(d, "file")
            result = self.reload(d, rules)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(self.pseudonym(d, "credential"), first)
        with Daemon(CONFIG + rules).start() as d:
            self.assertIn("LOCKDOWN", d.stderr())
            self.assertIn("LoadCredential=tracex-pn", d.stderr())

    def test_what_is_no_key_is_refused_and_no_byte_of_it_is_told(self):
        content = b"secret-key-bytes"
        cases = ((content, 0o400, "has fewer bytes"), (content * 5, 0o400, "has more bytes"),
                 (content * 2, 0o440, "can be read or written by others"),
                 (content * 2, 0o604, "can be read or written by others"))
        with Daemon(CONFIG + self.RULES) as d:
            self.make_key(d, content * 2)
            d.start()
            first = self.pseudonym(d, "first")
            for bytes_, mode, expected in cases:
                self.make_key(d, bytes_, mode)
                self.refused(d, self.RULES, "keys", expected)
            os.unlink(os.path.join(d.dir, "pn.key"))
            os.mkdir(os.path.join(d.dir, "pn.key"))
            self.refused(d, self.RULES, "keys", "not a regular file")
            self.assertEqual(self.pseudonym(d, "last"), first)
            self.assertNotIn(content.decode(), d.stderr())
            self.verifies(d)
            self.assertNotIn(content.decode(), json.dumps(d.records()))

    @unittest.skipIf(os.getuid() != 0, "only root gives files away")
    def test_a_key_of_another_user_is_refused(self):
        with Daemon(CONFIG + self.RULES) as d:
            os.chown(self.make_key(d), 12345, 12345)
            d.start()
            self.assertRegex(d.stderr(), "LOCKDOWN")
            self.assertRegex(d.stderr(), "belongs to user 12345")

    @unittest.skipIf(os.getuid() != 0, "only root can become another user")
    def test_a_key_of_the_daemons_user_can_be_read_also_at_a_reload(self):
        with Daemon(CONFIG + "user: nobody\n" + self.RULES) as d:
            os.chown(self.make_key(d), 65534, 65534)
            d.start()
            self.assertNotIn("LOCKDOWN", d.stderr())
            first = self.pseudonym(d, "first")
            result = d.ctl("reload")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(self.pseudonym(d, "second"), first)


class Status(Case):
    def test_errors_and_shadows_are_counted(self):
        text = REDACT + "    - {id: tried, match: {fields: [shape]}, action: redact, mode: shadow}\n"
        with Daemon(CONFIG + text).start() as d:
            self.emit(d, "one", shape="round")
            self.emit(d, "two", shape="x" * 70000)
            status = d.status_of("ingest")
            self.assertEqual(status["mask_shadow"], {"tried": 2})
            self.assertEqual([status["mask_error_" + x] for x in ("limit", "json", "key", "vault")], [1, 0, 0, 0])
            self.assertIs(status["lockdown"], False)


if __name__ == "__main__":
    tap.main()
