#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two logs: what goes where, that both are proven, and that the audit log never suffers for the other one."""
import json
import os
import signal
import subprocess
import time
import unittest

import tap
from tracexd import CONFIG, VERIFY, Daemon, descriptors, on_small_disk, wait_until

STREAMS = """streams:
  trace:
    from: {audit_lane: ["debug.**", "span"]}
    segment: {compress: none}
"""


class Streams(Daemon):
    def __init__(self, config=CONFIG + STREAMS, **kwargs):
        super().__init__(config, **kwargs)

    @property
    def trace_dir(self):
        return os.path.join(self.dir, "log-trace")

    def of_trace(self, read):
        """What `read` gives when it looks at the log of trace events."""
        other = Daemon.__new__(Reader)
        other.dir = self.trace_dir
        return read(other)

    def trace_records(self, event=None):
        return self.of_trace(lambda log: [r for r in log.proven_records() if event is None or r["event"] == event])

    def status(self):
        return json.loads(self.ctl("status", "-o", "json").stdout)

    def trace(self):
        return self.status()["ingest"]["status"]["trace"]

    def pid(self, name):
        return wait_until(lambda: self.status().get(name, {}).get("pid"), 20, name)

    def prove(self, path, *options):
        result = subprocess.run([VERIFY, *options, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=120)
        return result.returncode, result.stdout


class Reader(Daemon):
    """Reads another directory as a daemon's log."""

    @property
    def log(self):
        return self.dir


def receipts_of(text):
    return {x[0]: int(x[1]) for x in map(str.split, text.splitlines()) if len(x) == 3 and x[0] != "error"}


class Routing(unittest.TestCase):
    def assert_both_proven(self, d):
        for path in (d.log, d.trace_dir):
            code, text = d.prove(path)
            self.assertEqual(code, 0, text)

    def test_events_go_where_their_names_say_and_both_logs_are_proven(self):
        with Streams().start() as d:
            receipts = {e: receipts_of(d.emit("--durable", "--print-receipts", "--event", e).stdout)
                        for e in ("payment.made", "debug.cache.hit", "span", "spanner")}
            self.assertEqual(d.stop(), 0)
            audit, trace = list(d.proven_records()), d.trace_records()
            for event, log in (("payment.made", audit), ("spanner", audit), ("debug.cache.hit", trace), ("span", trace)):
                [(record_id, seq)] = receipts[event].items()
                self.assertEqual([r["event"] for r in log if r.get("id") == record_id and r["seq"] == seq], [event])
                other = trace if log is audit else audit
                self.assertFalse([r for r in other if r["event"] == event])
            self.assert_both_proven(d)
            with open(os.path.join(d.trace_dir, "log.json"), encoding="utf-8") as f:
                self.assertEqual(json.load(f)["origin"], "test.example/trace")
            # Its records name a policy; its own records and files say which that is.
            [policy] = [r for r in trace if r["event"] == "tracex.policy"]
            self.assertTrue(os.path.exists(os.path.join(d.trace_dir, "policies", policy["data"]["sha256"] + ".yaml")))
            self.assertTrue(all(policy["data"]["sha256"].startswith(r["policy"]) for r in trace if "policy" in r))

    def test_a_change_of_one_byte_in_the_log_of_trace_events_is_found(self):
        """The control of what is proven above."""
        with Streams().start() as d:
            d.emit("--durable", "--event", "span", "--field", "where=here")
            self.assertEqual(d.stop(), 0)
            [name] = [n for n in os.listdir(d.trace_dir) if n.endswith(".jsonl")]
            path = os.path.join(d.trace_dir, name)
            with open(path, "rb") as f:
                data = f.read()
            os.chmod(path, 0o600)
            with open(path, "wb") as f:
                f.write(data.replace(b'"where":"here"', b'"where":"hers"'))
            self.assertEqual(d.prove(d.trace_dir)[0], 1)
            self.assertEqual(d.prove(d.log)[0], 0)

    def test_without_trace_events_there_is_no_process_for_them(self):
        with Streams(CONFIG).start() as d:
            d.emit("--durable", "--count", 10)
            d.emit("--durable", "--event", "span")  # an audit record, whatever it is called
            status = d.status()
            self.assertNotIn("trace-ledger", status)
            self.assertNotIn("trace-signer", status)
            self.assertEqual(status["ingest"]["status"]["trace"]["state"], "off")
            self.assertEqual(d.stop(), 0)
            self.assertFalse(os.path.exists(os.path.join(d.trace_dir, "log.json")))
            self.assertTrue(d.records("span"))

    def test_a_log_that_is_there_is_kept_in_order_from_the_start_on(self):
        with Streams().start() as d:
            d.emit("--durable", "--event", "span")
            self.assertEqual(d.stop(), 0)
            d.start()
            wait_until(lambda: d.status().get("trace-ledger", {}).get("state") == "ready", 20, "its ledger")
            self.assertEqual(d.stop(), 0)
            events = [r["event"] for r in d.trace_records()]
            self.assertEqual(events.count("tracex.start"), 2)
            self.assertEqual(events.count("tracex.stop"), 2)
            self.assertEqual(events[-1], "tracex.stop")
            self.assert_both_proven(d)

    def test_a_log_within_the_audit_logs_directory_disturbs_nothing(self):
        inside = STREAMS.replace("    from:", "    dir: log/trace\n    from:")
        with Streams(CONFIG.replace("max_bytes: 64MiB", "max_bytes: 64KiB") + inside).start() as d:
            for _ in range(3):
                d.emit("--durable", "--count", 200, "--event", "span")
                d.emit("--durable", "--count", 200)
            self.assertEqual(d.stop(), 0)
            for path in (d.log, os.path.join(d.log, "trace")):
                code, text = d.prove(path, "--clients")
                self.assertEqual(code, 0, text)
            self.assertGreater(len(d.segments()), 1)
            self.assertFalse([r for r in d.records() if r["event"] == "span"])

    def test_each_policy_is_in_both_logs(self):
        rule = "masking: {rules: [{id: r, match: {fields: [colour]}, action: redact}]}\n"
        with Streams().start() as d:
            d.emit("--durable", "--event", "span", "--field", "colour=red")
            d.write_config(CONFIG + STREAMS + rule)
            self.assertEqual(d.ctl("reload").returncode, 0)
            d.emit("--durable", "--event", "span", "--field", "colour=red")
            self.assertEqual(d.stop(), 0)
            self.assertEqual([r["data"]["colour"] for r in d.trace_records("span")], ["red", "[redacted]"])
            hashes = [[r["data"]["sha256"] for r in log if r["event"] == "tracex.policy"]
                      for log in (d.records(), d.trace_records())]
            self.assertEqual(hashes[0], hashes[1])
            self.assertEqual(len(hashes[0]), 2)

    def test_what_goes_where_changes_at_a_restart(self):
        with Streams().start() as d:
            d.write_config(CONFIG)
            answer = d.ctl("reload")
            self.assertIn("streams.trace.from.audit_lane", answer.stdout + answer.stderr)
            d.emit("--durable", "--event", "span")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.trace_records("span")), 1)
            d.start()
            d.emit("--durable", "--event", "span")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.trace_records("span")), 1)
            self.assertEqual(len(d.records("span")), 1)


