#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ledger between a played ingest and a real signer: its stream, its life, and what it refuses."""
import hashlib
import json
import os
import shutil
import signal
import unittest

import tap
from ingest_rig import BODY, DURABLE, FLAG_CLIENT
from ledger_rig import Rig, body_of, frame, lost_body, unchecked_signatures

A, B = b"client-A", b"client-B"
LARGE = 6000  # bytes of a record, so that ten fill the smallest segment


class Stream(unittest.TestCase):
    def test_a_body_becomes_a_line_and_its_receipt_says_where(self):
        with Rig().start() as r:
            r.put(A, range(3), receipt=True)
            self.assertTrue(r.wait_durable())
            receipts = dict(r.ingest.receipts)
            r.stop()
            log = r.check()
            for ticket, (seq, leaf) in receipts.items():
                self.assertEqual(log.records[seq], b'{"seq":%d,' % seq + body_of(A, ticket))
                self.assertEqual(leaf, hashlib.sha256(b"\0" + log.records[seq]).digest())
            self.assertEqual(sorted(receipts), [0, 1, 2])

    def test_what_is_there_is_not_stored_again_and_gets_the_first_receipt(self):
        with Rig(max_bytes="64KiB").start() as r:
            for n in range(40):
                r.put(A, [n], receipt=True, fill=LARGE)
                r.wait_durable()
            first = dict(r.ingest.receipts)
            for again in range(3):
                if again == 2:
                    r.kill()
                    r.start()
                else:
                    r.new_stream()
                r.put(A, range(40), receipt=True, fill=LARGE)
                r.wait_durable()
                self.assertEqual({t: x for t, x in r.ingest.receipts.items() if t >= 20},
                                 {t: x for t, x in first.items() if t >= 20})
                self.assertEqual(r.query(A), 39)
            self.assertEqual(r.query(B), None)
            r.stop()
            r.check()

    def test_a_repetition_of_what_is_long_past_delays_nobody(self):
        with Rig(max_bytes="64KiB").start() as r:
            for n in range(0, 9000, 1000):
                r.put(A, range(n, n + 1000), fill=1)
                r.wait_durable()
            r.new_stream()
            r.put(A, [0] * 3000, receipt=True, fill=1)
            self.assertTrue(r.wait_durable())
            self.assertLess(len(r.ingest.receipts), 3000)  # it is not searched for each time
            r.stop()
            r.check()

    def test_no_client_is_forgotten_however_many_come(self):
        """More than there is room for in memory: what comes again of the first is not stored again, also after kills."""
        def invent(r, count):
            for first in range(0, count, 1000):
                names = [os.urandom(8) for _ in range(1000)]
                r.ingest.sent += [(name, 0) for name in names]
                r.ingest.send(b"".join(frame(BODY, body_of(name, 0, 0), FLAG_CLIENT, name, 0, 0) for name in names))
            self.assertTrue(r.wait_durable(300))

        def come_again(r):
            before = r.status()
            for client in (A, B):
                self.assertEqual(r.query(client), 2)
                r.put(client, range(3))
            r.wait_durable()
            after = r.status()
            self.assertEqual(after["duplicates"], before["duplicates"] + 6)
            self.assertEqual(after["records"], before["records"])

        with Rig(max_bytes="8MiB", commit="2ms", checkpoint="100ms").start() as r:
            r.put(A, range(3))
            r.put(B, range(3))
            invent(r, 70000)
            self.assertGreater(r.status()["clients_runs"], 0)
            come_again(r)
            r.kill()
            r.start()
            come_again(r)
            invent(r, 70000)
            come_again(r)
            r.kill()
            r.start()
            come_again(r)
            self.assertIsNone(r.query(b"unknown!"))
            r.stop()
            with open(r.path("state", "clients"), encoding="ascii") as f:
                self.assertNotIn("forgotten", f.readline())

    def test_lost_numbers_count_as_had_also_after_a_restart(self):
        with Rig().start() as r:
            r.put(A, range(2))
            r.ingest.send_body(lost_body(A, 2, 9), A, 2, 9)
            r.wait_durable()
            for _ in range(2):
                self.assertEqual(r.query(A), 9)
                r.put(A, range(2, 10))
                r.wait_durable()
                r.kill()
                r.start()
            r.put(A, [10])
            r.wait_durable()
            r.stored = {k: v for k, v in r.stored.items() if not 2 <= k[1] <= 9}
            r.stop()
            self.assertEqual(len([x for x in r.check().records if b"rig.event" in x]), 3)

    def test_bad_frames_end_the_stream_and_never_the_ledger(self):
        bad = [b"\xff" * 64,
               frame(DURABLE, first=1),
               frame(BODY, b"x"),
               frame(BODY, b'"id":"x"}\n{"tracex":"checkpoint","note":"x"}'),
               frame(BODY, b'"by":"ledger","event":"tracex.epoch","data":{}}'),
               frame(BODY, b'"id":"x"', flags=0),
               frame(BODY, body_of(A, 1), FLAG_CLIENT, A, 2, 1),
               frame(BODY, b'"id":"' + b"x" * 66000 + b'"}')]
        with Rig().start() as r:
            for i, data in enumerate(bad):
                r.put(A, [i], receipt=True)
                r.ingest.send(data)
                r.wait(lambda: r.ingest.ended, "the stream's end")
                r.new_stream()
                r.put(B, [i], receipt=True)
                self.assertTrue(r.wait_durable())
                self.assertEqual(list(r.ingest.receipts), [0])
            self.assertEqual(r.status()["refused_streams"], len(bad))
            r.stop()
            r.check()

    def test_a_stream_that_ends_within_a_frame_leaves_its_whole_frames(self):
        with Rig().start() as r:
            r.put(A, range(5))
            r.ingest.send(frame(BODY, body_of(A, 5), FLAG_CLIENT, A, 5, 5)[:-1])
            r.wait_durable()
            r.new_stream()
            self.assertEqual(r.query(A), 4)
            r.put(A, range(7))
            r.wait_durable()
            r.stop()
            r.check()

    def test_a_policy_is_kept_under_its_hash(self):
        text = b"version: 1\n" * 1000
        with Rig().start() as r:
            r.policy(text)
            r.put(A, [0])
            r.wait_durable()
            r.policy(text)
            r.put(A, [1])
            r.wait_durable()
            r.stop()
            name = hashlib.sha256(text).hexdigest() + ".yaml"
            self.assertEqual(os.listdir(r.path("log/policies")), [name])
            with open(r.path("log/policies", name), "rb") as f:
                self.assertEqual(f.read(), text)

    def test_many_records_pass_while_replies_are_fetched_late(self):
        with Rig(commit="5ms", checkpoint="100ms").start() as r:
            for n in range(0, 60000, 1000):
                batch = b"".join(frame(BODY, body_of(A, i, 400), FLAG_CLIENT, A, i, i) for i in range(n, n + 1000))
                r.ingest.sent += [(A, i) for i in range(n, n + 1000)]
                r.ingest.send(batch)
            self.assertTrue(r.wait_durable())
            r.stop()
            with unchecked_signatures():
                r.check()
            self.assertEqual(len(r.stored), 60000)


