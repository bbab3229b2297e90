#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Functions that are traced, from programs to the log and to what `tracex` makes of it."""
import json
import os
import subprocess
import unittest

import tap
from tracexd import BUILD, wait_until
from tracing import TracingDaemon

C = os.path.join(BUILD, "tests/lib/tx-functions")
CC = os.path.join(BUILD, "tests/lib/tx-functions-cc")
TRACEX = os.path.join(BUILD, "tools/tracex/tracex")


class Functions(unittest.TestCase):
    def setUp(self):
        self.d = TracingDaemon()
        self.addCleanup(self.d.__exit__, None, None, None)
        self.d.start()

    def run_it(self, *arguments, functions="*", program=C):
        environment = dict(os.environ, TRACEX_SOCKET=self.d.socket)
        environment.pop("TRACEX_FUNCTIONS", None)
        if functions is not None:
            environment["TRACEX_FUNCTIONS"] = functions
        result = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=120, env=environment, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def calls(self, n):
        """So many records of calls, by the function's name."""
        wait_until(lambda: len(self.d.records("function.call")) >= n, 60, f"{n} calls")
        found = {}
        for r in self.d.records("function.call"):
            found.setdefault(r["data"]["code.function.name"], []).append(r)
        self.assertEqual(sum(map(len, found.values())), n)
        return found

    def test_calls_are_recorded_within_each_other_with_arguments_and_result(self):
        self.assertEqual(self.run_it("nested"), "14\n")
        calls = self.calls(4)
        outer, inner, leaves = calls["nested"][0], calls["inner"][0], calls["leaf"]
        span, = [r for r in self.d.records("span")]
        audit, = self.d.records("order.placed")
        self.assertEqual(span["parent_span_id"], outer["span_id"])
        self.assertEqual(inner["parent_span_id"], span["span_id"])
        self.assertEqual(audit["span_id"], inner["span_id"])
        self.assertEqual({r["parent_span_id"] for r in leaves}, {inner["span_id"]})
        self.assertEqual(len({r["trace_id"] for r in (outer, inner, span, audit, *leaves)}), 1)
        self.assertNotIn("parent_span_id", outer)
        data = leaves[0]["data"]
        self.assertEqual((data["arg.order"], data["arg.items"], data["arg.price"], data["result"], data["depth"]),
                         ("o-17", 3, 9.5, 6, 2))
        self.assertTrue(data["code.file.path"].endswith("tx-functions.c"))
        self.assertGreater(data["code.line.number"], 0)
        self.assertLessEqual(sum(r["data"]["duration_ns"] for r in leaves), inner["data"]["duration_ns"])
        self.assertEqual({r["outcome"] for r in (outer, inner, *leaves)}, {"success"})

    def test_what_is_recorded_makes_a_flame_graph(self):
        self.run_it("nested")
        self.calls(4)
        wait_until(lambda: self.d.records("span"), 60, "the span")
        out = subprocess.run([TRACEX, "export", "--format", "folded", self.d.trace_log, self.d.log], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
        stacks = {line.rpartition(" ")[0] for line in out.splitlines()}
        self.assertEqual({s for s in stacks if s.endswith(";leaf")}, {"tx-functions;nested;checkout;inner;leaf"})
        self.assertEqual(self.d.stop(), 0)
        self.assertEqual(self.d.verify_trace()[0], 0)

    def test_they_are_off_until_somebody_switches_them_on(self):
        self.run_it("nested", functions=None)
        self.run_it("nested", functions="")
        self.run_it("switched", functions=None)
        calls = self.calls(2 + 3)
        orders = [r["data"].get("arg.order") for r in calls["leaf"]]
        self.assertEqual(orders, ["leaf", "leaf", "all", "all"])
        self.assertEqual(len(calls["inner"]), 1)

    def test_what_is_too_long_is_refused_and_errno_is_left_alone(self):
        self.assertEqual(self.run_it("refused"), "1\n")
        self.assertEqual(len(self.calls(3)), 2)

    def test_no_thread_misses_its_first_call(self):
        for _ in range(20):
            self.run_it("many", 1)
        self.assertEqual(len(self.calls(80)["leaf"]), 80)

    def test_patterns_of_the_environment_choose(self):
        self.run_it("nested", functions="in*,none")
        self.assertEqual(set(self.calls(1)), {"inner"})

    def test_recursion_and_threads(self):
        self.assertEqual(self.run_it("deep", 500), "500\n")
        depths = [r["data"]["depth"] for r in self.calls(501)["deep"]]
        self.assertEqual(depths, list(range(500, -1, -1)))
        self.run_it("many", 200)
        leaves = self.calls(501 + 800)["leaf"]
        self.assertEqual(len({r["data"]["thread.id"] for r in leaves}), 4)
        self.assertEqual(len({r["span_id"] for r in leaves}), 800)

    def test_deeper_than_there_is_room_for_runs_as_without_us(self):
        n = 30000
        self.assertEqual(self.run_it("deep", n), f"{n}\n")
        wait_until(lambda: len(self.d.records("function.call")) +
                   sum(r["data"]["last"] - r["data"]["first"] + 1 for r in self.d.records("tracex.lost")) >= n + 1, 60,
                   "each call is recorded, or named as lost")

    def test_a_forked_child_records_its_own_calls_alone(self):
        self.run_it("forked")
        calls = self.calls(3)
        self.assertEqual(len(calls["forked"]), 1)
        self.assertEqual({r["data"]["arg.order"] for r in calls["leaf"]}, {"child", "parent"})
        self.assertEqual({r["parent_span_id"] for r in calls["leaf"]}, {calls["forked"][0]["span_id"]})
        self.assertEqual(len({r["source"]["pid"] for r in calls["leaf"]}), 2)

    def test_arguments_that_are_none_or_too_long_leave_the_call_recorded(self):
        self.run_it("twice")
        self.run_it("long")
        calls = self.calls(2)
        self.assertNotIn("arg.a", calls["twice"][0]["data"])
        data = calls["long_text"][0]["data"]
        self.assertEqual({name: len(data[name]) for name in ("arg.a", "arg.c", "arg.d", "arg.e")},
                         dict.fromkeys(("arg.a", "arg.c", "arg.d", "arg.e"), 128))
        self.assertIsNone(data["arg.b"])
        self.assertNotIn("arg.f", data)

    def test_cpp_has_names_with_types_and_exceptions_are_failures(self):
        self.run_it(program=CC)
        calls = self.calls(4)
        self.assertEqual([(r["data"]["arg.item"], r["outcome"], r["data"].get("result"))
                          for r in calls["int shop::reserve(const std::string&)"]],
                         [("book", "success", 7), ("unicorn", "failure", None)])
        self.assertEqual(sum(name.startswith("T shop::twice(T)") for name in calls), 1)
        self.assertEqual(calls["int main()"][0]["outcome"], "success")

    def test_without_a_daemon_the_program_runs_on(self):
        self.assertEqual(self.d.stop(), 0)
        self.assertEqual(self.run_it("nested"), "14\n")
        self.assertEqual(json.dumps(self.d.records("function.call")), "[]")


if __name__ == "__main__":
    tap.main()
