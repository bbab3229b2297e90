#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon's own end is not its clients': the service manager keeps their connections and the inbox for the next."""
import os
import random
import signal
import time
import unittest

import fd_store
import history
import tap
from tracexd import CHILDREN, CONFIG, Daemon, wait_until


class Keep(unittest.TestCase):
    def daemon(self, config=CONFIG, **options):
        d = Daemon(config)
        self.addCleanup(d.__exit__, None, None, None)
        self.store = fd_store.Store(d, **options)
        self.addCleanup(self.store.close)
        return d.start()

    def connections(self, d):
        return d.status()["supervisor"]["connections"]

    def kill_all(self, d, *names):
        """The supervisor and these, as a service manager ends a control group."""
        pids = [d.child(name) for name in names]
        os.kill(d.supervisor(), signal.SIGKILL)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        d.process.wait()

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def connection_names(self):
        return [x for x in self.store.names() if x[0] == "c"]

    # --- tests ---

    def test_what_is_kept(self):
        d = self.daemon()
        worker = d.emit_in_background("--count", 1000000000, "--pace", 1000)
        wait_until(lambda: self.connections(d)["open"] == 1, 20, "a connection")
        kept = ["c1"] + sorted(["tracex-connections", "tracex-inbox", "tracex-positions", "tracex-ring-table"] +
                               ["tracex-process-" + x[7:] for x in CHILDREN])
        wait_until(lambda: self.store.names() == kept, 20, "what is kept")
        self.assertIs(self.connections(d)["kept"], True)
        worker.kill()
        worker.wait()
        wait_until(lambda: not self.connection_names(), 20, "it is given back")

    def test_clients_do_not_notice_that_all_of_it_was_killed(self):
        d = self.daemon()
        clients = history.Clients(d)
        for durable in (0, 50, 100):
            clients.start("--threads", 2, "--durable", durable, "--pace", 4000)
        wait_until(lambda: self.connections(d)["open"] == 3, 20, "connections")
        for _ in range(5):
            time.sleep(0.2)
            self.kill_all(d, *CHILDREN)
            d.start()
            connections = self.connections(d)
            self.assertEqual((connections["open"], connections["accepted"]), (3, 0))
        self.assertEqual(clients.stop(), [0, 0, 0])
        self.holds(d, clients)
        results = {call.result for h in clients.histories().values() for call in h.calls.values()}
        self.assertNotIn("-ENOTCONN", results, "no connection ended")

    def holds(self, d, clients):
        self.assertEqual(d.stop(60), 0)
        histories = clients.histories()
        complaints = history.check(histories, history.log_lines(d))
        print(f"# {history.count(histories)}")
        self.assertEqual(complaints[:20], [])
        self.assertEqual(d.verify()[0], 0)

    def test_records_that_nobody_had_read_of_clients_that_are_gone(self):
        d = self.daemon()
        d.emit("--durable")
        wait_until(lambda: not self.connection_names(), 20, "nobody is connected")
        os.kill(d.child("tracex-ingest"), signal.SIGSTOP)  # nothing is read now
        for number in range(20):
            d.emit("--count", 10, "--event", f"unread.r{number}")
        wait_until(lambda: len(self.connection_names()) == 20, 20, "all are kept")
        self.kill_all(d, *CHILDREN)
        d.start()
        wait_until(lambda: not self.connection_names(), 20, "all were read")
        self.assertEqual(d.stop(), 0)
        self.assertEqual([len(d.records(f"unread.r{number}")) for number in range(20)], [10] * 20)
        self.assertEqual({r["source"]["comm"] for r in d.records() if r["event"].startswith("unread.")}, {"tx-emit"})

    def test_records_that_were_received_and_not_durable_of_clients_that_are_gone(self):
        d = self.daemon()
        d.emit("--durable")
        os.kill(d.child("tracex-ledger"), signal.SIGSTOP)  # nothing becomes durable now
        d.emit("--count", 50, "--event", "queued")
        wait_until(lambda: d.status_of("ingest")["inbox_bytes"] > 0, 20, "they are in the inbox")
        self.kill_all(d, *CHILDREN)
        d.start()
        self.assertEqual(d.stop(), 0)
        self.assertEqual(len(d.records("queued")), 50)

    def test_without_a_store_those_would_be_lost(self):
        """The control."""
        with Daemon().start() as d:
            d.emit("--durable")
            os.kill(d.child("tracex-ingest"), signal.SIGSTOP)
            d.emit("--count", 10, "--event", "unread")
            self.kill_all(d, *CHILDREN)
            d.start()
            self.assertEqual(d.stop(), 0)
            self.assertEqual(d.records("unread"), [])
            self.assertIs(self.connections_of_one_without(), False)

    def connections_of_one_without(self):
        with Daemon().start() as d:
            return self.connections(d)["kept"]

    def test_children_that_are_left_and_do_not_end_are_ended(self):
        d = self.daemon()
        worker = d.emit_in_background("--count", 1000000000, "--pace", 100)
        wait_until(lambda: self.connections(d)["open"] == 1, 20, "a connection")
        pids = [d.child(name) for name in CHILDREN]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        os.kill(d.supervisor(), signal.SIGKILL)
        d.process.wait()
        d.start()
        self.assertFalse(any(self.is_alive(pid) for pid in pids))
        self.assertTrue(self.is_alive(d.child("tracex-ingest")), "the control")
        worker.terminate()
        worker.wait()
        self.assertEqual(d.stop(), 0)
        self.assertEqual(d.verify()[0], 0)

    def test_a_store_that_is_full_or_does_not_answer_keeps_nobody_waiting(self):
        d = self.daemon(limit=17)
        self.store.takes.clear()
        clients = [d.emit_in_background("--count", 1000000000, "--pace", 1000, "--durable") for _ in range(12)]
        wait_until(lambda: self.connections(d)["open"] == 12, 60, "all are served")
        connections = self.connections(d)
        self.assertGreaterEqual(connections["not_kept"], 11)
        self.store.takes.set()
        for client in clients:
            client.kill()
            client.wait()
        wait_until(lambda: self.connections(d)["open"] == 0, 20, "all are gone")
        wait_until(lambda: not self.connection_names(), 20, "and told of")
        self.assertEqual(d.stop(), 0)

    def test_kills_of_several_at_once(self):
        rng = random.Random(int(os.environ.get("TX_SEED", "1")))
        n = max(int(os.environ.get("TX_KILLS", "100")) // 10, 10)
        d = self.daemon(CONFIG.replace("max_bytes: 64MiB", "max_bytes: 256KiB"))
        clients = history.Clients(d)
        options = ("--threads", 2, "--durable", 10, "--pace", 1000, "--forks", 3)
        some = [clients.start(*options) for _ in range(3)]
        for _ in range(n):
            time.sleep(rng.uniform(0, 0.2))
            if rng.random() < 0.3:
                clients.kill(some.pop(0))
                some.append(clients.start(*options))
            victims = rng.sample(CHILDREN, rng.randint(0, 3))
            for name in victims:
                wait_until(lambda name=name: d.child(name), 30, name)
            self.kill_all(d, *[x for x in victims if d.child(x)])
            d.start()
        self.assertEqual(clients.stop(), [0, 0, 0])
        self.holds(d, clients)


if __name__ == "__main__":
    tap.main()