class Life(unittest.TestCase):
    def test_a_clean_stop_and_start_are_told_and_nothing_was_recovered(self):
        with Rig(epoch_records=3).start() as r:
            for i in range(4):
                r.put(A, range(i * 4, i * 4 + 4))
                r.wait_durable()
                r.stop()
                r.check()
                r.start()
            r.stop()
            events = [e for e in r.events() if e not in ("rig.event", "tracex.epoch")]
            self.assertEqual(events, ["tracex.start", "tracex.stop"] * 5)

    def test_silence_is_told_by_heartbeats(self):
        with Rig(heartbeat="1s").start() as r:
            r.wait(lambda: r.status()["records"] >= 3, "two heartbeats")
            r.stop()
            self.assertIn("tracex.heartbeat", r.events())

    def test_an_idle_epoch_ends_too(self):
        with Rig(epoch_ns=2 * 10**9).start() as r:
            r.config = r.config.replace("15min", "2s")
            r.stop()
            r.start()
            r.wait(lambda: r.status()["epoch"] >= 1, "the next epoch")
            size = r.status()["records"]
            self.assertFalse([e for e in r.events()[:size] if e == "tracex.heartbeat"])
            r.stop()
            r.check()

    def test_the_end_of_the_supervisor_is_like_a_stop(self):
        with Rig().start() as r:
            r.put(A, range(3))
            r.wait_durable()
            r.control.close()
            r.ingest.sock.close()
            self.assertEqual(r.wait_exit(), 0)
            self.assertEqual(r.events()[-1], "tracex.stop")

    def test_without_the_signer_it_ends_with_what_it_has_durable(self):
        with Rig(commit="60s", checkpoint="60s").start() as r:
            r.put(A, range(3))
            r.wait(lambda: r.status()["records"] == 4, "the records' arrival")
            os.kill(r.signer, signal.SIGKILL)
            self.assertNotEqual(r.ended(), 0)
            r.start()
            self.assertEqual(r.query(A), 2)
            r.stop()
            self.assertEqual(len([e for e in r.events() if e == "rig.event"]), 3)

    def test_sealed_segments_are_read_only_and_compressed(self):
        with Rig(max_bytes="64KiB", compress="zstd").start() as r:
            for n in range(60):
                r.put(A, [n], receipt=True, fill=LARGE)
                r.wait_durable()
            r.wait(lambda: r.status()["compress_backlog"] == 0, "the compressor")
            r.stop()
            names = r.segments()
            self.assertGreater(len(names), 3)
            self.assertEqual([n for n in names if not n.endswith(".zst")], names[-1:])
            for name in names[:-1]:
                self.assertEqual(os.stat(os.path.join(r.log, name)).st_mode & 0o777, 0o440)
            r.check()

    def test_it_enters_its_sandbox_as_another_user(self):
        if os.getuid() != 0:
            self.skipTest("only root becomes another user")
        with Rig(uid=65534, max_bytes="64KiB", compress="zstd").start() as r:
            for _ in range(2):
                for n in range(40):
                    r.put(A, [n], receipt=True, fill=LARGE)
                    r.wait_durable()
                r.kill()
                r.start()
            r.stop()
            r.check()


