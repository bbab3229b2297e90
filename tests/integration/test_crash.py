#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 and SIGSTOP of every process at random moments under load, its clients among them: what was acknowledged is
there, once, in order, and what is lost is declared (tests/lib/history.py). A service manager keeps connections and inbox
meanwhile: without one, what a client that is gone left in the kernel dies with the last process that holds its socket."""
import collections
import os
import random
import signal
import time
import unittest

import fd_store
import history
import second_verifier
import tap
from tracexd import CONFIG, Daemon, wait_until

KILLS = int(os.environ.get("TX_KILLS", "100"))
SEED = int(os.environ.get("TX_SEED", "1"))
# Small segments and epochs, so that kills meet their ends as well.
SMALL = CONFIG.replace("max_bytes: 64MiB", "max_bytes: 256KiB") \
    .replace("epoch: 15min", "epoch: 15min, epoch_records: 2000")


class Campaign:
    """Does what a seed says to a daemon and its clients."""

    def __init__(self, daemon, seed):
        self.d, self.rng = daemon, random.Random(seed)
        self.done = collections.Counter()
        self.clients = history.Clients(daemon)
        for options in ((3, 100, 0), (2, 0, 0), (2, 20, 40)):
            self.start_client(*options)
        self.client = self.start_client(3, 10, 50)

    def start_client(self, threads, durable, buffered):
        return self.clients.start("--threads", threads, "--durable", durable, "--buffered", buffered, "--pace", 2000,
                                  "--forks", 2)

    def signal(self, victim, number=signal.SIGKILL):
        pid = wait_until(lambda: self.d.child(victim), 60, f"{victim} runs")
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # its partner's end was its own
            pass
        return pid

    # --- what is done ---

    def supervisor(self):
        os.kill(self.d.supervisor(), signal.SIGKILL)
        self.d.process.wait()
        self.d.start()

    def one(self, victim):
        self.signal(victim)

    def while_it_recovers(self, victim):
        for _ in range(self.rng.randint(2, 4)):
            self.signal(victim)
            time.sleep(self.rng.uniform(0, 0.06))

    def two_at_once(self, *victims):
        for victim in victims:
            self.signal(victim)

    def stop_for_a_moment(self, victim):
        pid = self.signal(victim, signal.SIGSTOP)
        time.sleep(self.rng.uniform(0, 0.5))
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def a_client(self):
        self.clients.kill(self.client)
        self.client = self.start_client(3, 10, 50)

    def act(self):
        choices = [(1, "supervisor", self.supervisor), (1, "client", self.a_client)]
        for weight, victim in ((3, "ingest"), (3, "ledger"), (2, "signer")):
            name = "tracex-" + victim
            choices += [(weight, victim, lambda n=name: self.one(n)),
                        (1, victim + " stopped", lambda n=name: self.stop_for_a_moment(n)),
                        (1, victim + " again and again", lambda n=name: self.while_it_recovers(n))]
        choices.append((1, "ingest and ledger", lambda: self.two_at_once("tracex-ingest", "tracex-ledger")))
        _, name, act = self.rng.choices(choices, [c[0] for c in choices])[0]
        act()
        self.done[name] += 1

    def run(self, n):
        for _ in range(n):
            time.sleep(self.rng.uniform(0, 0.15))
            self.act()
        return self.clients.stop()


class Crash(unittest.TestCase):
    def holds(self, d, campaign, statuses):
        """All of it, when everything has ended."""
        self.assertEqual(d.stop(60), 0)
        log = second_verifier.Log(d.log).read().check_latest()
        code, text = d.verify("--clients")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, "whose numbers stand there from 0 on")
        self.assertNotIn("NOTHING DECLARES", text)
        histories = campaign.clients.histories()
        complaints = history.check(histories, log.records)
        print(f"# {sum(campaign.done.values())} times {dict(campaign.done)}; {history.count(histories)}, "
              f"{log.tree.size} records, {log.epochs} epochs, {len(d.segments())} segments")
        self.assertEqual(complaints[:20], [], f"{len(complaints)} complaints")
        self.assertEqual(set(statuses), {0}, "everything that a client logged became durable in the end")
        for level in ("durable", "buffered"):
            self.assertGreater(history.count(histories)[level], KILLS)

    def test_kills_and_stops_of_every_process(self):
        with Daemon(SMALL) as d:
            store = fd_store.Store(d)
            self.addCleanup(store.close)
            campaign = Campaign(d.start(), SEED)
            self.holds(d, campaign, campaign.run(KILLS))


if __name__ == "__main__":
    tap.main()
