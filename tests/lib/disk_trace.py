# SPDX-License-Identifier: MIT
"""What a process did to its files, and told others, from strace's output.

Calls come out in the order in which they were begun, each as (time, process, name, arguments, result); a write's bytes
are whole. Only calls that came through are there.
"""
import re

CALLS = ("openat,close,dup,write,writev,pwrite64,pwritev,fdatasync,fsync,ftruncate,fallocate,sync_file_range,rename,"
         "renameat,renameat2,linkat,unlinkat,mkdirat,fchmod,fchmodat,sendto,sendmsg")
LINE = re.compile(r"^(\d+) +(\d+\.\d+) (.*)$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def strace(path):
    """The command that a program is run with, so that it leaves its trace in `path`."""
    return ["strace", "-f", "-qq", "-xx", "-s", str(1 << 26), "--timestamps=unix,ns", "-e", f"trace={CALLS}",
            "-e", "signal=none", "-o", path]


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def split(text):
    """The arguments: strings become bytes, and a vector of them the bytes of all."""
    parts, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        if c in "[{":
            depth += 1
        elif c in "]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[begin:i].strip())
            begin = i + 1
    parts.append(text[begin:].strip())
    return [value(part) for part in parts]


def value(part):
    if "iov_base=" in part:
        return b"".join(unhex(x) for x in re.findall(r'iov_base="((?:\\x[0-9a-f]{2})*)"', part))
    whole = STRING.fullmatch(part)
    return unhex(whole.group(1)) if whole else part


def read(path, process):
    pending = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            found = LINE.match(line)
            if not found:
                raise ValueError(f"not a line of strace: {line[:80]!r}")
            thread, time, text = found.groups()
            resumed = RESUMED.match(text)
            if resumed:
                time, begun = pending.pop(thread)
                text = begun + resumed.group(1)
            elif text.endswith("<unfinished ...>"):
                pending[thread] = (time, text[:-len("<unfinished ...>")])
                continue
            call = CALL.match(text)
            if not call:
                if text.startswith(("+++", "---")) or "= ?" in text:
                    continue
                raise ValueError(f"not a call: {text[:80]!r}")
            name, arguments, result = call.groups()
            if int(result) >= 0:
                yield (float(time), process, name, split(arguments), int(result))


def merge(*traces):
    """By the time when each call was begun."""
    return sorted((call for trace in traces for call in trace), key=lambda call: call[0])
