#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Erasure by destroyed keys: a person's key is gone for good, the log says so, and every proof still holds."""
import base64
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import tap
from tracexd import CHILDREN, CONFIG, CTL, Daemon, wait_until
from vault_rig import make_keys

SUBJECT = "customer-4711-canary"
NAME = "Ada Canary Lovelace"
PLAIN = "masking:\n  preset: secure-default@1\n"
RULES = PLAIN + """  rules:
    - id: erasable
      match: {events: ["customer.*"], fields: [customer_id, name]}
      action: {encrypt: {subject: customer_id}}
"""


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def memory_has(pid, needle):
    """Whether it stands in a writable mapping of the process."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, mode = line.split()[:2]
            start, end = (int(x, 16) for x in where.split("-"))
            if "w" not in mode or end - start > 1 << 30:  # the shadow of a sanitizer
                continue
            try:
                mem.seek(start)
                if needle in mem.read(end - start):
                    return True
            except OSError:
                continue
    return False


def files_with(directory, needle):
    found = []
    for base, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    if needle in f.read():
                        found.append(path)
    return found


class Vault(unittest.TestCase):
    def start(self, d, *persons):
        keys = make_keys(os.path.join(d.dir, "vault"), *persons)
        d.start()
        return keys

    def counts(self, d):
        """What the vault says of itself; nothing while it starts, or is slow to answer."""
        return d.status()["vault"].get("status", {})

    def erased(self, d):
        return [r["data"] for r in d.records("tracex.erased")]

    def check_log(self, d):
        d.wait_for_checkpoint()
        status, text = d.verify()
        self.assertEqual(status, 0, text)

    def test_an_erasure_destroys_the_key_and_is_recorded(self):
        with Daemon() as d:
            keys = self.start(d, SUBJECT, "other")
            d.emit("--durable")
            self.assertEqual(d.state("vault"), "ready")
            self.check_log(d)
            result = d.ctl("erase", "--subject", SUBJECT, "--request", "DSR-17")
            self.assertEqual(result.returncode, 0, result.stderr)
            said = dict(line.split(" ", 1) for line in result.stdout.splitlines())
            [data] = self.erased(d)
            self.assertEqual(data["request"], said["request"])
            self.assertRegex(said["request"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            self.assertEqual(data["ref"], said["key"])
            self.assertEqual(data["ref"], b64url(keys[SUBJECT][0]))
            self.assertEqual(data["erased"], said["erased"])
            self.assertEqual((data["reference"], data["uid"]), ("DSR-17", os.getuid()))
            counts = wait_until(lambda: self.counts(d), 30, "the vault answers")
            self.assertEqual((counts["keys"], counts["erased"], counts["unrecorded"]), (1, 1, 0))
            self.check_log(d)

            again = d.ctl("erase", "--subject", SUBJECT)
            self.assertEqual(again.returncode, 1)
            self.assertIn("nothing to erase", again.stderr)
            self.assertEqual(len(self.erased(d)), 1)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(files_with(d.dir, SUBJECT.encode()), [])
            self.assertEqual(files_with(d.dir, keys[SUBJECT][1]), [])
            self.assertNotEqual(files_with(d.dir, keys[SUBJECT][0]), [], "its ref stays")

    @unittest.skipUnless(os.getuid() == 0, "reading another process's memory needs root")
    def test_no_process_remembers_whom_it_erased(self):
        with Daemon() as d:
            keys = self.start(d, SUBJECT, "other")
            self.assertEqual(d.ctl("erase", "--subject", SUBJECT).returncode, 0)
            self.assertEqual(d.ctl("erase", "--subject", "nobody-canary").returncode, 1)
            pids = {name: d.child(name) for name in CHILDREN + ("tracex-vault",)}
            pids["tracex-auditd"] = d.supervisor()
            for name, pid in pids.items():
                for needle in (SUBJECT.encode(), b"nobody-canary", keys[SUBJECT][1]):
                    with self.subTest(process=name, needle=needle):
                        self.assertFalse(memory_has(pid, needle))
            self.assertTrue(memory_has(pids["tracex-auditd"], d.dir.encode()), "the search itself finds nothing")

    def test_the_subject_may_come_on_standard_input(self):
        with Daemon() as d:
            self.start(d, SUBJECT)
            result = subprocess.run([CTL, "-c", d.config, "erase", "--subject", "-"], input=SUBJECT + "\n",
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(self.erased(d)), 1)

    def test_a_reference_that_names_the_subject_is_refused(self):
        with Daemon() as d:
            self.start(d, SUBJECT)
            for reference in (f"erase {SUBJECT} please", "x" * 65, "a\tb"):
                result = d.ctl("erase", "--subject", SUBJECT, "--request", reference)
                self.assertEqual(result.returncode, 1, reference)
            self.assertEqual(self.erased(d), [])
            self.assertEqual(d.ctl("erase", "--subject", SUBJECT).returncode, 0)
            self.assertEqual(files_with(d.dir, SUBJECT.encode()), [])

    def test_without_a_vault_there_is_nothing_to_ask(self):
        with Daemon().start() as d:
            self.assertNotIn("vault", d.status())
            result = d.ctl("erase", "--subject", SUBJECT)
            self.assertEqual(result.returncode, 1)
            self.assertIn("no vault", result.stderr)
            self.assertEqual(d.ctl("erase").returncode, 2)
            self.assertEqual(d.ctl("erase", "--subject", "").returncode, 1)

    def request(self, d, text):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(30)
            s.connect(os.path.join(d.dir, "run/control.sock"))
            s.send(text)
            return s.recv(65536)

    def test_requests_that_are_none_are_refused(self):
        uuid, policy = b"01931f00-aaaa-7bcd-8123-456789abcdef", b"0123456789abcdef"
        good = [b"reveal", b"7", uuid, policy, b"name", b""]
        bad = [[b"erase"], [b"erase", b"a"], [b"erase", b"a", b"b", b"c"], [b"erase", b"", b""],
               [b"erase", b"x" * 1025, b""], [b"erase", b"a", b"\xff"], [b"erase", b"a", b"r" * 65], [b""] * 6,
               [b""] * 2000, [b"reveal"], good[:5], good + [b"x"]]
        for i, part in ((1, b"-1"), (1, b""), (2, uuid[:35]), (2, uuid.upper()), (3, policy[:15]), (3, b"g" * 16),
                        (4, b""), (4, b"n" * 129), (4, b"a\x01"), (5, b"r" * 257), (5, b"\xc3")):
            bad.append(good[:i] + [part] + good[i + 1:])
        with Daemon() as d:
            self.start(d, "a")
            for parts in bad:
                with self.subTest(request=parts[:7]):
                    self.assertTrue(self.request(d, b"\0".join(parts)).startswith(b'{"ok":false,"error":"'))
            self.assertEqual(self.request(d, b"erase\0a\0" + b"x" * 3000), b"", "too long: hung up on")
            self.assertEqual(self.erased(d) + d.records("tracex.revealed"), [])
            self.assertEqual(self.request(d, b"\0".join(good)), b"\x01", "the control: this one is good")
            self.assertEqual(len(d.records("tracex.revealed")), 1)

    def test_kill_9_of_any_process_during_erasures_loses_none_and_records_each(self):
        persons = [f"person-{i}" for i in range(40)]
        victims = ["tracex-vault", "tracex-ingest", "tracex-ledger"]
        with Daemon() as d:
            keys = self.start(d, *persons)
            for number, person in enumerate(persons):
                asked = subprocess.Popen([CTL, "-c", d.config, "erase", "--subject", person],
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                pid = d.child(victims[number % 3])
                if pid:
                    os.kill(pid, signal.SIGKILL)
                asked.communicate(timeout=60)
                wait_until(lambda: d.state("vault") == "ready", 60, "the vault again")
                if asked.returncode != 0:  # it asked while something was away: whoever asks again gets it done
                    wait_until(lambda p=person: self.done(d, p), 60, "the erasure")
            wait_until(lambda: self.counts(d).get("unrecorded") == 0, 60, "all are recorded")
            refs = {data["ref"] for data in self.erased(d)}
            self.assertEqual(refs, {b64url(ref) for ref, _ in keys.values()})
            self.check_log(d)

    def done(self, d, person):
        result = d.ctl("erase", "--subject", person)
        return result.returncode == 0 or "nothing to erase" in result.stderr

    def test_an_erasure_that_was_cut_short_is_recorded_at_the_next_start(self):
        with Daemon() as d:
            keys = self.start(d, SUBJECT, "other")
            os.kill(d.child("tracex-ledger"), signal.SIGSTOP)  # nothing becomes durable
            asked = subprocess.Popen([CTL, "-c", d.config, "erase", "--subject", SUBJECT, "--request", "DSR-18"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_until(lambda: self.counts(d).get("unrecorded") == 1, 30, "the erasure")
            self.assertIsNone(asked.poll(), "nobody is told before the log has it")
            self.assertEqual(self.erased(d), [])
            d.kill()
            asked.communicate(timeout=60)
            self.assertNotEqual(asked.returncode, 0)
            d.start()
            [data] = wait_until(lambda: self.erased(d), 60, "the record")
            self.assertEqual((data["ref"], data["reference"]), (b64url(keys[SUBJECT][0]), "DSR-18"))
            wait_until(lambda: self.counts(d).get("unrecorded") == 0, 30, "it is recorded")
            self.check_log(d)

    def test_a_lost_key_encryption_key_stops_the_vault_and_nothing_else(self):
        with Daemon() as d:
            make_keys(os.path.join(d.dir, "vault"), SUBJECT)
            os.rename(os.path.join(d.dir, "vault/kek"), os.path.join(d.dir, "kek.moved"))
            d.start()
            wait_until(lambda: d.state("vault") == "failed", 30, "the vault gives up")
            self.assertIn("kek is missing", d.stderr())
            d.emit("--durable", "--event", "goes.on")
            self.assertEqual(len(d.records("goes.on")), 1)
            result = d.ctl("erase", "--subject", SUBJECT)
            self.assertEqual(result.returncode, 1)
            self.assertIn("cannot start", result.stderr)
            self.assertFalse(os.path.exists(os.path.join(d.dir, "vault/kek")))
            self.assertEqual(d.stop(), 0)

    def test_a_vault_that_hangs_does_not_keep_the_daemon_from_ending(self):
        with Daemon() as d:
            self.start(d, SUBJECT)
            d.emit("--durable")
            os.kill(d.child("tracex-vault"), signal.SIGSTOP)
            self.assertEqual(d.stop(), 0)
            self.assertIn("the vault does not end", d.stderr())
            self.check_log(d)

    def test_what_is_not_there_is_not_revealed(self):
        with Daemon() as d:
            self.start(d, SUBJECT)
            d.emit("--durable", "--event", "plain.event", "--field", "note=hello")
            [record] = d.records("plain.event")
            for arguments, words in ((["--seq", "999999", "--field", "note"], "does not stand in the log"),
                                     (["--seq", str(record["seq"]), "--field", "other"], "has no field or member"),
                                     (["--seq", str(record["seq"]), "--field", "note"], "is encrypted")):
                result = d.ctl("reveal", *arguments)
                self.assertEqual(result.returncode, 1, arguments)
                self.assertIn(words, result.stderr)
                self.assertEqual(result.stdout, "")
            self.assertEqual(d.ctl("reveal", "--seq", "1").returncode, 2)
            self.assertEqual(d.records("tracex.revealed"), [])

    def test_a_token_that_somebody_made_up_is_recorded_and_refused(self):
        with Daemon() as d:
            keys = self.start(d, SUBJECT)
            token = f"txe1:{b64url(keys[SUBJECT][0])}:{b64url(bytes(12))}:{b64url(bytes(30))}"
            d.emit("--durable", "--event", "forged.event", "--field", "note=" + token)
            [record] = d.records("forged.event")
            if record["data"]["note"] != token:
                self.skipTest("a rule masks it")
            result = d.ctl("reveal", "--seq", str(record["seq"]), "--field", "note", "--reason", "a test")
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn("refused", result.stderr)
            [data] = [r["data"] for r in d.records("tracex.revealed")]
            self.assertEqual((data["seq"], data["id"], data["field"], data["reason"], data["uid"]),
                             (record["seq"], record["id"], "note", "a test", os.getuid()))
            self.check_log(d)


class Encrypted(unittest.TestCase):
    """From the rule to the erasure, with nothing played."""

    def emit(self, d, subject=SUBJECT, name=NAME, event="customer.added"):
        d.emit("--durable", "--event", event, "--field", "customer_id=" + subject, "--field", "name=" + name)
        return d.records(event)[-1]

    def reveal(self, d, record, field="name", *more):
        return d.ctl("reveal", "--seq", str(record["seq"]), "--field", field, *more)

    def check_log(self, d):
        d.wait_for_checkpoint()
        status, text = d.verify()
        self.assertEqual(status, 0, text)

    def vault_key_bytes(self, d, record):
        """What stands behind the value's ref in the vault's table: index and wrapped key."""
        ref = base64.urlsafe_b64decode(record["data"]["name"].split(":")[1] + "==")
        with open(os.path.join(d.dir, "vault/subjects"), "rb") as f:
            data = f.read()
        at = data.index(ref, 20480) + 16
        return data[at:at + 76]

    def test_encrypt_reveal_erase(self):
        with Daemon(CONFIG + RULES).start() as d:
            record, other = self.emit(d), self.emit(d, "customer-2", "Bob")
            self.assertRegex(record["data"]["name"], r"^txe1:[\w-]{22}:[\w-]{16}:[\w-]+$")
            self.assertEqual(record["masked"]["name"], "encrypt:erasable")
            self.check_log(d)
            shown = self.reveal(d, record, "name", "--reason", "because")
            self.assertEqual((shown.returncode, shown.stdout), (0, NAME + "\n"), shown.stderr)
            self.assertEqual(self.reveal(d, record, "customer_id").stdout, SUBJECT + "\n")
            revealed = [r["data"] for r in d.records("tracex.revealed")]
            self.assertEqual([(r["seq"], r["id"], r["field"]) for r in revealed],
                             [(record["seq"], record["id"], f) for f in ("name", "customer_id")])
            self.assertEqual((revealed[0]["reason"], revealed[0]["uid"]), ("because", os.getuid()))
            self.assertNotIn("reason", revealed[1])

            key = self.vault_key_bytes(d, record)
            self.assertEqual(d.ctl("erase", "--subject", SUBJECT).returncode, 0)
            gone = self.reveal(d, record)
            self.assertEqual((gone.returncode, gone.stdout), (1, "[erased]\n"))
            [erased] = [r["data"] for r in d.records("tracex.erased")]
            self.assertIn(erased["erased"], gone.stderr)
            self.assertEqual(record["data"]["name"].split(":")[1], erased["ref"])
            with open(os.path.join(d.dir, "vault/subjects"), "rb") as f:
                self.assertNotIn(key[20:40], f.read())

            again = self.emit(d)
            self.assertNotEqual(again["data"]["name"].split(":")[1], erased["ref"])
            self.assertEqual(self.reveal(d, again).stdout, NAME + "\n")
            self.assertEqual(self.reveal(d, record).returncode, 1)
            self.assertEqual(self.reveal(d, other).stdout, "Bob\n")
            self.check_log(d)
            self.assertEqual(d.stop(), 0)
            for needle in (SUBJECT, NAME, key[20:40]):
                self.assertEqual(files_with(d.dir, needle if isinstance(needle, bytes) else needle.encode()), [])

    def test_parts_of_a_text_and_members_of_an_object_are_revealed_in_their_places(self):
        rules = RULES + """    - id: mails
      match: {events: ["customer.*"], detect: [email]}
      action: {encrypt: {subject: customer_id}}
    - id: members
      match: {events: ["customer.*"], fields: ["/who/name", "/who/note"]}
      action: {encrypt: {subject: customer_id}}
