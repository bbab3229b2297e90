#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reading of docs/format.md, independent of libtx.

It shares no code with the verifier under test and favours plainness over speed, so that a
mistake that writer and verifier make in common is found. It stops at the first thing that is wrong.

    second_verifier.py LOGDIR      prints the number of records and the last checkpoint's size
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


# --- Ed25519 (RFC 8032 section 5.1), verification only -------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    if x == 0 and sign:
        return None
    return P - x if x & 1 != sign else x


def decompress(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = add(q, p)
        p = add(p, p)
        s >>= 1
    return q


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(public, message, signature):
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = multiply(s, BASE), add(r, multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and \
        (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ---------------------------


def b64(text):
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, f"base64 is not canonical: {text}")
    return raw


class Key:
    def __init__(self, vkey):
        self.text = vkey
        name, key_id, rest = vkey.split("+", 2)
        blob = b64(rest)
        self.name, self.type, self.public = name, blob[0], blob[1:]
        self.id = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
        need(self.id.hex() == key_id and len(self.public) == 32, f"bad vkey {vkey}")


class Note:
    def __init__(self, text):
        self.whole = text
        body, _, signatures = text.rpartition("\n\n")
        self.body = body + "\n"
        lines = self.body.split("\n")
        need(len(lines) == 4 and lines[3] == "", f"checkpoint is not three lines: {self.body!r}")
        self.origin, self.root = lines[0], b64(lines[2])
        need(re.fullmatch(r"0|[1-9][0-9]*", lines[1]), f"size {lines[1]}")
        self.size = int(lines[1])
        self.signatures = []
        need(signatures.endswith("\n"), "no newline at the note's end")
        for line in signatures[:-1].split("\n"):
            dash, name, blob = line.split(" ")
            need(dash == "\u2014", f"signature line {line!r}")
            self.signatures.append((name, b64(blob)))

    def check(self, keys):
        """Signatures by exactly these keys stand first, in this order. Returns the time."""
        time = None
        need(len(self.signatures) >= len(keys), f"size {self.size}: too few signatures")
        for key, (name, blob) in zip(keys, self.signatures):
            need(name == key.name and blob[:4] == key.id, f"size {self.size}: {name} is not {key.name}")
            if key.type == 1:
                need(ed25519_verify(key.public, self.body.encode(), blob[4:]), f"bad: {name} {self.size}")
            else:
                need(key.type == 4 and len(blob) == 76, "cosignature")
                stamp = int.from_bytes(blob[4:12], "big")
                message = f"cosignature/v1\ntime {stamp}\n{self.body}".encode()
                need(ed25519_verify(key.public, message, blob[12:]), f"bad: {name} {self.size}")
                time = stamp
        return time


# --- the tree (RFC 6962 section 2.1) --------------------------------------------------------------


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    def __init__(self):
        self.stack, self.size = [], 0

    def append(self, leaf):
        self.stack.append(hashlib.sha256(b"\x00" + leaf).digest())
        self.size += 1
        n = self.size
        while n % 2 == 0:
            right = self.stack.pop()
            self.stack.append(node(self.stack.pop(), right))
            n //= 2

    def root(self):
        if not self.stack:
            return hashlib.sha256(b"").digest()
        root = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            root = node(left, root)
        return root


# --- the log ---------------------------------------------------------------------------------------


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def segment_bytes(path):
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    with open(path, "rb") as f:
        return f.read()


class Log:
    def __init__(self, directory):
        with open(os.path.join(directory, "log.json"), encoding="utf-8") as f:
            text = f.read()
        log = json.loads(text)
        expected = ["tracex", "version", "origin", "hash", "identity", "epoch0"]
        need(list(log)[:6] == expected and text == compact(log) + "\n", "log.json's spelling")
        need(log["tracex"] == "log" and log["version"] == 1 and log["hash"] == "sha256", "log.json")
        self.directory = directory
        self.origin = log["origin"]
        self.identity = Key(log["identity"])
        self.epoch_key = Key(log["epoch0"])
        need(self.identity.type == 1 and self.identity.name == self.origin, "identity")
        need(self.epoch_key.type == 4 and self.epoch_key.name == f"{self.origin}/epoch/0", "epoch 0")
        self.epoch = 0
        self.tree = Tree()
        self.count, self.digest = 0, bytes(32)
        self.last_note = None
        self.last_size = 0
        self.new_key = None  # an epoch record waits for its checkpoint
        self.records = []
        self.checkpoints = []
        self.epochs = 0
        self.given_up = 0
        self.snapshots = []

    def segments(self):
        by_first = {}
        for name in sorted(os.listdir(self.directory)):
            m = re.fullmatch(r"(\d{20})\.jsonl(\.zst)?", name)
            if m and not (m.group(2) and m.group(1) in by_first):
                by_first[m.group(1)] = name
        return [os.path.join(self.directory, by_first[k]) for k in sorted(by_first)]

    def take_note(self, text):
        note = Note(text)
        need(note.origin == self.origin, "origin")
        need(note.size == self.tree.size, f"size {note.size}, but {self.tree.size} records stand")
        need(note.root == self.tree.root(), f"root at {note.size}")
        keys = [self.identity, self.epoch_key] + ([self.new_key] if self.new_key else [])
        time = note.check(keys)
        self.digest = hashlib.sha256(self.digest + text.encode()).digest()
        self.count += 1
        if self.new_key:
            self.check_proof(note)
            self.epoch_key, self.new_key = self.new_key, None
            self.epochs += 1
        self.last_note, self.last_size = text, note.size
        self.checkpoints.append((note.size, time))

    def check_proof(self, note):
        path = os.path.join(self.directory, "epochs", f"{self.epoch}.tlog-proof")
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        need(lines[0] == "c2sp.org/tlog-proof@v1", "tlog-proof header")
        need(lines[1] == "extra " + base64.b64encode(self.records[-1]).decode(), "tlog-proof extra")
        need(lines[2] == f"index {note.size - 1}", "tlog-proof index")
        end = lines.index("")
        path_hashes = [b64(x) for x in lines[3:end]]
        need("\n".join(lines[end + 1:]) == note.whole, "tlog-proof checkpoint")
        h = hashlib.sha256(b"\x00" + self.records[-1]).digest()
        for left in path_hashes:  # the last leaf of a tree: every sibling is on its left
            h = node(left, h)
        need(h == note.root, "tlog-proof path")

    def take_record(self, line):
        seq = self.tree.size
        need(line.startswith(b'{"seq":%d,' % seq), f"seq {seq} expected: {line[:60]!r}")
        need(len(line) <= 65535, f"record {seq} has {len(line)} bytes")
        record = json.loads(line)
        need(self.new_key is None, "a record stands between an epoch's record and its checkpoint")
        if record.get("event") == "tracex.epoch" and record.get("by") == "ledger":
            data = record["data"]
            need(data["epoch"] == self.epoch + 1, "epoch number")
            need(data["checkpoints"] == self.count, f"epoch: {data['checkpoints']} != {self.count}")
            need(b64(data["digest"]) == self.digest, "epoch digest")
            need(line.decode() == compact(record), "epoch record's spelling")
            need(list(data) == ["epoch", "vkey", "checkpoints", "digest"], "epoch data keys")
            self.epoch += 1
            self.new_key = Key(data["vkey"])
            need(self.new_key.type == 4 and self.new_key.name == f"{self.origin}/epoch/{self.epoch}", "vkey")
            self.count, self.digest = 0, bytes(32)
        self.tree.append(line)
        self.records.append(line)

    def take_header(self, line):
        header = json.loads(line)
        expected = {
            "tracex": "segment", "version": 1, "origin": self.origin, "hash": "sha256",
            "first": self.tree.size,
            "range": [base64.b64encode(h).decode() for h in self.tree.stack],
            "epoch": self.epoch, "epoch_vkey": self.epoch_key.text,
            "checkpoints": self.count, "digest": base64.b64encode(self.digest).decode(),
            "previous": self.last_note,
        }
        need(line.decode() == compact(expected), f"header {line!r}\n != {compact(expected)}")
        need(header == expected, "header")

    def read(self):
        paths = self.segments()
        need(paths, "no segment")
        for path, following in zip(paths, paths[1:] + [None]):
            sealed = self.read_segment(path, last=following is None)
            if not sealed and following:
                self.go_back_to(int(os.path.basename(following)[:20]))
        return self

    def snapshot(self):
        return (self.tree.size, list(self.tree.stack), self.epoch, self.epoch_key, self.count, self.digest,
                self.last_note, self.last_size, len(self.checkpoints), self.epochs)

    def go_back_to(self, first):
        """The segment was given up after an I/O error: the next one begins at one of its checkpoints."""
        fitting = [s for s in self.snapshots if s[0] == first]
        need(fitting, f"no checkpoint of the unsealed segment has the size {first} at which the next one begins")
        (self.tree.size, self.tree.stack, self.epoch, self.epoch_key, self.count, self.digest,
         self.last_note, self.last_size, n_checkpoints, self.epochs) = fitting[-1]
        self.new_key = None
        del self.checkpoints[n_checkpoints:], self.records[first:]
        self.given_up += 1

    def read_segment(self, path, last):
        data = segment_bytes(path)
        end = data.find(b"\0")
        data = data if end < 0 else data[:end]
        if not last and not data.endswith(b"\n"):
            data = data[:data.rfind(b"\n") + 1]
        need(data.endswith(b"\n"), f"{path} ends within a line")
        self.snapshots = []
        lines = data[:-1].split(b"\n")
        first = self.tree.size
        need(os.path.basename(path).startswith(f"{first:020d}.jsonl"), f"{path}: first is {first}")
        self.take_header(lines[0])
        for number, line in enumerate(lines[1:], 2):
            need(all(byte >= 0x20 for byte in line), f"{path}:{number}: control byte")
            if line.startswith(b'{"tracex":"checkpoint"'):
                note = json.loads(line)["note"]
                need(line.decode() == compact({"tracex": "checkpoint", "note": note}), "checkpoint spelling")
                need(Note(note).size > self.last_size or self.last_note is None, "size does not grow")
                self.take_note(note)
                self.snapshots.append(self.snapshot())
            elif line.startswith(b'{"tracex":"seal"'):
                seal = json.loads(line)
                need(number == len(lines), f"{path}:{number}: lines after the seal")
                need(seal["first"] == first and seal["size"] == self.tree.size > first, "seal's range")
                spelling = {"tracex": "seal", "first": first, "size": self.tree.size, "note": seal["note"]}
                need(line.decode() == compact(spelling), "seal's spelling")
                self.take_note(seal["note"])
                return True
            else:
                need(not line.startswith(b'{"tracex":'), f"{path}:{number}: unknown control line")
                self.take_record(line)
        return False

    def check_latest(self):
        with open(os.path.join(self.directory, "checkpoint"), encoding="utf-8") as f:
            text = f.read()
        need(Note(text).size <= self.tree.size, "the checkpoint file is ahead of the log")
        return self


def main():
    try:
        log = Log(sys.argv[1]).read().check_latest()
    except Wrong as e:
        print(f"wrong: {e}")
        return 1
    print(f"{log.tree.size} records, last checkpoint {log.last_size}, {log.epochs} epochs ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
