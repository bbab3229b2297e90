#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests/lib/history.py says of a log: nothing of a good one, and something of each that is not, also where every
hash and signature is right."""
import copy
import json
import os
import subprocess
import tempfile
import unittest

import history
import tap
from tracexd import BUILD, VERIFY, Daemon

MAKE_LOG = os.path.join(BUILD, "tests/tamper/make-log")


def body(line):
    return line[line.index(b",") + 1:]


def chained(bodies):
    """The lines of a log of these records, whose hashes and signatures are good."""
    with tempfile.TemporaryDirectory(prefix="tracex-test-") as directory:
        path = os.path.join(directory, "log")
        subprocess.run([MAKE_LOG, path, "1", "--bodies"], input=b"\n".join(bodies) + b"\n\n", check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([VERIFY, "--quiet", path], check=True)
        with open(os.path.join(path, f"{0:020d}.jsonl"), "rb") as f:
            return [x for x in f.read().splitlines() if not x.startswith(b'{"tracex":')]


def lost(client, first, last, why="client"):
    return (b'"by":"ingest","time":"2026-11-29T19:00:00.000000000Z","event":"tracex.lost","data":' +
            json.dumps({"client": client, "first": first, "last": last, "why": why}).encode() + b"}")


class Checker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Daemon() as d:
            clients = history.Clients(d)
            clients.start("--count", 40, "--durable", 30)  # refused: there is nobody yet
            clients.wait()
            d.start()
            clients.start("--threads", 4, "--count", 60, "--durable", 20, "--forks", 1)
            killed = [clients.start("--threads", 2, "--durable", 20), clients.start("--buffered", 100, "--pace", 100)]
            while len(d.records("history.record")) < 500:
                pass
            for client in killed:
                clients.kill(client)
            cls.buffers = str(killed[1].pid)
            assert clients.wait() == [0]
            assert d.stop() == 0
            cls.kept = clients.histories()
            ends = [x for x in history.log_lines(d) if b'"event":"tracex.epoch"' not in x]
            cls.kept_bodies = [body(x) for x in ends]

    def setUp(self):
        self.histories, self.bodies = copy.deepcopy(self.kept), list(self.kept_bodies)
        parsed = [json.loads(b'{"seq":0,' + x) for x in self.bodies]
        self.of_clients = [i for i, record in enumerate(parsed) if "source" in record]
        self.parsed = parsed

    def complaints(self):
        """Receipts say where a record stood, which is not where it stands now."""
        self.without_receipts()
        return history.check(self.histories, chained(self.bodies))

    def without_receipts(self):
        for h in self.histories.values():
            for call in h.calls.values():
                call.receipt = None

    def some(self, level):
        """The place of a record that was acknowledged, in the middle of its client's."""
        for i in self.of_clients[len(self.of_clients) // 2:]:
            data = self.parsed[i]["data"]
            call = self.histories[data["h"]].calls[data["t"], data["k"]]
            if call.is_acknowledged and call.level == level and self.followed(i):
                return i
        raise AssertionError(f"no {level} record")

    def followed(self, i):
        client = self.parsed[i]["source"]["client"]
        return any(self.parsed[j]["source"]["client"] == client for j in self.of_clients if j > i)

    def last_of_its_client(self):
        """That of one that promised more than to buffer it."""
        return next(i for i in reversed(self.of_clients) if not self.followed(i) and self.acknowledged(i) and
                    not self.parsed[i]["data"]["h"].startswith(self.buffers + "-"))

    def acknowledged(self, i):
        data = self.parsed[i]["data"]
        return self.histories[data["h"]].calls[data["t"], data["k"]].is_acknowledged

    # --- tests ---

    def test_a_good_log_and_its_receipts(self):
        counted = history.count(self.histories)
        print(f"# {counted}, {len(self.histories)} processes")
        for kind in ("durable", "queued", "buffered", "refused"):
            self.assertGreater(counted[kind], 10)
        with_receipt = [c for h in self.histories.values() for c in h.calls.values() if c.receipt]
        self.assertGreater(len(with_receipt), 10)
        with_receipt[0].receipt = (with_receipt[0].receipt[0], 1, "00" * 32)
        lines = [b'{"seq":%d,' % seq + x for seq, x in enumerate(self.bodies)]
        complaints = history.check(self.histories, lines)
        self.assertTrue(any("has another receipt" in x for x in complaints), complaints)
        self.assertEqual(self.complaints(), [])

    def test_one_record_is_missing(self):
        for level in ("durable", "queued"):
            with self.subTest(level=level):
                del self.bodies[self.some(level)]
                complaints = self.complaints()
                self.assertTrue(any("was acknowledged and is not in the log" in x for x in complaints))
                self.assertTrue(any("are missing without a word" in x for x in complaints))
                self.setUp()

    def test_the_last_record_of_a_client_is_missing(self):
        del self.bodies[self.last_of_its_client()]
        complaints = self.complaints()
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn("was acknowledged and is not in the log", complaints[0])

    def of_the_one_that_buffers(self):
        """Its history, and where its acknowledged records stand; one whose call never returned, its last, goes."""
        mine = next(h for name, h in self.histories.items() if name.startswith(self.buffers + "-"))
        places = [i for i in self.of_clients if self.parsed[i]["data"].get("h") == mine.name]
        if not self.acknowledged(places[-1]):
            del self.bodies[places.pop()]
        return mine, places

    def without(self, places):
        kept = self.bodies
        self.bodies = [x for i, x in enumerate(kept) if i not in places]
        complaints = self.complaints()
        self.bodies = kept
        return complaints

    def test_what_a_killed_process_had_buffered_may_be_missing_at_its_end(self):
        mine, places = self.of_the_one_that_buffers()
        self.assertGreater(len(places), 2 * history.BUFFERED_MOST)
        left = history.BUFFERED_MOST - (sum(call.is_acknowledged for call in mine.calls.values()) - len(places))
        self.assertEqual(self.without(places[len(places) - left:]), [], "it may have had so many")
        complaints = self.without(places[-left - 1:])
        self.assertEqual(len(complaints), history.BUFFERED_MOST + 1, "one more is too many")
        complaints = self.without(places[-2:-1])
        for text in ("(buffered) was acknowledged and is not in the log", "missing without a word"):
            self.assertTrue(any(text in x for x in complaints), complaints)
        mine.flushed = 0
        self.assertTrue(self.without(places[-1:]), "it was not killed")

    def test_one_record_stands_twice(self):
        i = self.some("queued")
        self.bodies.insert(i + 1, self.bodies[i])
        complaints = self.complaints()
        for text in ("stands twice", "comes with"):
            self.assertTrue(any(text in x for x in complaints), complaints)

    def test_one_record_stands_again_with_a_new_number_and_id(self):
        i = self.last_of_its_client()
        n = self.parsed[i]["source"]["n"]
        again = self.bodies[i].replace(b'"n":%d,' % n, b'"n":%d,' % (n + 1)).replace(b'"id":"0', b'"id":"1')
        self.bodies.insert(i + 1, again)
        complaints = self.complaints()
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn("stands twice", complaints[0])

    def test_two_records_of_a_client_change_places(self):
        i = self.some("queued")
        client = self.parsed[i]["source"]["client"]
        j = next(j for j in self.of_clients if j > i and self.parsed[j]["source"]["client"] == client)
        self.bodies[i], self.bodies[j] = self.bodies[j], self.bodies[i]
        complaints = self.complaints()
        self.assertTrue(any("again, or late" in x for x in complaints), complaints)

    def test_two_calls_of_a_thread_change_places_and_their_numbers_do_not(self):
        i = self.some("queued")
        source, data = self.parsed[i]["source"], self.parsed[i]["data"]
        j = next(j for j in self.of_clients if j > i and self.parsed[j]["source"]["client"] == source["client"] and
                 self.parsed[j]["data"]["t"] == data["t"])
        old, new = (b'"t":%d,"k":%d' % (data["t"], k) for k in (data["k"], self.parsed[j]["data"]["k"]))
        self.bodies[i], self.bodies[j] = self.bodies[i].replace(old, new), self.bodies[j].replace(new, old)
        complaints = self.complaints()
        self.assertTrue(any("had returned before one was called" in x for x in complaints), complaints)

    def test_a_gap_is_declared_or_not(self):
        i = self.some("queued")
        source, data = self.parsed[i]["source"], self.parsed[i]["data"]
        self.bodies[i] = lost(source["client"], source["n"], source["n"])
        del self.histories[data["h"]].calls[data["t"], data["k"]]
        self.assertEqual(self.complaints(), [], "a declared one is none")
        del self.bodies[i]
        complaints = self.complaints()
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn("missing without a word", complaints[0])

    def test_a_client_that_was_forgotten(self):
        i = self.some("queued")
        source, data = self.parsed[i]["source"], self.parsed[i]["data"]
        self.bodies[i] = lost(source["client"], source["n"], source["n"], "forgotten")
        del self.histories[data["h"]].calls[data["t"], data["k"]]
        self.assertTrue(any("was forgotten" in x for x in self.complaints()))

    def test_what_was_never_called_or_was_refused(self):
        i = self.last_of_its_client()
        data = self.parsed[i]["data"]
        call = self.histories[data["h"]].calls[data["t"], data["k"]]
        call.result = "-EAGAIN"
        self.assertTrue(any("was refused with -EAGAIN" in x for x in self.complaints()))
        self.bodies[i] = self.bodies[i].replace(b'"k":%d' % data["k"], b'"k":4711')
        self.assertTrue(any("was never called" in x for x in self.complaints()))


if __name__ == "__main__":
    tap.main()
