# SPDX-License-Identifier: MIT
"""Holds a log against what its clients did.

Clients (tests/lib/tx-history.c) write down what they called, what returned, and how; what has not returned is
unknown. `check(histories, lines)` takes that and the log's record lines in order, and returns every complaint:

- what was acknowledged is stored, and a receipt says where and what; of what a process that was killed had buffered,
  the last 32 records may be missing, and nothing behind them may be there;
- what was refused, or never called, is not;
- nothing stands twice, by client and n, by id, or by what the client counted;
- each client's numbers stand in order from 0 on, and what is left out is declared by a tracex.lost record;
- a record that had returned before another was called stands before it.

It knows nothing of chains and signatures, which tracex-auditverify checks.
"""
import collections
import hashlib
import json
import os
import subprocess

import tracexd

PROGRAM = os.path.join(tracexd.BUILD, "tests/lib/tx-history")

# So many buffered records wait in a process at most (docs/client.md).
BUFFERED_MOST = 32

# What says that the record did not become one. Of all others it may or may not have.
REFUSED = ("-EAGAIN", "-ENOTCONN", "-EMSGSIZE", "-EINVAL")


class Call:
    def __init__(self, level, called):
        self.level, self.called = level, called
        self.returned, self.result, self.receipt = None, None, None  # None: unknown

    @property
    def is_acknowledged(self):
        return self.result == "0"


class History:
    """One process's file. `flushed`: what came of its last flush, or None: it was killed, or left without one."""

    def __init__(self, path):
        self.name, self.calls, self.flushed = os.path.basename(path), {}, None
        with open(path, encoding="ascii") as f:
            data = f.read()
        lines = data[:data.rfind("\n") + 1].splitlines()
        for number, line in enumerate(lines[1:]):
            word, *rest = line.split()
            if word == "flush":
                self.flushed = int(rest[0])
                continue
            key = (int(rest[0]), int(rest[1]))
            if word == "call":
                self.calls[key] = Call(rest[2], number)
            else:
                call = self.calls[key]
                call.returned, call.result = number, rest[2]
                if len(rest) > 3:
                    call.receipt = (rest[3], int(rest[4]), rest[5])


def load(directory):
    """{name: History}. A process that was killed before its first line has none."""
    found = [History(os.path.join(directory, name)) for name in os.listdir(directory)]
    return {history.name: history for history in found}


class Seen:
    """What the log says of one client."""

    def __init__(self):
        self.expected, self.names, self.latest_call = 0, set(), -1


