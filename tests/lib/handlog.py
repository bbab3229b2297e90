# SPDX-License-Identifier: MIT
"""A log directory written by hand, as docs/format.md has it but for signatures, for tests of what only reads."""
import base64
import hashlib
import json
import os
import subprocess

ORIGIN = "hand.example/audit"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def vkey(name, kind):
    key = bytes([kind]) + hashlib.sha256(name.encode()).digest()
    identifier = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    return f"{name}+{identifier.hex()}+{base64.b64encode(key).decode()}"


def leaf_hash(line):
    return hashlib.sha256(b"\0" + line.encode()).hexdigest()


class HandLog:
    def __init__(self, directory, origin=ORIGIN):
        self.directory, self.origin = directory, origin
        self.first = self.size = 0
        self.lines = []    # of records, by seq
        self.sizes = []    # of checkpoints
        os.makedirs(directory, exist_ok=True)
        self.replace("log.json", compact({
            "tracex": "log", "version": 1, "origin": origin, "hash": "sha256",
            "identity": vkey(origin, 1), "epoch0": vkey(origin + "/epoch/0", 4)}) + "\n")
        self.append(compact({"tracex": "segment", "version": 1}))

    def replace(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path + ".tmp", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + ".tmp", path)

    def path(self, first=None, suffix=""):
        return os.path.join(self.directory, f"{self.first if first is None else first:020}.jsonl{suffix}")

    def append(self, *lines):
        with open(self.path(), "a", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in lines))

    def record(self, **members):
        line = compact({"seq": self.size, "id": f"{self.size:036}", "time": "2026-11-23T17:00:15.000000001Z",
                        "event": "hand.made", **members})
        self.lines.append(line)
        self.size += 1
        self.append(line)

    def records(self, count, **members):
        lines = [compact({"seq": self.size + i, "id": f"{self.size + i:036}", "event": "hand.made",
                          "outcome": "success", "data": {"i": i, "fill": "x" * 100}, **members}) for i in range(count)]
        self.lines += lines
        self.size += count
        self.append(*lines)

    def note(self):
        root = base64.b64encode(hashlib.sha256(str(self.size).encode()).digest()).decode()
        return f"{self.origin}\n{self.size}\n{root}\n\n\u2014 {self.origin} AAAAAAAA\n"

    def checkpoint(self):
        self.append(compact({"tracex": "checkpoint", "note": self.note()}))
        self.sizes.append(self.size)
        self.replace("checkpoint", self.note())

    def rotate(self):
        """Seals the segment and begins the next one; returns the index of the sealed one's first record."""
        sealed = self.first
        self.append(compact({"tracex": "seal", "first": self.first, "size": self.size, "note": self.note()}))
        if self.size not in self.sizes:
            self.sizes.append(self.size)
        self.first = self.size
        self.append(compact({"tracex": "segment", "version": 1}))
        self.replace("checkpoint", self.note())
        return sealed

    def compress(self, first):
        subprocess.run(["zstd", "-q", "--rm", self.path(first), "-o", self.path(first, ".zst")], check=True)
