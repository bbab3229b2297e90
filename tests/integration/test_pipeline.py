#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One record's whole way: logged, stamped, masked, chained, signed, verified; and again after a restart."""
import hashlib
import json
import os
import re
import unittest

import second_verifier
import tap
from tracexd import BUILD, CONFIG, Daemon, wait_until


def leaf(line):
    return hashlib.sha256(b"\0" + line).hexdigest()


class Pipeline(unittest.TestCase):
    def agree(self, daemon, expected=0):
        """Both verifiers say the same of the log."""
        code, text = daemon.verify()
        self.assertEqual(code, expected, text)
        return second_verifier.Log(daemon.log).read().check_latest()

    def test_a_record_says_who_sent_it_as_the_kernel_tells_it(self):
        with Daemon().start() as d:
            out = d.emit("--durable", "--print-receipts", "--event", "payment.refund", "--field", "amount=4200")
            record_id, seq, leaf_hex = out.stdout.split()
            record, = d.records("payment.refund")
            self.assertEqual(record["id"], record_id)
            self.assertEqual(record["seq"], int(seq))
            line = [x for x in d.lines() if b"payment.refund" in x][0]
            self.assertEqual(leaf(line), leaf_hex)
            source = record["source"]
            self.assertEqual((source["uid"], source["gid"]), (os.getuid(), os.getgid()))
            self.assertEqual(source["comm"], "tx-emit")
            self.assertEqual(source["exe"], os.path.join(BUILD, "tests/lib/tx-emit"))
            self.assertEqual(source["n"], 0)
            self.assertRegex(source["client"], r"^[0-9a-f]{16}$")
            self.assertEqual(record["data"], {"amount": "4200"})
            keys = [k for k in record]
            order = ["seq", "id", "time", "lag_us", "event", "outcome", "severity", "message", "host", "source",
                     "correlation_id", "trace_id", "span_id", "parent_span_id", "data", "masked", "policy"]
            self.assertEqual(keys, [k for k in order if k in keys])
            self.assertEqual(line.decode(), json.dumps(record, separators=(",", ":"), ensure_ascii=False))

    def test_personal_data_is_masked_and_the_policy_is_kept(self):
        with Daemon().start() as d:
            d.emit("--durable", "--event", "order.pay", "--field", "note=card 4111 1111 1111 1111 ok",
                   "--field", "password=hunter2hunter2", "--field", "plain=nothing here")
            record, = d.records("order.pay")
            text = json.dumps(record)
            self.assertNotIn("4111 1111", text)
            self.assertNotIn("hunter2", text)
            self.assertEqual(record["data"]["plain"], "nothing here")
            self.assertEqual(set(record["masked"]), {"note", "password"})
            policy = d.records("tracex.policy")[-1]["data"]["sha256"]
            self.assertTrue(policy.startswith(record["policy"]))
            with open(os.path.join(d.log, "policies", policy + ".yaml"), "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(), policy)

    def test_both_verifiers_prove_the_log_and_a_flipped_byte_is_named(self):
        with Daemon().start() as d:
            for i in range(12):
                d.emit("--durable", "--event", "flip.me", "--field", f"i=value-{i}")
                d.wait_for_checkpoint()  # so that it has one of its own, which tells it from the others
            self.assertEqual(d.stop(), 0)
            log = self.agree(d)
            self.assertEqual(log.last_size, log.tree.size)
            path = os.path.join(d.log, d.segments()[-1])
            with open(path, "r+b") as f:
                data = f.read()
                at = data.index(b"value-7")
                f.seek(at)
                f.write(b"VALUE")
            code, text = d.verify()
            self.assertEqual(code, 1, text)
            seq = json.loads(data[data.rindex(b"\n", 0, at) + 1:data.index(b"\n", at)])["seq"]
            self.assertRegex(text, rf"\b{seq}\b")
            with self.assertRaises(second_verifier.Wrong):
                second_verifier.Log(d.log).read()

    def test_receipts_that_clients_keep_are_proven_later_and_tell_of_a_record_that_is_gone(self):
        with Daemon().start() as d:
            kept = os.path.join(d.dir, "receipts")
            d.emit("--threads", 8, "--count", 20, "--durable", "--keep-receipts", kept)
            d.stop()
            d.start()
            d.emit("--count", 40, "--durable", "--keep-receipts", kept)
            d.stop()
            code, text = d.verify("--receipt", kept)
            self.assertEqual(code, 0, text)
            self.assertIn("receipts 200 of 200", text)
            with open(kept, encoding="utf-8") as f:
                last = max(f, key=lambda line: int(re.search("seq=([0-9]+)", line)[1]))
            self.assertEqual(d.verify("--receipt", kept, "--quiet")[0], 0)
            # The end is cut off as a writer's own crash would leave it: at the last checkpoint before the record.
            path = os.path.join(d.log, d.segments()[-1])
            with open(path, "rb") as f:
                lines = f.read().splitlines(keepends=True)
            record = next(i for i, x in enumerate(lines) if x.startswith(b'{"seq":%d,' % int(re.search("seq=([0-9]+)", last)[1])))
            end = max(i for i in range(record) if lines[i].startswith(b'{"tracex":"checkpoint"'))
            with open(path, "wb") as f:
                f.write(b"".join(lines[:end + 1]))
            with open(os.path.join(d.log, "checkpoint"), "w", encoding="utf-8") as f:
                f.write(json.loads(lines[end])["note"])
            self.assertEqual(d.verify()[0], 0)  # the control: nothing in the log itself can tell
            code, text = d.verify("--receipt", kept)
            self.assertEqual(code, 1, text)
            self.assertIn("cut-off in", text)

    def test_it_goes_on_after_a_restart_with_numbers_that_follow(self):
        with Daemon().start() as d:
            for round_number in range(3):
                d.emit("--count", 50, "--durable", "--event", f"round.r{round_number}")
                self.assertEqual(d.stop(), 0)
                self.agree(d)
                d.start()
            records = d.records()
            self.assertEqual([r["seq"] for r in records], list(range(len(records))))
            self.assertEqual(len([r for r in records if r["event"].startswith("round.")]), 150)
            self.assertEqual(len([r for r in records if r["event"] == "tracex.start"]), 4)
            self.assertEqual(len([r for r in records if r["event"] == "tracex.stop"]), 3)
            self.assertEqual(len(d.records("tracex.recovered")), 0)

    def test_segments_rotate_by_size_and_are_sealed_and_compressed(self):
        config = CONFIG.replace("max_bytes: 64MiB", "max_bytes: 64KiB").replace("compress: none", "compress: zstd")
        with Daemon(config).start() as d:
            for i in range(6):
                d.emit("--count", 200, "--durable", "--event", "rotate.me", "--field", "fill=" + "x" * 150)
            wait_until(lambda: len([s for s in d.segments() if s.endswith(".zst")]) >= 3, 30, "compressed segments")
            self.assertEqual(d.stop(), 0)
            self.assertGreater(len(d.segments()), 3)
            for name in d.segments()[:-1]:
                self.assertEqual(os.stat(os.path.join(d.log, name)).st_mode & 0o777, 0o440)
            log = self.agree(d)
            self.assertEqual(sum(b'"rotate.me"' in x for x in log.records), 1200)
            d.start()
            d.emit("--durable", "--event", "after.rotation")
            self.assertEqual(d.stop(), 0)
            self.agree(d)

    def test_epochs_end_by_count_and_every_old_secret_is_gone(self):
        config = CONFIG.replace("epoch: 15min", "epoch: 15min, epoch_records: 100")
        with Daemon(config).start() as d:
            for i in range(12):
                d.emit("--count", 60, "--durable", "--event", "epoch.fill")
            self.assertEqual(d.stop(), 0)
            log = self.agree(d)
            self.assertGreaterEqual(log.epochs, 5)
            secrets = [n for n in os.listdir(os.path.join(d.dir, "keys")) if n.startswith("epoch-")]
            self.assertEqual(len(secrets), 1, secrets)
            self.assertIn(str(log.epoch), secrets[0])
            self.assertEqual(sorted(os.listdir(os.path.join(d.log, "epochs"))),
                             sorted(f"{e}.tlog-proof" for e in range(1, log.epoch + 1)))

    def test_a_policy_is_replaced_atomically_and_a_bad_one_is_refused(self):
        with Daemon().start() as d:
            d.emit("--durable", "--event", "before.reload", "--field", "shoe=size 44")
            d.write_config(CONFIG + "masking:\n  rules:\n    - {id: shoes, match: {fields: [shoe]}, action: redact}\n")
            self.assertEqual(d.ctl("reload").returncode, 0)
            d.emit("--durable", "--event", "after.reload", "--field", "shoe=size 44")
            d.write_config(CONFIG + "masking:\n  rules:\n    - {id: shoes, match: {feilds: [shoe]}, action: redact}\n")
            bad = d.ctl("reload")
            self.assertNotEqual(bad.returncode, 0)
            self.assertRegex(bad.stderr + bad.stdout, r"tracex\.yaml:\d+:\d+")
            d.emit("--durable", "--event", "after.bad", "--field", "shoe=size 44")
            self.assertEqual(d.records("before.reload")[0]["data"], {"shoe": "size 44"})
            for event in ("after.reload", "after.bad"):
                record, = d.records(event)
                self.assertNotIn("44", json.dumps(record["data"]))
                self.assertIn("shoes", record["masked"]["shoe"])
            policies = [r["data"]["sha256"] for r in d.records("tracex.policy")]
            self.assertEqual(len(set(policies)), 2, policies)

    def test_queued_records_of_many_threads_all_arrive_in_each_threads_order(self):
        with Daemon().start() as d:
            d.emit("--count", 2000, "--threads", 8, "--pace", 50, "--event", "many.threads")
            records = wait_until(lambda: (r := d.records("many.threads")) and len(r) == 16000 and r, 60, "all records")
            self.assertEqual(sorted(r["source"]["n"] for r in records), list(range(16000)))
            self.assertEqual(d.stop(), 0)
            self.agree(d)

    def test_a_forked_process_inherits_no_identity(self):
        with Daemon().start() as d:
            one = d.emit("--durable", "--print-receipts").stdout.split()[0]
            two = d.emit("--durable", "--print-receipts").stdout.split()[0]
            clients = {r["source"]["client"] for r in d.records() if r.get("id") in (one, two)}
            self.assertEqual(len(clients), 2)


if __name__ == "__main__":
    tap.main()
