#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may come before a child is ready, or while the daemon ends: any of them starts last, ends, or gives up; somebody
reloads, asks, or ends the daemon. A child that is to be late does nothing before it is let go (tracexd.py)."""
import contextlib
import json
import os
import signal
import subprocess
import unittest

import fd_store
import tap
from tracexd import CONFIG, CTL, Daemon, wait_until
from vault_rig import make_keys

ALL = ("signer", "ledger", "vault", "ingest")
REDACT = "masking:\n  rules:\n    - {id: colour, match: {fields: [colour]}, action: redact}\n"
STRICTER = REDACT + "    - {id: shape, match: {fields: [shape]}, action: redact}\n"
ENCRYPT = """masking:
  rules:
    - {id: erasable, match: {events: ["customer.*"], fields: [name]}, action: {encrypt: {subject: customer_id}}}
"""


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def daemon(self, *late, config=CONFIG):
        """With a vault, and a service manager that is told."""
        with Daemon(config, late=late) as d:
            make_keys(os.path.join(d.dir, "vault"), "somebody")
            self.store = fd_store.Store(d)
            try:
                yield d
            finally:
                self.store.close()

    def policy_copy(self, d):
        """What the daemon remembers to have masked by."""
        try:
            with open(os.path.join(d.dir, "state/policy.yaml"), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def times_ready(self):
        return sum(x.get("READY") == "1" for x in list(self.store.said))

    def starts_but(self, d, late):
        """All others are ready."""
        d.start(ready=False)
        for name in ALL:
            wanted = "starting" if name == late else "ready"
            wait_until(lambda name=name, wanted=wanted: d.state(name) == wanted, 20, f"{name} is {wanted}")

    def ends_well(self, d):
        self.assertEqual(d.stop(), 0, d.stderr())
        wait_until(lambda: any(x.get("STOPPING") == "1" for x in list(self.store.said)), 20, "all was heard")
        self.assertEqual(d.verify()[0], 0)


class Starts(Case):
    def test_any_child_may_be_the_last_and_nothing_is_told_before(self):
        for late in ALL:
            with self.subTest(late=late), self.daemon(late) as d:
                d.start(ready=False)
                # The ledger waits for the signer, and a record for all three.
                wait_until(lambda late=late: d.state(late) == "starting", 20, "it is awaited")
                d.emit("--count", 20, "--event", "early")
                self.assertEqual((d.is_ready(), self.times_ready()), (False, 0))
                d.let_go(late)
                d.wait_until_ready()
                wait_until(lambda: self.times_ready() == 1, 20, "the service manager is told")
                d.emit("--durable", "--event", "then")
                self.ends_well(d)
                self.assertEqual([len(d.records(x)) for x in ("early", "then")], [20, 1])
                self.assertEqual(self.times_ready(), 1)

    def test_any_child_may_be_killed_before_it_was_ready(self):
        for late in ALL:
            with self.subTest(late=late), self.daemon(late) as d:
                d.start(ready=False)
                pid = wait_until(lambda late=late: d.child("tracex-" + late), 20, "it runs")
                d.emit("--count", 20, "--event", "early")
                d.let_go(late)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                d.wait_until_ready()
                d.emit("--durable", "--event", "then")
                self.ends_well(d)
                self.assertEqual([len(d.records(x)) for x in ("early", "then")], [20, 1])

    def test_any_child_that_was_ready_may_be_killed_while_another_is_awaited(self):
        for late in ("vault", "ingest"):
            for victim in ALL:
                if victim == late:
                    continue
                with self.subTest(late=late, victim=victim), self.daemon(late) as d:
                    self.starts_but(d, late)
                    before = d.status()[victim]["restarts"]
                    os.kill(d.child("tracex-" + victim), signal.SIGKILL)
                    wait_until(lambda: d.status()[victim]["restarts"] > before and d.state(victim) == "ready", 20,
                               "it is back")
                    self.assertFalse(d.is_ready())
                    d.let_go(late)
                    d.wait_until_ready()
                    d.emit("--durable")
                    self.ends_well(d)

    def test_one_that_gave_up_is_heard_also_when_it_is_gone_already(self):
        """The supervisor sees its last words and its end at once, and what it had not read."""
        with self.daemon("vault") as d:
            os.remove(os.path.join(d.dir, "vault/kek"))
            self.starts_but(d, "vault")
            vault = d.child("tracex-vault")
            os.kill(d.supervisor(), signal.SIGSTOP)
            d.let_go("vault")
            wait_until(lambda: self.has_ended(vault), 20, "the vault gives up")
            os.kill(d.supervisor(), signal.SIGCONT)
            d.wait_until_ready()
            self.assertEqual((d.state("vault"), d.status()["vault"]["restarts"]), ("failed", 0))
            self.assertIn("kek is missing", d.stderr())
            self.ends_well(d)

    @staticmethod
    def has_ended(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"


class Requests(Case):
    def test_before_all_are_ready_each_is_answered(self):
        for late in ALL:
            with self.subTest(late=late), self.daemon(late) as d:
                d.start(ready=False)
                wait_until(lambda late=late: d.state(late) == "starting", 20, "it is awaited")
                self.assertIs(d.status()["supervisor"]["ready"], False)
                asked = subprocess.Popen([CTL, "-c", d.config, "erase", "--subject", "somebody"], text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertIsNone(asked.poll())
                d.let_go(late)
                _, complaint = asked.communicate(timeout=60)
                self.assertEqual(asked.returncode, 0, complaint)
                d.wait_until_ready()
                self.ends_well(d)
                self.assertEqual(len(d.records("tracex.erased")), 1)

    def test_a_reload_before_all_are_ready_tells_nobody_that_they_are(self):
        for late in ("signer", "ledger", "vault"):
            with self.subTest(late=late), self.daemon(late, config=CONFIG + REDACT) as d:
                d.start(ready=False)
                wait_until(lambda: d.state("ingest") == "ready", 20, "it takes rules")
                d.write_config(CONFIG + STRICTER)
                result = d.ctl("reload")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.times_ready(), 0)
                self.assertFalse([x for x in self.store.said if "RELOADING" in x])
                d.let_go(late)
                d.wait_until_ready()
                wait_until(lambda: self.times_ready() == 1, 20, "the service manager is told")
                result = d.ctl("reload")  # the control
                self.assertEqual(result.returncode, 0, result.stderr)
                wait_until(lambda: self.times_ready() == 2, 20, "and again after a reload")
                self.assertEqual(sum("RELOADING" in x for x in self.store.said), 1)
                self.ends_well(d)
                self.assertEqual(self.times_ready(), 2)

    def test_what_a_reload_before_ingest_was_ready_loosens_is_recorded_once_and_then_forgotten(self):
        with self.daemon("ingest", config=CONFIG + STRICTER) as d:
            self.starts_but(d, "ingest")
            d.write_config(CONFIG + REDACT)
            with d.request("reload\0allow-weaker") as asked:
                d.ask("ping")  # each is served before the next
                wait_until(lambda: d.child("tracex-auditd") is None, 20, "the new rules were tried")
                d.ask("ping")
                d.let_go("ingest")
                self.assertIs(json.loads(asked.recv(1 << 18))["ok"], True)
            d.wait_until_ready()
            wait_until(lambda: self.policy_copy(d) and '"shape"' not in self.policy_copy(d), 20, "it is recorded")
            self.ends_well(d)
            d.start()
            self.assertNotIn("WEAKER", d.stderr())
            self.ends_well(d)
            self.assertEqual(len([r for r in d.records("tracex.policy") if r["data"].get("weakened")]), 1)

    def test_a_reload_before_ingest_ran_hides_nothing_that_the_start_loosens(self):
        with self.daemon("ingest", config=CONFIG + STRICTER) as d:
            d.let_go("ingest")
            d.start()
            wait_until(lambda: '"shape"' in self.policy_copy(d), 20, "what was masked is remembered")
            self.ends_well(d)
            d.write_config(CONFIG + REDACT)
            d.let_go("ingest", crashes=True)
            d.start(ready=False)
            wait_until(lambda: d.state("ingest") == "waiting" and d.status()["ingest"]["crashes"] > 5, 30,
                       "it is tried again only in some seconds")
            result = d.ctl("reload")
            self.assertEqual(result.returncode, 0, result.stderr)
            d.let_go("ingest")
            d.wait_until_ready()
            wait_until(lambda: '"shape"' not in self.policy_copy(d), 20, "it is recorded")
            told, = [r["data"] for r in d.records("tracex.policy") if r["data"].get("weakened")]
            self.assertIn("rule 'shape'", told["weakened"][0])
            self.ends_well(d)


class Ends(Case):
    def test_the_daemon_may_be_told_to_end_before_any_child_is_ready(self):
        for late in ALL:
            with self.subTest(late=late), self.daemon(late) as d:
                d.start(ready=False)
                pid = wait_until(lambda late=late: d.child("tracex-" + late), 20, "it runs")
                d.emit("--count", 20, "--event", "early")
                os.kill(d.supervisor(), signal.SIGTERM)
                wait_until(lambda: any(x.get("STOPPING") == "1" for x in list(self.store.said)), 20, "it ends")
                self.assertEqual(d.child("tracex-" + late), pid)
                d.let_go(late)
                self.assertEqual(d.process.wait(30), 0)
                self.assertEqual(len(d.records("early")), 20)
                self.assertEqual(self.times_ready(), 0)
                self.assertNotIn("is started again", d.stderr())
                d.start()
                self.ends_well(d)

    def test_a_refusal_ends_it_at_once_also_when_it_ends_already(self):
        with self.daemon("ledger") as d:
            d.let_go("ledger")
            d.start()
            d.emit("--durable")
            self.ends_well(d)
            os.remove(os.path.join(d.log, "log.json"))
            d.hold("ledger")
            d.start(ready=False)
            wait_until(lambda: d.child("tracex-ledger") and d.state("ingest") == "ready", 20, "the others run")
            os.kill(d.supervisor(), signal.SIGTERM)
            wait_until(lambda: sum(x.get("STOPPING") == "1" for x in list(self.store.said)) == 2, 20, "it ends")
            d.let_go("ledger")
            self.assertEqual(d.process.wait(30), 3)
            self.assertIn("tracex-ledger cannot go on", d.stderr())
            self.assertNotIn("is started again", d.stderr())

    def test_an_end_just_before_is_recorded_too(self):
        """Ends are told once a second; the daemon ends sooner."""
        for _ in range(3):
            with self.daemon() as d:
                d.start()
                ended = d.child("tracex-ingest")
                os.kill(ended, signal.SIGKILL)
                wait_until(lambda: d.child("tracex-ingest") not in (None, ended) and d.state("ingest") == "ready", 20, "again")
                self.ends_well(d)
                self.assertEqual([r["data"]["process"] for r in d.records("tracex.restart")], ["ingest"])

    def test_while_it_ends_no_rules_are_taken_and_no_vault_is_started(self):
        with Daemon(CONFIG + REDACT).start() as d:
            d.emit("--durable")
            os.kill(d.child("tracex-ledger"), signal.SIGSTOP)  # nothing becomes durable now
            d.emit("--count", 20, "--event", "queued")
            os.kill(d.supervisor(), signal.SIGTERM)
            wait_until(lambda: d.status()["supervisor"]["stopping"], 20, "it ends")
            d.write_config(CONFIG + ENCRYPT)
            result = d.ctl("reload", "--allow-weaker")
            self.assertEqual(result.returncode, 1)
            self.assertIn("the daemon is ending", result.stderr)
            self.assertIsNone(d.child("tracex-vault"))
            os.kill(d.child("tracex-ledger"), signal.SIGCONT)
            self.assertEqual(d.process.wait(30), 0)
            self.assertEqual(len(d.records("queued")), 20)
            self.assertEqual(d.verify()[0], 0)


if __name__ == "__main__":
    tap.main()