class Refusals(unittest.TestCase):
    """A log that is not the one that was signed is not gone on with, and left as it is."""

    def make(self, r, epochs=False):
        for n in range(6):
            r.put(A, [n], receipt=True)
            r.wait_durable()
            r.wait_checkpoint()
        r.kill()
        if not epochs:
            self.assertEqual(len(r.segments()), 1)

    def refused(self, r, *words):
        before = r.content()
        r.start(ready=False)
        text = r.fatal()
        self.assertNotEqual(r.ended(), 0)
        for word in (*words, "tracex-auditd --new-log -c /etc/tracex.yaml"):
            self.assertIn(word, text)
        self.assertEqual(r.content(), before)

    def without(self, data, *wanted):
        lines = data.split(b"\n")
        return b"\n".join(x for x in lines if not any(w in x for w in wanted))

    def test_an_untouched_log_is_gone_on_with(self):
        with Rig().start() as r:
            self.make(r)
            r.start()
            r.stop()
            r.check()

    def test_a_log_that_was_cut_says_how_many_records_are_missing(self):
        with Rig().start() as r:
            self.make(r)
            r.tear(r.last_segment(), lambda d: d[:d.index(b'{"seq":3,')])
            self.refused(r, "has 3 records, but 7 were signed: 4 are missing")

    def test_a_log_that_is_gone(self):
        for keep in ("log.json", None):
            with Rig().start() as r:
                self.make(r)
                for name in os.listdir(r.log):
                    if name != keep:
                        os.unlink(os.path.join(r.log, name))
                self.refused(r, "has 0 records, but 7 were signed: 7 are missing")

    def test_a_changed_record(self):
        with Rig().start() as r:
            self.make(r)
            r.tear(r.last_segment(), lambda d: d.replace(b"rig.event", b"rig.EVENT", 1))
            self.refused(r, "are not those that the signer signed")

    def test_a_changed_record_in_a_line_that_is_none_any_more(self):
        with Rig().start() as r:
            self.make(r)
            r.tear(r.last_segment(), lambda d: d.replace(b'{"seq":4,', b'{"sEq":4,', 1))
            self.refused(r, "a checkpoint of", "stands after it")

    def test_a_changed_record_that_a_signer_after_a_power_cut_does_not_know(self):
        with Rig().start() as r:
            r.kill()
            shutil.copytree(r.path("keys"), r.path("keys-before"))
            r.start()
            self.make(r)
            shutil.rmtree(r.path("keys"))
            os.rename(r.path("keys-before"), r.path("keys"))
            whole = r.content()[r.last_segment()]
            r.tear(r.last_segment(), lambda d: d.replace(b"rig.event", b"rig.EVENT", 1))
            self.refused(r, "are not those that the signer signed")
            r.tear(r.last_segment(), lambda _: whole.replace(b'{"seq":5,', b'{"seq":6,'))
            self.refused(r, "a checkpoint of", "stands after it")
            r.tear(r.last_segment(), lambda _: whole)
            r.start()
            r.stop()
            r.check()

    def test_a_checkpoint_line_that_was_taken_out(self):
        with Rig().start() as r:
            self.make(r)

            def change(data):
                at = data.index(b'{"tracex":"checkpoint"')
                return data[:at] + data[data.index(b"\n", at) + 1:]
            r.tear(r.last_segment(), change)
            self.refused(r, "checkpoint lines are not those")

    def test_an_epoch_that_the_signer_did_not_begin(self):
        with Rig().start() as r:
            self.make(r)
            key = json.loads(r.content()[r.path("log/log.json")])["epoch0"]
            line = '{"seq":7,"by":"ledger","event":"tracex.epoch","data":{"epoch":1,"vkey":"%s","checkpoints":0,' \
                   '"digest":"%s="}}\n' % (key, "A" * 43)
            r.tear(r.last_segment(), lambda d: d + line.encode())
            self.refused(r, "Record 7 begins an epoch that the signer does not know")

    def test_keys_of_an_epoch_before(self):
        with Rig(epoch_records=4).start() as r:
            r.kill()
            shutil.copytree(r.path("keys"), r.path("keys-before"))
            r.start()
            self.make(r, epochs=True)
            shutil.rmtree(r.path("keys"))
            os.rename(r.path("keys-before"), r.path("keys"))
            self.refused(r)

    def test_keys_of_another_log(self):
        with Rig().start() as r, Rig().start() as other:
            self.make(r)
            self.make(other)
            shutil.rmtree(r.path("keys"))
            shutil.copytree(other.path("keys"), r.path("keys"))
            self.refused(r, "another identity key")

    def test_a_damaged_or_missing_identity(self):
        with Rig().start() as r:
            self.make(r)
            r.kill()
            os.chmod(r.path("log/log.json"), 0o640)
            r.tear(r.path("log/log.json"), lambda d: d[:-5])
            self.refused(r, "log.json")
            os.unlink(r.path("log/log.json"))
            self.refused(r, "log.json")

    def test_a_segment_of_a_later_version(self):
        with Rig().start() as r:
            self.make(r)
            r.tear(r.last_segment(), lambda d: d.replace(b'"version":1', b'"version":2', 1))
            self.refused(r, "version")


if __name__ == "__main__":
    tap.main()
