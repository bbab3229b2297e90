#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/ml against the real daemon: what the log says of data and model is what the files are, and is proven."""
import hashlib
import os
import subprocess
import unittest

import second_verifier
import tap
from tracexd import BUILD
from tracing import TracingDaemon

TRAIN = os.path.join(BUILD, "examples/ml/train")


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Training(unittest.TestCase):
    def trained(self, d, rows):
        """The exit status, the files, and the records; of logs that two verifiers take."""
        data, model = (os.path.join(d.dir, name) for name in ("points.csv", "line.model"))
        if rows is not None:
            with open(data, "w", encoding="utf-8") as f:
                f.write(rows)
        status = subprocess.run([TRAIN, data, model], env=dict(os.environ, TRACEX_SOCKET=d.socket), timeout=60).returncode
        self.assertEqual(d.stop(), 0)
        for (code, text), log in ((d.verify(), d.log), (d.verify_trace(), d.trace_log)):
            self.assertEqual(code, 0, text)
            second_verifier.Log(log).read().check_latest()
        return status, data, model, [r for r in d.records() if r["event"] == "span" or r["event"].startswith("ml.")]

    def test_a_training_is_on_record_from_data_to_model(self):
        with TracingDaemon().start() as d:
            status, data, model, records = self.trained(d, "x,y\n" + "".join(f"{i / 10},{i / 5 + 1}\n" for i in range(10)))
            self.assertEqual(status, 0)
            of = {}
            for r in records:
                of.setdefault(r["event"], []).append(r)
            self.assertEqual(len({r["trace_id"] for r in records}), 1)
            self.assertEqual(len({r["data"]["ml.run.id"] for r in records if r["event"] != "span"}), 1)
            self.assertEqual(of["ml.dataset"][0]["data"]["ml.sha256"], sha256(data))
            self.assertEqual(of["ml.dataset"][0]["data"]["ml.rows"], 10)
            self.assertEqual(of["ml.model"][0]["data"]["ml.sha256"], sha256(model))
            self.assertEqual(of["ml.model"][0]["data"]["ml.path"], os.path.realpath(model))
            self.assertEqual([r["data"]["ml.stage.name"] for r in of["ml.stage"]], ["clean", "fit"])
            errors = [r["data"]["ml.value"] for r in of["ml.metric"] if r["data"]["ml.name"] == "error"]
            self.assertEqual((len(errors), errors), (5, sorted(errors, reverse=True)))
            self.assertEqual([r["data"]["ml.value"] for r in of["ml.metric"] if r["data"]["ml.name"] == "rows.dropped"], [1])
            self.assertEqual(of["ml.run"][0]["data"]["ml.status"], "finished")
            self.assertEqual([r["data"]["span.name"] for r in of["span"]], ["clean", "fit", "fit-line"])
            self.assertEqual([r for r in records if "masked" in r], [])

    def test_one_that_fails_says_so(self):
        with TracingDaemon().start() as d:
            status, _, _, records = self.trained(d, None)
            self.assertEqual(status, 1)
            by_event = {r["event"]: r for r in records}
            self.assertEqual(by_event["ml.dataset"]["data"]["error"], "ENOENT")
            self.assertEqual(by_event["ml.dataset"]["outcome"], "failure")
            self.assertEqual(by_event["ml.run"]["data"]["ml.status"], "failed")
            self.assertEqual(by_event["ml.run"]["outcome"], "failure")
            self.assertNotIn("ml.model", by_event)


if __name__ == "__main__":
    tap.main()