class Deaths(unittest.TestCase):
    def emit(self, d, event, count=200):
        return d.emit_in_background("--durable", "--print-receipts", "--timeout", 20000, "--count", count, "--threads", 2,
                                    "--pace", 1000, "--event", event)

    def finish(self, process):
        self.assertEqual(process.wait(120), 0)
        process.stdout.seek(0)
        return receipts_of(process.stdout.read())

    def test_each_process_of_both_logs_may_be_killed_and_nothing_acknowledged_is_lost(self):
        with Streams().start() as d:
            d.emit("--durable", "--event", "span")
            audit, trace = {}, {}
            for name in ("trace-ledger", "trace-signer", "ledger", "signer", "ingest"):
                emitters = [self.emit(d, "payment.made"), self.emit(d, "span")]
                time.sleep(0.1)
                os.kill(d.pid(name), signal.SIGKILL)
                audit.update(self.finish(emitters[0]))
                trace.update(self.finish(emitters[1]))
            self.assertEqual(d.trace()["dropped"], 0)
            wait_until(lambda: all(d.status()[n]["state"] == "ready" for n in ("trace-ledger", "trace-signer")), 20, "all")
            wait_until(lambda: {r["data"]["process"] for r in d.records("tracex.restart")} & {"trace-ledger", "trace-signer"},
                       20, "a record of an end; they are told of once a second")
            self.assertEqual(d.stop(), 0)
            for receipts, records in ((audit, d.proven_records()), (trace, d.trace_records())):
                seqs = {r["id"]: r["seq"] for r in records if "id" in r}
                self.assertEqual(len(receipts), 2000)
                self.assertEqual({i: seqs.get(i) for i in receipts}, receipts)
            for path in (d.log, d.trace_dir):
                code, text = d.prove(path, "--clients")
                self.assertEqual(code, 0, text)
                self.assertNotIn("GAPS", text)

    def test_the_audit_log_goes_on_while_the_other_one_hangs_and_what_is_dropped_is_declared(self):
        with Streams().start() as d:
            d.emit("--durable", "--event", "span")
            stopped = [d.pid(n) for n in ("trace-ledger", "trace-signer")]
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            try:
                d.emit("--count", 50, "--event", "debug.stuck")
                d.emit("--durable", "--count", 20, "--event", "payment.made")
                wait_until(lambda: d.trace()["state"] == "dropping", 20, "it gives up")
                self.assertGreaterEqual(d.trace()["dropped"], 50)
                # Nobody who wants to be sure is told that all is well.
                refused = d.emit("--durable", "--event", "span", "--timeout", 10000, check=False)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("-ENOSPC", refused.stdout + refused.stderr)
                d.emit("--durable", "--count", 20, "--event", "payment.made")
            finally:
                for pid in stopped:
                    try:
                        os.kill(pid, signal.SIGCONT)
                    except ProcessLookupError:
                        pass
            wait_until(lambda: d.trace()["state"] == "on", 40, "it takes records again")
            d.emit("--durable", "--event", "debug.after")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.records("payment.made")), 40)
            lost = sum(r["data"]["last"] - r["data"]["first"] + 1 for r in d.trace_records("tracex.lost"))
            stored = len([r for r in d.trace_records() if r["event"] in ("debug.stuck", "span")])
            self.assertEqual(lost + stored, 52)
            self.assertEqual({r["data"]["why"] for r in d.trace_records("tracex.lost")} | {"rejected"}, {"rejected"})
            code, text = d.prove(d.trace_dir, "--clients")
            self.assertEqual(code, 0, text)
            self.assertNotIn("GAPS", text)

    def test_a_ledger_that_is_killed_again_and_again_loses_nothing(self):
        with Streams(CONFIG + STREAMS.replace('["debug.**", "span"]', '["debug.**"]')).start() as d:
            d.emit("--durable", "--event", "debug.first")
            emitters = [self.emit(d, e, 300) for e in ("debug.mixed", "payment.mixed")]
            for _ in range(4):
                os.kill(d.pid("trace-ledger"), signal.SIGKILL)
                time.sleep(0.2)
            got = [self.finish(e) for e in emitters]
            self.assertEqual(d.stop(), 0)
            self.assertEqual([len(g) for g in got], [600, 600])
            self.assertEqual(len(d.trace_records("debug.mixed")), 600)
            self.assertEqual(len(d.records("payment.mixed")), 600)

    def test_keys_that_are_lost_end_only_the_log_that_they_are_of(self):
        with Streams().start() as d:
            d.emit("--durable", "--event", "span")
            self.assertEqual(d.stop(), 0)
            os.unlink(os.path.join(d.dir, "keys-trace", "identity.key"))
            d.start()
            wait_until(lambda: d.status()["trace-signer"]["state"] == "failed", 20, "it fails")
            self.assertIn("--new-log=trace", d.stderr())
            d.emit("--durable", "--count", 20, "--event", "payment.made")
            d.emit("--event", "span")
            wait_until(lambda: d.trace()["state"] == "dropping", 20, "trace events are dropped")
            d.emit("--durable", "--count", 20, "--event", "payment.made")
            self.assertEqual(d.stop(), 0)
            self.assertEqual(len(d.records("payment.made")), 40)
            before = os.listdir(d.log)
            d.start("--new-log=trace")
            d.emit("--durable", "--event", "span")
            self.assertEqual(d.stop(), 0)
            self.assertTrue(set(before) <= set(os.listdir(d.log)), "the audit log is another")
            with open(os.path.join(d.trace_dir, "log.json"), encoding="utf-8") as f:
                self.assertIn('"continues"', f.read())
            self.assertEqual(d.prove(d.trace_dir)[0], 0)


