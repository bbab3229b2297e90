#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the layer table of ARCHITECTURE.md against the includes of the code, and refuses cycles.

    check-layers.py SOURCE-ROOT            exit 1 and a line for each include that the table forbids
    check-layers.py SOURCE-ROOT --control  the check of the check: plants a forbidden include and a cycle
"""
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
ROW = re.compile(r"^\| `([^`]+)` \|([^|]*)\|", re.M)


def table(root):
    """Folder → the folders (or single headers) that it may include, from ARCHITECTURE.md."""
    with open(os.path.join(root, "ARCHITECTURE.md"), encoding="utf-8") as f:
        text = f.read()
    text = text[text.index("<!-- layers -->"):text.index("<!-- end of layers -->")]
    return {m.group(1): set(re.findall(r"`([^`]+)`", m.group(2))) for m in ROW.finditer(text)}


def sources(root, folders):
    for folder in folders:
        for base, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(base, name), root)


def folder_of(path, folders):
    fits = [f for f in folders if path.startswith(f + "/")]
    return max(fits, key=len) if fits else None


def includes(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return INCLUDE.findall(f.read())


def check(allowed, edges):
    """edges: (file, included path). Returns the complaints."""
    complaints, graph = [], {folder: set() for folder in allowed}
    for path, target in edges:
        here, there = folder_of(path, allowed), folder_of(target, allowed)
        if there is None:
            if "/" in target and not target.startswith("tracex/"):
                complaints.append(f"{path}: {target} is in no folder of the layer table")
            continue
        if here == there:
            continue
        graph[here].add(there)
        restricted = {h for row in allowed.values() for h in row if h.endswith(".h")}
        if target in restricted:
            if target not in allowed[here]:
                complaints.append(f"{path}: only a folder that names {target} may include it")
        elif there not in allowed[here]:
            complaints.append(f"{path}: {here} may not include {there}")
    return complaints + cycles(graph)


def cycles(graph):
    state, found = {}, []

    def visit(folder, trail):
        if state.get(folder) == "done":
            return
        if state.get(folder) == "open":
            found.append("cycle: " + " → ".join(trail[trail.index(folder):] + [folder]))
            return
        state[folder] = "open"
        for other in sorted(graph[folder]):
            visit(other, trail + [folder])
        state[folder] = "done"
    for folder in sorted(graph):
        visit(folder, [])
    return found


def main():
    root = sys.argv[1]
    allowed = table(root)
    edges = [(p, i) for p in sources(root, allowed) for i in includes(root, p)]
    if "--control" in sys.argv:
        planted = [("libtx/record/planted.c", "libtx/crypto/hash.h"),
                   ("auditd/ledger/planted.c", "libtx/crypto/signing.h"),
                   ("libtx/base/planted.c", "libtx/nowhere/x.h")]
        found = [len(check(allowed, [edge])) for edge in planted]
        return 0 if found == [1, 1, 1] and cycles({"a": {"b"}, "b": {"a"}}) else 1
    complaints = check(allowed, edges)
    with open(os.path.join(root, "ARCHITECTURE.md"), encoding="utf-8") as f:
        named = re.findall(r"`([a-z][A-Za-z0-9_/-]+/[A-Za-z0-9_.-]+)`", f.read())
    missing = [f for f in {*allowed, *named} if not os.path.exists(os.path.join(root, f))]
    complaints += [f"ARCHITECTURE.md names {f}, which is not there" for f in missing]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints or not edges else 0


if __name__ == "__main__":
    sys.exit(main())
