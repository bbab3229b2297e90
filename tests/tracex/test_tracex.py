#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`tracex report|tree|flame|export` on records that are written here, and on a log of the real daemon."""
import json
import os
import random
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import tap
from tracexd import BUILD, CONFIG, Daemon

TRACEX = os.path.join(BUILD, "tools/tracex/tracex")
TRACE = "0af7651916cd43dd8448eb211c80319c"


def moment(us):
    return f"2026-11-29T12:{us // 60000000:02d}:{us // 1000000 % 60:02d}.{us % 1000000 * 1000:09d}Z"


class Records:
    """Lines as the log has them; times in microseconds."""

    def __init__(self):
        self.lines = []

    def add(self, event, at, data, span=None, parent=None, trace=TRACE, pid=100, comm="shop", **more):
        record = {"seq": len(self.lines), "time": moment(at), "event": event, "outcome": "success", "severity": "info",
                  "host": "h", "source": {"client": "0" * 16, "n": 0, "pid": pid, "uid": 0, "gid": 0, "comm": comm}, **more}
        if span is not None:
            record.update(trace_id=trace, span_id=f"{span:016x}")
        if parent is not None:
            record["parent_span_id"] = f"{parent:016x}"
        self.lines.append(json.dumps({**record, "data": data}, separators=(",", ":"), ensure_ascii=False))
        return self

    def call(self, name, at, us, span, parent=None, thread=101, **more):
        return self.add("function.call", at, {"code.function.name": name, "thread.id": thread, "duration_ns": us * 1000}, span,
                        parent, **more)

    def span(self, name, at, us, span, parent=None, thread=101, fields=None, **more):
        return self.add("span", at, {"span.name": name, "span.kind": "server", "thread.id": thread, "duration_ns": us * 1000,
                                     **(fields or {})}, span, parent, **more)


def request():
    """One request through two processes: records stand in the order in which they ended."""
    r = Records()
    r.call("parse", 2000, 500, 3, 2)
    r.add("file.read", 3200, {"file.path": "/etc/hosts", "file.bytes": 120, "duration_ns": 20000, "thread.id": 101}, 4)
    r.add("user.login", 3300, {"actor.id": "u1", "x": 1.5, "big": 2 ** 64 - 1, "none": None, "j": {"a": [1]}}, 4,
          message="\x1b[31mred", correlation_id="c-1")
    r.span("backend", 3500, 800, 17, 4, thread=201, pid=200, comm="back", outcome="failure", message="broke",
           fields={"span.links": [{"trace_id": TRACE, "span_id": f"{3:016x}"}]})
    r.call("render<int>(char const*)", 3000, 1500, 4, 2)
    r.call("handle", 1000, 5000, 2, 1)
    r.span("GET /", 500, 6000, 1)
    return r