class Checker:
    def __init__(self, histories):
        self.histories, self.complaints = histories, []
        self.clients = collections.defaultdict(Seen)
        self.ids, self.found = set(), {}
        self.lost = 0

    def complain(self, text):
        self.complaints.append(text)

    def numbers(self, seq, client, first, last):
        """The next numbers that the log has of a client."""
        seen = self.clients[client]
        if first > seen.expected:
            self.complain(f"record {seq}: {client} goes on with {first}, and {seen.expected} … {first - 1} are missing "
                          "without a word")
        elif first < seen.expected:
            self.complain(f"record {seq}: {client} comes with {first} again, or late, after {seen.expected - 1}")
        seen.expected = max(seen.expected, last + 1)

    def take_lost(self, seq, data):
        self.numbers(seq, data["client"], data["first"], data["last"])
        self.lost += data["last"] - data["first"] + 1
        if data["why"] == "forgotten":
            self.complain(f"record {seq}: {data['client']} was forgotten")

    def take_call(self, seq, line, record):
        data = record["data"]
        name, key = data["h"], (data["t"], data["k"])
        history = self.histories.get(name)
        call = history and history.calls.get(key)
        if not call:
            self.complain(f"record {seq}: {name} {key} was never called")
            return
        if (name, key) in self.found:
            self.complain(f"record {seq}: {name} {key} stands twice, first at {self.found[name, key]}")
            return
        self.found[name, key] = seq
        if call.result in REFUSED:
            self.complain(f"record {seq}: {name} {key} was refused with {call.result}")
        if call.receipt and call.receipt != (record["id"], seq, hashlib.sha256(b"\0" + line).hexdigest()):
            self.complain(f"record {seq}: {name} {key} has another receipt: {call.receipt}")
        self.take_order(seq, record["source"]["client"], call)

    def take_order(self, seq, client, call):
        seen = self.clients[client]
        if call.returned is not None and call.returned < seen.latest_call:
            self.complain(f"record {seq}: it had returned before one was called that stands before it")
        seen.latest_call = max(seen.latest_call, call.called)

    def take(self, seq, line):
        record = json.loads(line)
        if record["seq"] != seq:
            self.complain(f"record {seq} says that it is {record['seq']}")
        if record["event"] == "tracex.lost" and record.get("by") == "ingest":
            self.take_lost(seq, record["data"])
        if "source" not in record:
            return
        if record["id"] in self.ids:
            self.complain(f"record {seq}: the id {record['id']} stands twice")
        self.ids.add(record["id"])
        self.numbers(seq, record["source"]["client"], record["source"]["n"], record["source"]["n"])
        if record["event"] == "history.record":
            self.take_call(seq, line, record)

    def finish(self):
        for name, history in self.histories.items():
            missing = {key: call for key, call in history.calls.items()
                       if call.is_acknowledged and (name, key) not in self.found}
            for key in self.had_buffered(name, history, missing):
                del missing[key]
            for key, call in missing.items():
                self.complain(f"{name} {key} ({call.level}) was acknowledged and is not in the log")

    def had_buffered(self, name, history, missing):
        """Those of what is missing that died with their process: behind the last one that is there."""
        if history.flushed is not None:
            return []
        latest = max((call.called for key, call in history.calls.items() if (name, key) in self.found), default=-1)
        buffered = [key for key, call in missing.items() if call.level == "buffered" and call.returned > latest]
        return buffered if len(buffered) <= BUFFERED_MOST else []


def check(histories, lines, first=0):
    """Every complaint; []: none. `lines`: the records' lines as bytes, from record `first` on."""
    checker = Checker(histories)
    for seq, line in enumerate(lines, first):
        checker.take(seq, line)
    checker.finish()
    return checker.complaints


def count(histories):
    """How many of each: acknowledged durable, queued and buffered, refused, unknown."""
    counted = collections.Counter()
    for history in histories.values():
        for call in history.calls.values():
            kind = ("unknown" if call.result is None or not call.is_acknowledged and call.result not in REFUSED
                    else call.level if call.is_acknowledged else "refused")
            counted[kind] += 1
    return dict(counted)


def log_lines(daemon):
    """The lines of the records of a log, without what was given up."""
    names = sorted({name[:20] for name in daemon.segments()})
    lines = []
    for number, name in enumerate(names):
        del lines[int(name):]
        found = [x for x in daemon.whole_lines(daemon._segment_bytes(name)) if not x.startswith(b'{"tracex":')]
        lines += found
    return lines


class Clients:
    """Processes that run, and their histories."""

    def __init__(self, daemon):
        self.daemon, self.directory = daemon, os.path.join(daemon.dir, "history")
        os.makedirs(self.directory, exist_ok=True)
        os.chmod(self.directory, 0o1777)
        self.running = []

    def start(self, *options, user=None):
        """`user`: whom it runs as, if not as we do."""
        process = subprocess.Popen([PROGRAM, self.directory, *map(str, options)], user=user, group=user,
                                   extra_groups=None if user is None else [],
                                   env=dict(os.environ, TRACEX_SOCKET=self.daemon.socket))
        self.running.append(process)
        tracexd.wait_until(lambda: any(x.startswith(f"{process.pid}-") for x in os.listdir(self.directory)), 30,
                           "its history begins")
        return process

    def kill(self, process):
        self.running.remove(process)
        process.kill()
        process.wait()

    def stop(self, seconds=120):
        """Each ends, and says first that all it logged is durable; [status]."""
        for process in self.running:
            process.terminate()
        return self.wait(seconds)

    def wait(self, seconds=120):
        """As stop(), of those that have a --count."""
        statuses = [process.wait(seconds) for process in self.running]
        self.running.clear()
        return statuses

    def histories(self):
        return load(self.directory)