"""
        who = {"name": 'Ada "Canary" Lovelace', "note": "a\\b\tc", "city": "London", "age": 36}
        with Daemon(CONFIG + rules).start() as d:
            d.emit("--durable", "--event", "customer.wrote", "--field", "customer_id=" + SUBJECT,
                   "--field", "text=from ada.canary@example.org to bob.canary@example.org!", "--json",
                   "who=" + json.dumps(who))
            [record] = d.records("customer.wrote")
            self.assertRegex(record["data"]["text"], r"^from txe1:\S+ to txe1:\S+!$")
            self.assertEqual(record["data"]["who"]["city"], "London")
            for name in ("name", "note"):
                self.assertIn("txe1:", record["data"]["who"][name])
            self.assertEqual(self.reveal(d, record, "text").stdout,
                             "from ada.canary@example.org to bob.canary@example.org!\n")
            self.assertEqual(json.loads(self.reveal(d, record, "who").stdout), who)
            self.assertEqual(d.stop(), 0)
            self.assertEqual(files_with(d.dir, b"Canary") + files_with(d.dir, b".canary@"), [])

    def test_what_a_client_writes_like_a_token_opens_nothing_and_hides_nothing(self):
        rules = RULES + """    - id: mails
      match: {events: ["customer.*"], detect: [email]}
      action: {encrypt: {subject: customer_id}}