class Places(unittest.TestCase):
    def test_a_directory_that_cannot_be_used_costs_trace_events_and_nothing_else(self):
        with Streams() as d:
            with open(d.trace_dir, "w", encoding="utf-8") as f:
                f.write("a file")
            d.start()
            d.emit("--event", "span")
            d.emit("--durable", "--count", 10, "--event", "payment.made")
            wait_until(lambda: d.trace()["state"] == "dropping", 20, "it gives up")
            self.assertEqual(d.stop(), 0)
            self.assertIn("there is no trace log", d.stderr())
            self.assertEqual(len(d.records("payment.made")), 10)

    @unittest.skipUnless(os.getuid() == 0, "mounting a small file system needs root")
    def test_a_full_disk_of_the_log_of_trace_events_hurts_no_audit_record(self):
        with Streams() as d:
            with on_small_disk(self, d, d.trace_dir):
                self.fill_and_free(d)

    def fill_and_free(self, d):
        d.start()
        d.emit("--durable", "--event", "span")
        ballast = os.path.join(d.trace_dir, "ballast")
        try:
            with open(ballast, "wb") as f:
                while True:
                    f.write(b"\0" * 4096)
                    f.flush()
        except OSError:
            pass
        d.emit("--count", 100, "--event", "span", "--field", "fill=" + "z" * 2000)
        for _ in range(20):
            d.emit("--durable", "--count", 5, "--event", "payment.made")
        wait_until(lambda: d.trace()["state"] == "dropping", 30, "it gives up")
        d.emit("--count", 30, "--event", "span")
        d.emit("--durable", "--count", 5, "--event", "payment.made")
        self.assertEqual(d.status()["ledger"]["status"]["ledger"]["disk"], "ok")
        os.unlink(ballast)
        wait_until(lambda: d.trace()["state"] == "on", 60, "it takes records again")
        d.emit("--durable", "--event", "debug.after")
        self.assertEqual(d.stop(), 0)
        self.assertEqual(len(d.records("payment.made")), 105)
        stored = len(d.trace_records("span"))
        lost = sum(r["data"]["last"] - r["data"]["first"] + 1 for r in d.trace_records("tracex.lost"))
        self.assertEqual(stored + lost, 131)
        self.assertGreaterEqual(lost, 30)
        for path in (d.log, d.trace_dir):
            code, text = d.prove(path, "--clients")
            self.assertIn(code, (0, 5), text)
            self.assertNotIn("GAPS", text)

    def test_old_segments_go_so_that_it_stays_small(self):
        small = STREAMS.replace("segment: {compress: none}",
                                "segment: {compress: none, max_bytes: 64KiB}\n    retain: {max_bytes: 256KiB}")
        with Streams(CONFIG + small).start() as d:
            for _ in range(10):
                d.emit("--durable", "--count", 20, "--event", "span", "--field", "fill=" + "z" * 4000)
            wait_until(lambda: not os.path.exists(os.path.join(d.trace_dir, "0" * 20 + ".jsonl")), 60, "the first to go")
            d.emit("--durable", "--count", 10, "--event", "payment.made")
            self.assertEqual(d.stop(), 0)
            self.assertIn("tracex.pruned", [r["event"] for r in d.trace_records()])
            self.assertFalse(d.records("tracex.pruned"))
            for path in (d.log, d.trace_dir):
                code, text = d.prove(path)
                self.assertIn(code, (0, 5), text)

    def test_the_processes_of_each_log_reach_only_their_own_directories(self):
        with Streams().start() as d:
            d.emit("--durable", "--event", "span")
            status = d.status()
            for name, of, other in (("ledger", d.log, d.trace_dir), ("trace-ledger", d.trace_dir, d.log)):
                paths = set(descriptors(status[name]["pid"]))
                self.assertIn(of, paths)
                self.assertNotIn(other, paths)
            self.assertTrue(status["trace-ledger"]["sandbox"]["seccomp"])
            self.assertEqual(status["trace-ledger"]["sandbox"], status["ledger"]["sandbox"])
            self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    tap.main()
