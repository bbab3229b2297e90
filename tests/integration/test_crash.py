#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of every process at random moments under load: what was acknowledged as durable is there, once."""
import collections
import hashlib
import os
import random
import signal
import time
import unittest

import second_verifier
import tap
from tracexd import CONFIG, Daemon, wait_until

KILLS = int(os.environ.get("TX_KILLS", "200"))
SEED = int(os.environ.get("TX_SEED", "1"))
VICTIMS = ("tracex-auditd", "tracex-ingest", "tracex-ledger", "tracex-signer")


class Receipts:
    """What clients were told is durable."""

    def __init__(self, workers):
        self.by_id, self.errors = {}, []
        for worker in workers:
            worker.wait(300)
            worker.stdout.seek(0)
            worker.stderr.seek(0)
            out, err = worker.stdout.read(), worker.stderr.read()
            for line in out.splitlines():
                words = line.split()
                if len(words) == 3 and len(words[0]) == 36:
                    self.by_id[words[0]] = (int(words[1]), words[2])
                else:
                    self.errors.append(line)
            self.errors += err.splitlines()


def check(test, daemon, receipts):
    """Every receipt stands in the log as it was given, and nothing stands twice."""
    found, seen = {}, collections.Counter()
    log = second_verifier.Log(daemon.log).read().check_latest()
    for seq, line in enumerate(log.records):
        record = second_verifier.json.loads(line)
        if "id" in record:
            found[record["id"]] = (seq, hashlib.sha256(b"\0" + line).hexdigest())
            seen[record["source"]["client"], record["source"]["n"]] += 1
            seen[record["id"]] += 1
    doubled = [key for key, count in seen.items() if count > 1]
    test.assertEqual(doubled, [])
    missing = [i for i in receipts.by_id if i not in found]
    test.assertEqual(missing, [], f"{len(missing)} acknowledged records are not in the log")
    wrong = [i for i, receipt in receipts.by_id.items() if found[i] != receipt]
    test.assertEqual(wrong, [])
    return log


class Crash(unittest.TestCase):
    def kill_one(self, daemon, victim):
        if victim == "tracex-auditd":
            os.kill(daemon.supervisor(), signal.SIGKILL)
            daemon.process.wait()
            daemon.start()
            return
        pid = wait_until(lambda: daemon.child(victim), 30, f"{victim} runs")
        os.kill(pid, signal.SIGKILL)

    def test_every_durable_acknowledgement_survives_kills_of_every_process(self):
        rng = random.Random(SEED)
        config = CONFIG.replace("max_bytes: 64MiB", "max_bytes: 256KiB") \
            .replace("epoch: 15min", "epoch: 15min, epoch_records: 2000")
        with Daemon(config).start() as d:
            endless = ("--count", 1000000000)
            workers = [d.emit_in_background(*endless, "--durable", "--print-receipts", "--event", "crash.durable",
                                            "--field", "fill=" + "y" * 100) for _ in range(3)]
            workers.append(d.emit_in_background(*endless, "--pace", 500, "--event", "crash.queued"))
            kills = collections.Counter()
            for _ in range(KILLS):
                time.sleep(rng.uniform(0.0, 0.15))
                victim = rng.choices(VICTIMS, (1, 3, 3, 3))[0]
                self.kill_one(d, victim)
                kills[victim] += 1
            for worker in workers:
                worker.terminate()
            receipts = Receipts(workers)
            self.assertEqual(d.stop(), 0)
            log = check(self, d, receipts)
            code, text = d.verify()
            self.assertEqual(code, 0, text)
            print(f"# {sum(kills.values())} kills {dict(kills)}: {len(receipts.by_id)} receipts, "
                  f"{log.tree.size} records, {log.epochs} epochs, {len(d.segments())} segments, "
                  f"{len(receipts.errors)} refused calls")
            self.assertGreater(len(receipts.by_id), KILLS)

    def test_the_check_notices_a_record_that_is_missing(self):
        """The control: a receipt whose record was taken out is missed."""
        with Daemon().start() as d:
            worker = d.emit_in_background("--durable", "--print-receipts", "--count", 10)
            receipts = Receipts([worker])
            self.assertEqual(len(receipts.by_id), 10)
            self.assertEqual(d.stop(), 0)
            check(self, d, receipts)
            receipts.by_id["00000000-0000-7000-8000-000000000000"] = (5, "00" * 32)
            with self.assertRaises(AssertionError):
                check(self, d, receipts)


if __name__ == "__main__":
    tap.main()
