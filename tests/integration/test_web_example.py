#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/web against the real daemon: three processes, whose audit records and spans have the trace of the request
that began them, through headers and the environment; and the log that says so is proven."""
import os
import re
import socket
import subprocess
import unittest

import second_verifier
import tap
from tracexd import BUILD, wait_until
from tracing import TracingDaemon

EXAMPLES = os.path.join(BUILD, "examples/web")
TRACEX = os.path.join(BUILD, "tools/tracex/tracex")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
EVENTS = ("span", "order.placed", "stock.reserved", "invoice.written")


class Shop:
    """The processes that stay; `invoice` they start themselves."""

    def __init__(self, daemon):
        self.environment = {"TRACEX_SOCKET": daemon.socket, "PATH": os.environ["PATH"]}
        self.stock, port = self.start("stock")
        self.front, self.port = self.start("front", port, os.path.join(EXAMPLES, "invoice"))

    def start(self, name, *arguments):
        process = subprocess.Popen([os.path.join(EXAMPLES, name), *arguments], stdout=subprocess.PIPE, text=True,
                                   env=self.environment)
        return process, process.stdout.readline().strip()

    def order(self, item, *headers):
        lines = ["POST /order HTTP/1.1", "Host: x", f"Content-Length: {len(item)}", *headers, "", item]
        with socket.create_connection(("127.0.0.1", int(self.port)), 30) as s:
            s.sendall("\r\n".join(lines).encode())
            answer = b""
            while part := s.recv(4096):
                answer += part
        return int(answer.split()[1])

    def stop(self):
        """What their rings hold is the daemon's."""
        for process in (self.front, self.stock):
            process.terminate()
            assert process.wait(30) == 0
            process.stdout.close()


def tree(records):
    """Name of each span → name of the one that it is within (or its parent's id), and who recorded it."""
    spans = {r["span_id"]: r for r in records if r["event"] == "span"}
    names = {i: s["data"]["span.name"] for i, s in spans.items()}
    return {names[i]: (names.get(s["parent_span_id"], s["parent_span_id"]), s["source"]["comm"]) for i, s in spans.items()}


def where(records):
    """Event → name of the span that it happened in."""
    names = {r["span_id"]: r["data"]["span.name"] for r in records if r["event"] == "span"}
    return {r["event"]: names[r["span_id"]] for r in records if r["event"] != "span"}


class Web(unittest.TestCase):
    def logged(self, *orders):
        """What becomes of orders, and the records of them, from logs that two verifiers take."""
        with TracingDaemon().start() as d:
            shop = Shop(d)
            statuses = [shop.order(*order) for order in orders]
            shop.stop()
            wait_until(lambda: sum(r["event"] == "order.placed" for r in d.records()) == len(orders))
            self.assertEqual(d.stop(), 0)
            for (code, text), log in ((d.verify(), d.log), (d.verify_trace(), d.trace_log)):
                self.assertEqual(code, 0, text)
                second_verifier.Log(log).read().check_latest()
            self.shown = subprocess.run([TRACEX, "tree", d.log, d.trace_log], stdout=subprocess.PIPE, text=True, check=True).stdout
            return statuses, [r for r in d.records() if r["event"] in EVENTS]

    def test_one_trace_leads_through_all_processes(self):
        statuses, records = self.logged(("book", f"TraceParent: {PARENT}", "X-Request-Id: request-7"))
        self.assertEqual(statuses, [200])
        self.assertEqual({r["trace_id"] for r in records}, {TRACE})
        self.assertEqual(tree(records), {
            "POST /order": ("00f067aa0ba902b7", "front"),
            "stock.reserve": ("POST /order", "front"),
            "POST /reserve": ("stock.reserve", "stock"),
            "shelf.take": ("POST /reserve", "stock"),
            "invoice.write": ("POST /order", "invoice")})
        self.assertEqual(where(records), {"order.placed": "POST /order", "stock.reserved": "shelf.take",
                                          "invoice.written": "invoice.write"})
        front = [r for r in records if r["source"]["comm"] == "front"]
        self.assertEqual({r["correlation_id"] for r in front}, {"request-7"})
        self.assertEqual(len({r["source"]["pid"] for r in records}), 3)

    def test_tracex_shows_it_as_one_tree(self):
        self.logged(("book", f"traceparent: {PARENT}"))
        first, *lines = self.shown.splitlines()
        self.assertTrue(first.startswith(f"trace {TRACE}"), first)
        shown = [(len(line[23:]) - len(line[23:].lstrip()), line[23:].strip()) for line in lines if line]
        self.assertEqual([(indent, next(n for n in text.split("  "))) for indent, text in shown],
                         [(0, "POST /order"), (2, "stock.reserve"), (4, "POST /reserve"), (6, "shelf.take"),
                          (8, "stock.reserved"), (2, "invoice.write"), (4, "invoice.written"), (2, "order.placed")])
        self.assertEqual([re.findall(r"\((\w+)\[", text) for _, text in shown],
                         [["front"], [], ["stock"], [], [], ["invoice"], [], []])

    def test_what_fails_in_one_is_a_failure_in_the_other(self):
        statuses, records = self.logged(("unicorn", f"traceparent: {PARENT}"))
        self.assertEqual(statuses, [409])
        by_name = {r["data"].get("span.name", r["event"]): r for r in records}
        self.assertEqual(by_name["stock.reserved"]["outcome"], "denied")
        self.assertEqual(by_name["stock.reserve"]["outcome"], "failure")
        self.assertEqual(by_name["stock.reserve"]["message"], "the stock service has it not")
        self.assertEqual(by_name["POST /order"]["data"]["span.status"], "error")
        self.assertNotIn("invoice.written", by_name)
        self.assertEqual({r["trace_id"] for r in records}, {TRACE})

    def test_a_malformed_header_begins_a_trace_that_is_one_all_the_same(self):
        statuses, records = self.logged(("book", f"traceparent: {PARENT.replace('4b', '4B')}"), ("book",),
                                        ("book", f"traceparent: {PARENT}", f"traceparent: {PARENT}"))
        self.assertEqual(statuses, [200, 200, 200])
        traces = [r["trace_id"] for r in records]
        self.assertEqual(len(set(traces)), 3)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", t) and t != TRACE for t in traces))
        self.assertEqual({traces.count(t) for t in traces}, {8}) # five spans and three audit records each


if __name__ == "__main__":
    tap.main()