"""
        with Daemon(CONFIG + rules).start() as d:
            other = self.emit(d)["data"]["name"]
            d.emit("--durable", "--event", "customer.wrote", "--field", "customer_id=" + SUBJECT,
                   "--field", f"text={other} a.canary@example.org {other} b.canary@example.org")
            [record] = d.records("customer.wrote")
            self.assertEqual(record["data"]["text"].count("txe1:"), 4)
            result = self.reveal(d, record, "text")
            self.assertEqual(result.stdout, f"{other} a.canary@example.org {other} b.canary@example.org\n")
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.count("refused"), 2)

    def test_keys_outlive_the_daemon_and_any_of_its_processes(self):
        with Daemon(CONFIG + RULES).start() as d:
            first = self.emit(d)
            os.kill(d.child("tracex-vault"), signal.SIGKILL)
            os.kill(d.child("tracex-ingest"), signal.SIGKILL)
            second = self.emit(d)
            self.assertEqual(d.stop(), 0)
            d.start()
            third = self.emit(d)
            refs = {r["data"]["name"].split(":")[1] for r in (first, second, third)}
            self.assertEqual(len(refs), 1)
            for record in (first, second, third):
                self.assertEqual(self.reveal(d, record).stdout, NAME + "\n")
            d.write_config(CONFIG + PLAIN)  # no rule encrypts any more: what is there can still be read, and erased
            self.assertEqual(d.stop(), 0)
            d.start()
            self.assertEqual(self.reveal(d, first).stdout, NAME + "\n")
            self.assertEqual(d.ctl("erase", "--subject", SUBJECT).returncode, 0)
            self.assertEqual(self.reveal(d, first).returncode, 1)

    @unittest.skipUnless(os.getuid() == 0, "reading another process's memory needs root")
    def test_no_process_keeps_a_key_that_was_destroyed(self):
        with Daemon(CONFIG + RULES) as d:
            key = make_keys(os.path.join(d.dir, "vault"), SUBJECT)[SUBJECT][1]
            record = self.emit(d.start())
            self.assertEqual(self.reveal(d, record).stdout, NAME + "\n")
            self.assertTrue(memory_has(d.child("tracex-ingest"), key), "the control: ingest has encrypted with it")
            self.assertEqual(d.ctl("erase", "--subject", SUBJECT).returncode, 0)
            for pid in [d.child(name) for name in CHILDREN + ("tracex-vault",)] + [d.supervisor()]:
                self.assertFalse(memory_has(pid, key))
                self.assertFalse(memory_has(pid, NAME.encode()))

    def test_the_key_encryption_key_may_be_a_credential(self):
        with tempfile.TemporaryDirectory() as credentials:
            path = os.path.join(credentials, "tracex-vault-kek")
            with open(path, "wb") as f:
                f.write(os.urandom(32))
            with Daemon(CONFIG + RULES, environment={"CREDENTIALS_DIRECTORY": credentials}).start() as d:
                record = self.emit(d)
                self.assertEqual(self.reveal(d, record).stdout, NAME + "\n")
                self.assertEqual(os.listdir(os.path.join(d.dir, "vault")), ["subjects"])
                self.assertEqual(d.stop(), 0)
                os.remove(path)
                d.start()
                wait_until(lambda: "kek is missing" in d.stderr(), 30, "the vault gives up")
                self.assertEqual(self.reveal(d, record).returncode, 1)
                self.assertEqual(os.listdir(os.path.join(d.dir, "vault")), ["subjects"])

    def test_a_vault_that_gives_up_last_does_not_hold_up_the_start(self):
        with Daemon(CONFIG + RULES, late=("vault",)) as d:
            d.let_go("vault")
            self.emit(d.start())
            self.assertEqual(d.stop(), 0)
            os.remove(os.path.join(d.dir, "vault/kek"))
            d.hold("vault")
            d.start(ready=False)
            for name in CHILDREN:
                wait_until(lambda name=name: d.state(name[7:]) == "ready", 20, name)
            self.assertFalse(d.is_ready(), "it waits for the vault")
            d.let_go("vault")
            d.wait_until_ready()
            self.assertIn("kek is missing", d.stderr())
            self.assertNotIn(NAME, json.dumps(self.emit(d)))

    def test_without_a_vault_values_are_redacted_and_the_log_goes_on(self):
        with Daemon(CONFIG + RULES).start() as d:
            self.emit(d, "customer-0")
            os.kill(d.child("tracex-vault"), signal.SIGSTOP)
            record = self.emit(d)
            self.assertNotIn(NAME, json.dumps(record))
            self.assertNotIn("txe1:", record["data"].get("name", ""))
            known = self.emit(d, "customer-0")  # whose key ingest has
            self.assertIn("txe1:", known["data"]["name"])
            self.assertGreater(d.status_of("ingest")["vault_failed"], 0)
            os.kill(d.child("tracex-vault"), signal.SIGCONT)
            wait_until(lambda: "txe1:" in self.emit(d)["data"]["name"], 30, "it encrypts again")
            self.check_log(d)
            self.assertEqual(files_with(d.dir, NAME.encode()), [])

    def test_a_reload_that_brings_the_first_such_rule_starts_the_vault(self):
        with Daemon(CONFIG + PLAIN).start() as d:
            self.assertIsNone(d.child("tracex-vault"))
            d.write_config(CONFIG + RULES)
            result = d.ctl("reload")
            self.assertEqual(result.returncode, 0, result.stderr)
            record = self.emit(d)
            self.assertEqual(self.reveal(d, record).stdout, NAME + "\n")

    def test_nothing_is_revealed_while_the_log_takes_no_record(self):
        with Daemon(CONFIG + RULES).start() as d:
            record = self.emit(d)
            d.wait_for_checkpoint()
            os.kill(d.child("tracex-ledger"), signal.SIGSTOP)
            asked = subprocess.run([CTL, "-c", d.config, "reveal", "--seq", str(record["seq"]), "--field", "name"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual((asked.returncode, asked.stdout), (1, ""))
            self.assertIn("nothing is revealed", asked.stderr)
            os.kill(d.child("tracex-ledger"), signal.SIGCONT)
            self.assertEqual(self.reveal(d, record).stdout, NAME + "\n")

    def test_a_value_that_was_moved_to_another_record_is_refused(self):
        with Daemon(CONFIG + RULES).start() as d:
            record = self.emit(d)
            moved = self.emit(d, "x", "y", "other.event")  # the rule is not for it
            d.emit("--durable", "--event", "moved.event", "--field", "name=" + record["data"]["name"])
            moved = d.records("moved.event")[-1]
            if moved["data"]["name"] != record["data"]["name"]:
                self.skipTest("a rule masks it")
            result = self.reveal(d, moved)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn("refused", result.stderr)


if __name__ == "__main__":
    tap.main()
