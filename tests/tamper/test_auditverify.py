#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tracex-auditverify as it is typed: options, exit codes, text, JSON, the remembered state."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import tap

BUILD = os.environ["TX_BUILD"]
SOURCE = os.environ["TX_SOURCE"]
VERIFY = os.path.join(BUILD, "tools/auditverify/tracex-auditverify")
MAKE_LOG = os.path.join(BUILD, "tests/tamper/make-log")
FIRST, SECOND, THIRD = "00000000000000000000.jsonl", "00000000000000000021.jsonl", "00000000000000000042.jsonl"


def conforms(value, schema, root):
    """As much of JSON Schema as docs/verify.schema.json uses."""
    types = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    if "$ref" in schema:
        return conforms(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return any(conforms(value, s, root) for s in schema["anyOf"])
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(isinstance(value, types[n]) and not (n == "integer" and isinstance(value, bool)) for n in names):
            return False
    if isinstance(value, int) and value < schema.get("minimum", value):
        return False
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if isinstance(value, list):
        return all(conforms(v, schema.get("items", {}), root) for v in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        if set(schema.get("required", ())) - set(value) or (schema.get("additionalProperties") is False and set(value) - set(known)):
            return False
        return all(conforms(v, known[k], root) for k, v in value.items() if k in known)
    return True


class AuditVerify(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tx-auditverify-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = os.path.join(self.dir, "log")
        self.keys = self.make(self.log, 1)
        with open(os.path.join(SOURCE, "docs/verify.schema.json"), encoding="utf-8") as f:
            self.schema = json.load(f)

    @staticmethod
    def body(client, n):
        return b'"id":"%s-%d","time":"t","event":"e","source":{"client":"%s","n":%d,"pid":1},"data":{}}' % (client, n, client, n)

    @staticmethod
    def lost_body(client, first, last, why=b"client"):
        return (b'"by":"ingest","time":"t","event":"tracex.lost","data":{"client":"%s","first":%d,"last":%d,"why":"%s"}}' %
                (client, first, last, why))

    def clients_of(self, *bodies):
        """What is said of a log of these records, whose hashes and signatures are good."""
        shutil.rmtree(self.log)
        subprocess.run([MAKE_LOG, self.log, "1", "--bodies"], input=b"\n".join(bodies) + b"\n\n", check=True,
                       stdout=subprocess.DEVNULL)
        out = subprocess.run([VERIFY, "--clients", "-o", "json", self.log], stdout=subprocess.PIPE, text=True)
        self.assertEqual(out.returncode, 0, "the verdict is another matter")
        found = json.loads(out.stdout)
        self.assertTrue(conforms(found, self.schema, self.schema))
        text = subprocess.run([VERIFY, "--clients", self.log], stdout=subprocess.PIPE, text=True).stdout
        return found["clients"], text

    def test_clients_whose_numbers_are_complete_or_declared(self):
        a, b, c = b"a" * 16, b"b" * 16, b"c" * 16
        found, text = self.clients_of(*[self.body(a, n) for n in range(5)], self.body(b, 0), self.lost_body(b, 1, 7),
                                      self.body(b, 8), self.lost_body(c, 0, 3, b"forgotten"), self.body(c, 4), self.body(a, 5))
        self.assertEqual(found, {"complete": 1, "declared": 2, "begin_later": 0, "undeclared": 0, "lost": 7, "forgotten": 4,
                                 "untracked_records": 0, "faults": [], "more_faults": 0})
        self.assertIn("1 whose numbers stand there from 0 on", text)
        self.assertIn("2 more, whose gaps are declared", text)

    def test_clients_whose_numbers_are_missing_or_stand_twice(self):
        a, b, c, d = b"a" * 16, b"b" * 16, b"c" * 16, b"d" * 16
        found, text = self.clients_of(self.body(a, 0), self.body(a, 2), self.body(b, 0), self.body(b, 0), self.body(c, 1),
                                      self.body(c, 0), self.body(d, 0), self.lost_body(d, 0, 1))
        self.assertEqual((found["complete"], found["undeclared"]), (0, 4))
        self.assertEqual([(x["client"][0], x["kind"], x["seq"], x["first"], x["last"]) for x in found["faults"]],
                         [("a", "missing", 1, 1, 1), ("b", "again", 3, 0, 0), ("c", "missing", 4, 0, 0), ("c", "again", 5, 0, 0),
                          ("d", "again", 7, 0, 0)])
        self.assertIn("4 WITH GAPS THAT NOTHING DECLARES", text)
        self.assertIn("aaaaaaaaaaaaaaaa: 1 to 1 are missing before record 1", text)

    def test_what_looks_like_a_client_and_is_none(self):
        a = b"a" * 16
        imitation = self.body(a, 0)[:-2] + b'"x":"\\",\\"source\\":{\\"client\\":","j":{"source":{"client":"%s","n":9}}}}' % (b"f" * 16)
        own = b'"by":"ingest","time":"t","event":"tracex.policy","data":{"client":"%s","first":3,"last":4,"why":"x"}}' % (b"e" * 16)
        found, _ = self.clients_of(imitation, self.body(a, 1), own)
        self.assertEqual((found["complete"], sum(found[x] for x in ("declared", "begin_later", "undeclared"))), (1, 0))

    def test_nobody_asks_for_clients(self):
        out = subprocess.run([VERIFY, "-o", "json", self.log], stdout=subprocess.PIPE, text=True)
        self.assertIsNone(json.loads(out.stdout)["clients"])

    def make(self, directory, seed, *more):
        out = subprocess.run([MAKE_LOG, directory, str(seed), *[str(x) for x in more]], check=True,
                             stdout=subprocess.PIPE, text=True)
        return out.stdout.split()

    def run_it(self, *arguments):
        return subprocess.run([VERIFY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def verify(self, *options, path=None):
        return self.run_it("--identity", self.keys[0], "--epoch0", self.keys[1], *options, path or self.log)

    def verdict(self, *options, path=None):
        result = self.verify("-o", "json", *options, path=path)
        value = json.loads(result.stdout)
        self.assertTrue(conforms(value, self.schema, self.schema), value)
        self.assertEqual(value["exit_code"], result.returncode)
        return value

    def change(self, name, old, new):
        path = os.path.join(self.log, name)
        with open(path, "rb") as f:
            data = f.read()
        self.assertIn(old, data)
        at = data.index(old)
        with open(path, "wb") as f:
            f.write(data[:at] + new + data[at + len(old):])
        return at

    def test_the_schema_check_itself_refuses(self):
        good = self.verdict()
        for bad in ({**good, "version": 2}, {**good, "records": -1}, {**good, "verdict": "fine"},
                    {k: v for k, v in good.items() if k != "proven"}, {**good, "proven": [{"first": 1}]},
                    {**good, "rewritable": {"records": True, "at_least": False}}):
            self.assertFalse(conforms(bad, self.schema, self.schema), bad)

    def test_an_untouched_log_is_proven(self):
        value = self.verdict()
        self.assertEqual((value["verdict"], value["keys"], value["findings"]), ("proven", "given", []))
        self.assertEqual(value["proven"], [{"first": 0, "last": 63}])
        self.assertEqual(value["reaches"]["size"], 64)
        text = self.verify()
        self.assertEqual(text.returncode, 0, text.stdout)
        self.assertIn("PROVEN", text.stdout)
        self.assertIn("records 0 to 63", text.stdout)
        self.assertIn("epoch 4", text.stdout)
        self.assertEqual(self.verify("-q").stdout, "")

    def test_one_changed_byte_is_named_with_its_record(self):
        at = self.change(SECOND, b'"seq":30,"id":"0192', b'"seq":30,"id":"0193')
        value = self.verdict()
        self.assertEqual(value["verdict"], "tampered")
        self.assertEqual(len(value["findings"]), 1, value)
        found = value["findings"][0]
        self.assertEqual((found["kind"], found["file"], found["seq"]), ("changed", SECOND, {"first": 30, "last": 30}))
        self.assertEqual(found["offset"], at + len(b'"seq":30,"id":"019'))
        self.assertIn("'3'", found["text"])
        self.assertEqual(found["event"], "test.event")
        text = self.verify().stdout
        self.assertIn("TAMPERED", text)
        self.assertIn("record 30 (test.event)", text)
        self.assertEqual(self.verify("-q").returncode, 1)

    def test_a_record_that_is_no_json_any_more_is_told_from_its_neighbours(self):
        self.change(SECOND, b'"seq":30,"id":"0192f0', b'"seq":30,"id":" " "f0')
        found = self.verdict()["findings"]
        self.assertEqual([(f["kind"], f["seq"]) for f in found], [("changed", {"first": 30, "last": 30})])

    def test_keys_may_be_given_in_a_file_or_not_at_all(self):
        path = os.path.join(self.dir, "keys")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"the log's keys\nepoch0 {self.keys[1]}\nidentity {self.keys[0]}\n")
        self.assertEqual(self.run_it("--identity", path, "--epoch0", path, self.log).returncode, 0)
        own = self.run_it(self.log)
        self.assertEqual(own.returncode, 0)
        self.assertIn("own copy", own.stdout)
        self.assertNotIn("own copy", self.verify().stdout)
        self.assertEqual(json.loads(self.run_it("-o", "json", self.log).stdout)["keys"], "own-copy")

    def test_the_exit_code_is_that_of_the_gravest(self):
        other = self.make(os.path.join(self.dir, "other"), 2)
        tail = os.path.join(self.dir, "tail")
        self.make(tail, 1, 2, 4)
        self.assertEqual(self.run_it("--identity", other[0], self.log).returncode, 6)
        self.assertEqual(self.verify(path=tail).returncode, 5)
        self.assertEqual(self.verify("--upto-checkpoint", path=tail).returncode, 0)
        self.assertEqual(self.run_it("--identity", self.keys[0], tail, os.path.join(self.dir, "absent")).returncode, 4)
        self.assertEqual(self.run_it("--identity", self.keys[0], tail, os.path.join(self.dir, "absent"),
                                     os.path.join(self.dir, "other")).returncode, 6)
        self.change(FIRST, b"success", b"failure")
        self.assertEqual(self.run_it("--identity", self.keys[0], self.log, os.path.join(self.dir, "other")).returncode, 1)

    def test_a_single_segment_is_proven_by_itself(self):
        for name in (FIRST, SECOND, THIRD):
            value = self.verdict(path=os.path.join(self.log, name))
            self.assertEqual((value["verdict"], value["segments"]), ("proven", 1), value)
        subprocess.run(["zstd", "-q", "--rm", os.path.join(self.log, SECOND)], check=True)
        self.assertEqual(self.verdict(path=os.path.join(self.log, SECOND + ".zst"))["proven"], [{"first": 21, "last": 41}])
        self.assertEqual(self.verdict()["verdict"], "proven")

    def test_state_remembers_and_notices(self):
        state = os.path.join(self.dir, "state")
        self.assertEqual(self.verify("--state", state).returncode, 0)
        with open(state, encoding="utf-8") as f, open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as g:
            self.assertEqual(f.read(), g.read())
        self.assertTrue(self.verdict("--state", state)["same_as_remembered"])
        shorter = os.path.join(self.dir, "shorter")
        self.make(shorter, 1, 2)
        value = self.verdict("--state", state, path=shorter)
        self.assertEqual((value["verdict"], value["findings"][0]["kind"]), ("tampered", "shrunk"))
        keys = self.make(os.path.join(self.dir, "other"), 2)
        other = self.run_it("--identity", keys[0], "--state", state, os.path.join(self.dir, "other"))
        self.assertIn(other.returncode, (1, 6))
        self.assertTrue(self.verdict("--state", state)["same_as_remembered"], "a bad verdict remembers nothing")
        with open(state, "w", encoding="utf-8") as f:
            f.write("rubbish\n")
        self.assertEqual(self.verify("--state", state).returncode, 2)

    def test_what_could_not_be_compared_stays_remembered(self):
        state = os.path.join(self.dir, "state")
        with open(os.path.join(self.log, FIRST), encoding="utf-8") as f:
            early = next(json.loads(line)["note"] for line in f if line.startswith('{"tracex":"checkpoint"'))
        with open(state, "w", encoding="utf-8") as f:
            f.write(early)
        os.rename(os.path.join(self.log, FIRST), os.path.join(self.dir, FIRST))
        self.assertEqual(self.verdict("--whole", "--state", state)["verdict"], "tampered")
        value = self.verdict("--state", state)
        self.assertEqual(value["verdict"], "incomplete")
        self.assertIn("stays remembered", " ".join(f["text"] for f in value["findings"]))
        with open(state, encoding="utf-8") as f:
            self.assertEqual(f.read(), early)
        os.rename(os.path.join(self.dir, FIRST), os.path.join(self.log, FIRST))
        self.assertTrue(self.verdict("--state", state)["same_as_remembered"])
        with open(state, encoding="utf-8") as f:
            self.assertNotEqual(f.read(), early)

    def test_wrong_usage_is_said(self):
        for arguments in ((), ("--frobnicate", self.log), ("--identity", "rubbish", self.log), ("-j", "0", self.log),
                          ("-j", "x", self.log), ("-o", "xml", self.log), ("--progress", "often", self.log),
                          ("--epoch0", self.keys[0], self.log), ("--accept-break", "-1", self.log),
                          ("--state", os.path.join(self.dir, "s"), self.log, self.log)):
            result = self.run_it(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertTrue(result.stderr.strip(), arguments)
        self.assertEqual(self.run_it("--help").returncode, 0)
        self.assertIn("tracex-auditverify", self.run_it("--version").stdout)

    def test_no_control_character_reaches_the_terminal(self):
        self.change(SECOND, b'"event":"test.event","outcome"', b'"event":"\x1b[31m.evt","out\x9b\x07e"')
        os.rename(os.path.join(self.log, THIRD), os.path.join(self.log, "x\x1b[2J.torn-1"))
        strange = os.path.join(self.dir, "log\x1b[1m\u202e")
        os.rename(self.log, strange)
        for output in ("text", "json"):
            out = subprocess.run([VERIFY, "-o", output, strange], stdout=subprocess.PIPE, check=False).stdout
            self.assertNotIn(b"\x1b", out)
            self.assertNotIn(b"\x07", out)
        self.assertNotIn("\u202e", self.run_it(strange).stdout)

    def test_progress_is_shown_on_stderr_only_when_asked_for(self):
        self.assertEqual(self.verify().stderr, "")
        self.assertEqual(self.verify("--progress", "never").stderr, "")
        self.assertEqual(self.verify("--progress", "always").returncode, 0)


if __name__ == "__main__":
    tap.main()