class Tracex(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, records, name="records.jsonl"):
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in records.lines))
        return path

    def run_it(self, *arguments, status=0, **kwargs):
        result = subprocess.run([TRACEX, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                                check=False, **kwargs)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def folded(self, path):
        lines = [line.rpartition(" ") for line in self.run_it("export", "--format", "folded", path).stdout.splitlines()]
        self.assertEqual(len({stack for stack, _, _ in lines}), len(lines))
        return {stack: int(ns) for stack, _, ns in lines}

    # --- report ---

    def report(self, path, *more):
        return json.loads(self.run_it("report", "-o", "json", *more, path).stdout)

    def test_a_report_has_times_of_each_function_and_what_children_took_is_not_its_own(self):
        report = self.report(self.path(request()))
        self.assertEqual((report["records"], report["traces"]), (7, 1))
        rows = {row["name"]: row for row in report["functions"] + report["spans"]}
        self.assertEqual({name: (row["self_ns"], row["total_ns"]) for name, row in rows.items()},
                         {"parse": (500000, 500000), "handle": (3000000, 5000000), "GET /": (1000000, 6000000),
                          "render<int>(char const*)": (1500000 - 20000 - 800000, 1500000), "backend": (800000, 800000)})
        self.assertEqual(rows["backend"]["failed"], 1)

    def test_percentiles_are_those_of_the_single_calls(self):
        r = Records()
        for i in range(1000):
            r.call("f", i * 1000, i + 1, 1000 + i)
        random.Random(1).shuffle(r.lines)
        row, = self.report(self.path(r))["functions"]
        self.assertEqual((row["calls"], row["p50_ns"], row["p99_ns"], row["max_ns"]), (1000, 500000, 991000, 1000000))

    def test_children_that_overlap_or_outlast_are_counted_once(self):
        r = Records().span("top", 0, 100, 1).span("a", 10, 40, 2, 1).span("b", 30, 40, 3, 1).span("c", 90, 500, 4, 1)
        rows = {row["name"]: row["self_ns"] for row in self.report(self.path(r))["spans"]}
        self.assertEqual(rows["top"], (100 - 60 - 10) * 1000)

    def test_files_are_summed_up_by_the_program_or_by_their_operations(self):
        r = Records()
        for i in range(3):
            r.add("file.write", i, {"file.path": "/a", "file.bytes": 10, "duration_ns": 5}).add(
                "file.write", i, {"file.path": "/b", "file.bytes": 7, "duration_ns": 5}, outcome="failure")
        r.add("file.io", 9, {"file.path": "/a", "file.opens": 1, "file.writes": 4, "file.written_bytes": 40,
                             "file.io_ns": 99, "file.written.sha256": "ab" * 32})
        files = {row["path"]: row for row in self.report(self.path(r))["files"]}
        self.assertEqual((files["/a"]["writes"], files["/a"]["written_bytes"], files["/a"]["sha256"]), (4, 40, "ab" * 32))
        self.assertEqual((files["/b"]["writes"], files["/b"]["written_bytes"], files["/b"]["failed"]), (3, 21, 3))
        self.assertNotIn("sha256", files["/b"])

    def test_runs_have_their_last_metrics_and_an_open_one_is_seen(self):
        r = Records()
        for run in ("r1", "r2"):
            r.add("ml.run.begin", 0, {"ml.run.id": run, "ml.run.name": "train"})
            for step in range(3):
                r.add("ml.metric", step, {"ml.run.id": run, "ml.name": "loss", "ml.value": 1 / (step + 1), "ml.step": step})
        r.add("ml.stage", 2, {"ml.run.id": "r1", "ml.stage.name": "fit"})
        r.add("ml.run", 0, {"ml.run.id": "r1", "ml.run.name": "train", "ml.status": "finished", "duration_ns": 9})
        report = self.report(self.path(r))
        self.assertEqual([(row["id"], row["status"], row["stages"]) for row in report["runs"]],
                         [("r1", "finished", 1), ("r2", "open", 0)])
        self.assertEqual([(row["run"], row["values"], row["step"], row["last"]) for row in report["metrics"]],
                         [("r1", 3, 2, "0.3333333333333333"), ("r2", 3, 2, "0.3333333333333333")])

    def test_losses_are_told(self):
        r = Records().add("tracex.lost", 0, {"client": "0" * 16, "first": 3, "last": 9, "why": "client"})
        self.assertEqual(self.report(self.path(r))["lost"], 7)
        self.assertIn("7 records are named as lost", self.run_it("report", self.path(r)).stdout)

    def test_rows_and_terms_choose(self):
        r = Records()
        for i in range(50):
            r.call(f"f{i}", i, 10, i + 1)
        path = self.path(r)
        self.assertEqual(len(self.report(path)["functions"]), 20)
        self.assertIn("and 30 more", self.run_it("report", path).stdout)
        self.assertEqual(len(self.report(path, "-n", "0")["functions"]), 50)
        self.assertEqual(self.report(path, "-w", "code.function.name=f7", "-w", "code.function.name=f8")["records"], 2)
        self.assertEqual(self.report(path, "-S", moment(10), "-U", moment(19))["records"], 10)

    # --- tree ---

    def test_a_tree_shows_what_ran_within_what_across_processes(self):
        lines = self.run_it("tree", self.path(request())).stdout.splitlines()
        self.assertTrue(lines[0].startswith(f"trace {TRACE}"))
        shown = [line[23:].rstrip() for line in lines[1:8]]
        self.assertEqual([len(line) - len(line.lstrip()) for line in shown], [0, 2, 4, 4, 6, 6, 6])
        self.assertIn("GET /", shown[0])
        self.assertIn("(shop[100])", shown[0])
        self.assertNotIn("(shop[100])", shown[1])
        self.assertIn("FAILED backend  broke", shown[6])
        self.assertIn("(back[200])", shown[6])

    def test_nothing_reaches_the_terminal_that_acts_on_it(self):
        r = Records().call("evil\x1b]0;x\x07\u202e", 0, 1, 1)
        for command in ("tree", "report"):
            out = self.run_it(command, self.path(r)).stdout
            self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f\u202e]")
            self.assertIn("evil\\x1b]0;x\\x07\\xe2\\x80\\xae", out)

    def test_ids_that_stand_twice_or_go_round_do_no_harm(self):
        r = Records().call("a", 0, 10, 1, 2).call("b", 1, 8, 2, 1).call("own", 2, 3, 3, 3)
        r.call("twin", 3, 5, 1).call("child", 4, 1, 9, 1)
        path = self.path(r)
        out = self.run_it("tree", path).stdout
        for name in ("a", "b", "own", "twin", "child"):
            self.assertEqual(sum(name in line.split() for line in out.splitlines()), 1, out)
        self.assertEqual(self.report(path)["records"], 5)

    def test_two_hundred_thousand_calls_deep(self):
        path = os.path.join(self.dir.name, "deep.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            for i in range(200000):
                f.write(f'{{"seq":{i},"time":"2026-11-29T12:00:00Z","event":"function.call","trace_id":"{TRACE}",'
                        f'"span_id":"{i + 1:016x}","parent_span_id":"{i:016x}","data":{{"duration_ns":{400000 - i}}}}}\n')
        out = self.run_it("export", "--format", "folded", path).stdout.splitlines()
        self.assertEqual(len(out), 1024)
        self.assertEqual(sum(int(line.rpartition(" ")[2]) for line in out), 400000)
        row, = self.report(path)["functions"]
        self.assertEqual(row["calls"], 200000)

    # --- flame graphs ---

    def test_folded_stacks_have_all_the_time_once(self):
        stacks = self.folded(self.path(request()))
        self.assertEqual(sum(stacks.values()), 6000000)
        self.assertEqual(stacks["shop;GET /;handle;render<int>(char const*);backend"], 800000)
        self.assertEqual(stacks["shop;GET /;handle;render<int>(char const*);file.read"], 20000)
        self.assertEqual(stacks["shop;GET /;handle"], 3000000)

    def test_a_record_that_tells_of_its_span_takes_no_time_beside_it(self):
        r = Records().add("ml.run", 0, {"ml.run.id": "r", "duration_ns": 900000}, 1).span("fit", 100, 300, 2, 1)
        r.span("train", 0, 900, 1)
        self.assertEqual(self.folded(self.path(r)), {"shop;train": 600000, "shop;train;fit": 300000})

    def test_separators_in_names_separate_nothing(self):
        stacks = self.folded(self.path(Records().call("a;b\nc", 0, 1, 1)))
        self.assertEqual(stacks, {"shop;a:b\\x0ac": 1000})

    def test_a_flame_graph_is_well_formed_and_as_wide_as_its_time(self):
        r = request().call('<&">', 7000, 6000, 99)
        svg = xml.etree.ElementTree.fromstring(self.run_it("flame", self.path(r)).stdout.encode())
        ns = "{http://www.w3.org/2000/svg}"
        frames = {g.find(ns + "title").text.rsplit(" (", 1)[0]: g.find(ns + "rect") for g in svg.iter(ns + "g")}
        self.assertIn('<&">', frames)
        whole = 6000000 + 6000000
        for name, ns_ in (("handle", 5000000), ("parse", 500000), ("shop", whole)):
            self.assertAlmostEqual(float(frames[name].get("width")), 1200 * ns_ / whole, places=1)
        self.assertLess(float(frames["parse"].get("y")), float(frames["handle"].get("y")))

    # --- other formats ---

    def test_chromes_format_has_every_record_and_its_nanoseconds(self):
        r = request()
        r.call("last", 7000, 1, 50)
        r.lines[-1] = r.lines[-1].replace(moment(7000), "2026-11-29T12:00:00.007000123Z")
        events = json.loads(self.run_it("export", "--format", "chrome", self.path(r)).stdout)["traceEvents"]
        by_name = {e["name"]: e for e in events if e["ph"] != "e"}
        self.assertEqual({e["args"]["name"] for e in events if e["ph"] == "M"}, {"shop", "back"})
        self.assertEqual((by_name["handle"]["ph"], by_name["handle"]["dur"], by_name["handle"]["tid"]), ("X", 5000, 101))
        self.assertEqual((by_name["GET /"]["ph"], by_name["GET /"]["id"]), ("b", TRACE))
        self.assertEqual(by_name["user.login"]["ph"], "i")
        self.assertEqual(by_name["user.login"]["args"]["data"]["big"], 2 ** 64 - 1)
        self.assertEqual(round((by_name["last"]["ts"] - by_name["handle"]["ts"]) * 1000), 6000123)

    def test_otlp_has_spans_and_logs_with_exact_values(self):
        lines = [json.loads(x) for x in self.run_it("export", "--format", "otlp", self.path(request())).stdout.splitlines()]
        spans = {s["name"]: (s, group["resource"]) for line in lines for group in line.get("resourceSpans", [])
                 for scope in group["scopeSpans"] for s in scope["spans"]}
        self.assertEqual(set(spans), {"parse", "backend", "render<int>(char const*)", "handle", "GET /"})
        backend, resource = spans["backend"]
        self.assertEqual((backend["kind"], backend["status"]), (2, {"code": 2, "message": "broke"}))
        self.assertEqual(backend["links"], [{"traceId": TRACE, "spanId": f"{3:016x}"}])
        self.assertEqual(int(backend["endTimeUnixNano"]) - int(backend["startTimeUnixNano"]), 800000)
        self.assertIn({"key": "service.name", "value": {"stringValue": "back"}}, resource["attributes"])
        self.assertNotIn("parentSpanId", spans["GET /"][0])
        logs = {r["eventName"]: r for line in lines for group in line.get("resourceLogs", [])
                for scope in group["scopeLogs"] for r in scope["logRecords"]}
        self.assertEqual(set(logs), {"file.read", "user.login"})
        values = {a["key"]: a["value"] for a in logs["user.login"]["attributes"]}
        self.assertEqual((values["x"], values["big"], values["none"], values["tracex.seq"]),
                         ({"doubleValue": 1.5}, {"stringValue": str(2 ** 64 - 1)}, {}, {"intValue": "2"}))
        self.assertEqual((logs["user.login"]["traceId"], logs["user.login"]["spanId"]), (TRACE, f"{4:016x}"))

    # --- what it reads ---

    def test_several_inputs_are_taken_together(self):
        r = request()
        half = Records()
        half.lines, r.lines = r.lines[3:], r.lines[:3]
        one, other = self.path(r, "one.jsonl"), self.path(half, "other.jsonl")
        out = json.loads(self.run_it("report", "-o", "json", one, other).stdout)
        self.assertEqual((out["records"], out["traces"]), (7, 1))
        subprocess.run(["zstd", "-q", "--rm", one], check=True)
        with open(other, encoding="utf-8") as f:
            out = json.loads(self.run_it("report", "-o", "json", one + ".zst", "-", stdin=f).stdout)
        self.assertEqual(out["records"], 7)

    def test_what_it_cannot_read_it_says(self):
        path = self.path(request())
        self.assertIn("No such file", self.run_it("report", "/nowhere", status=1).stderr)
        with open(path, "a", encoding="utf-8") as f:
            f.write("this is none\n{\"half\":")
        result = self.run_it("report", path, status=1)
        self.assertIn("2 lines could not be read", result.stderr)
        self.assertIn("7 records", result.stdout)
        self.assertIn("neither a log", self.run_it("tree", "/etc/passwd", status=1).stderr)
        self.assertIn("neither a log", self.run_it("tree", self.dir.name, status=1).stderr)
        self.assertIn("more than 5 records", self.run_it("report", "--max-records", "5", path, status=1).stderr)

    def test_wrong_usage_is_told(self):
        for arguments, words in ((["what"], "no command 'what'"), (["export"], "--format chrome"),
                                 (["export", "--format", "x"], "chrome, folded or otlp"), (["report", "-n", "x"], "whole number"),
                                 (["report", "-S", "yesterday"], "no time"), (["report", "-w", "x"], "FIELD=VALUE"),
                                 (["report", "-o", "xml"], "text or json")):
            self.assertIn(words, self.run_it(*arguments, status=2).stderr)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([TRACEX, "report", self.path(request())], stdout=full, stderr=subprocess.PIPE, text=True,
                                    check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)

    def test_the_log_of_a_daemon_that_runs(self):
        with Daemon(CONFIG).start() as d:
            d.emit("--count", 50, "--durable")
            report = json.loads(self.run_it("report", "-o", "json", d.log).stdout)
            self.assertGreaterEqual(sum(row["count"] for row in report["events"]), 50)
            self.assertEqual((report["missing"], report["unreadable"]), (0, 0))


if __name__ == "__main__":
    tap.main()
