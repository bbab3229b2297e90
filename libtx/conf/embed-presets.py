#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the presets and packs as a C table.

    embed-presets.py OUTPUT FILE...

A file says in a line of its own what it is: `preset: NAME@N` or `pack: NAME@N`. Of a name with
several versions, the newest stands first.
"""
import re
import sys

HEAD = re.compile(r"^(preset|pack): ([a-z0-9-]+)@([1-9][0-9]*)$", re.M)


def main():
    found = []
    for path in sys.argv[2:]:
        with open(path, "rb") as f:
            data = f.read()
        kind, name, version = HEAD.search(data.decode("utf-8")).groups()
        found.append((name, -int(version), kind, data))
    found.sort()
    with open(sys.argv[1], "w", encoding="ascii", newline="\n") as out:
        out.write('#include "libtx/conf/masking.h"\n\n')
        for i, (_, _, _, data) in enumerate(found):
            out.write(f"static const char text_{i}[] = {{")
            for k, byte in enumerate(data):
                out.write(("\n    " if k % 16 == 0 else " ") + f"{byte},")
            out.write(" 0};\n")
        out.write("\nconst struct tx_preset tx_presets[] = {\n")
        for i, (name, version, kind, data) in enumerate(found):
            is_pack = "true" if kind == "pack" else "false"
            out.write(f'    {{"{name}", {-version}, {is_pack}, text_{i}, {len(data)}}},\n')
        out.write("    {NULL, 0, false, NULL, 0},\n};\n")


main()
