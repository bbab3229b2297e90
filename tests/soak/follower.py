# SPDX-License-Identifier: MIT
"""Takes the records of a log that is written, and from which old segments are removed, as far as they are signed, and
holds each against the tree: the root of all that was taken, removed or not, is that of the latest checkpoint.

It takes the root from the file `checkpoint`; that its signature is right is tracex-auditverify's affair."""
import base64
import os
import subprocess
import threading

import second_verifier

LOOK_SECONDS = 0.1


class Lost(AssertionError):
    """A segment was removed before it was read, or what is there is not what was signed."""


class Follower(threading.Thread):
    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.tree = log, second_verifier.Tree()
        self.lines = []  # since take()
        self.name, self.at = None, 0  # the segment that is read, and the bytes of it that were
        self.fault, self.ended = None, threading.Event()

    def run(self):
        while not self.ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception as e:  # pylint: disable=broad-except
                self.fault = e
                return

    def close(self):
        self.ended.set()
        self.join()

    def take(self):
        """(the first one's number, the records) since the last time."""
        if self.fault:
            raise Lost(f"at record {self.tree.size}: {self.fault!r}") from self.fault
        lines, self.lines = self.lines, []
        return self.tree.size - len(lines), lines

    # --- looking ---

    def checkpoint(self):
        """(size, root), or None before the first."""
        try:
            with open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as f:
                _, size, root = f.read().split("\n")[:3]
        except FileNotFoundError:
            return None
        return int(size), base64.b64decode(root)

    def look(self):
        signed = self.checkpoint()  # before the directory, so that what it covers is listed
        if not signed or signed[0] <= self.tree.size:
            return
        size, root = signed
        firsts = sorted({int(n[:20]) for n in os.listdir(self.log) if n[:20].isdigit() and n[20:] in (".jsonl", ".jsonl.zst")})
        while self.tree.size < size:
            self.read_segment(firsts, size)
        if self.tree.root() != root:
            raise Lost(f"the {size} records that stand there have another root than was signed")

    def read_segment(self, firsts, size):
        """What it has up to `size`; what stands in it behind the beginning of the next one was given up."""
        begun = [x for x in firsts if x <= self.tree.size]
        if not begun:
            raise Lost(f"the log begins with record {firsts[0]}")
        name = f"{begun[-1]:020d}.jsonl"
        if name != self.name:
            if begun[-1] != self.tree.size:
                raise Lost(f"{self.name} ends before {name} begins")
            self.name, self.at = name, 0
        end = min([size] + [x for x in firsts if x > self.tree.size])
        before = self.tree.size
        data = self.bytes_of(name)
        while self.tree.size < end:
            newline = data.find(b"\n", self.at)
            if newline < 0:
                break
            self.take_line(data[self.at:newline])
            self.at = newline + 1
        if self.tree.size == before:
            raise Lost(f"{name} has no record {before}")

    def take_line(self, line):
        if not line.startswith(b'{"tracex":'):
            self.tree.append(line)
            self.lines.append(line)

    def bytes_of(self, name):
        """Of the compressed one when it was compressed meanwhile."""
        path = os.path.join(self.log, name)
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return subprocess.run(["zstd", "-dcq", path + ".zst"], check=True, stdout=subprocess.PIPE).stdout
