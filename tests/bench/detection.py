# SPDX-License-Identifier: MIT
"""Finding personal data, beside engines for patterns."""
import json
import os
import subprocess
import tempfile

from table import BENCH, row, title

DETECT_RECORDS, PEER_RECORDS = 1000000, 100000


def bench(name, *arguments):
    result = subprocess.run([os.path.join(BENCH, name), *map(str, arguments)], text=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout) if result.returncode == 0 else None


def detection():
    patterns = os.path.join(os.path.dirname(os.path.abspath(__file__)), "patterns.tsv")
    with tempfile.NamedTemporaryFile() as f:
        figures = bench("bench-detect", DETECT_RECORDS, f.name)
        ours, slow = figures["records"], figures["adversarial_mb_per_s"]
        title(f"Finding personal data, all detectors on, one thread, {DETECT_RECORDS} records of {figures['bytes']:.0f} "
              "bytes, 5 % with personal data (best of several rounds, the thread's own time)")
        row("a record", f"{ours['ns']:.0f} ns", f"{ours['mb_per_s']:.0f} MB/s, {ours['found']} found, with their places")
        row("the same without vectors", f"{figures['portable']['ns']:.0f} ns",
            f"{figures['portable']['mb_per_s']:.0f} MB/s")
        for name, what in (("re2", "RE2::Set, without places"), ("hyperscan", "Hyperscan, ends of matches"),
                           ("pcre2", "PCRE2 with JIT, pattern by pattern")):
            if not os.path.exists(os.path.join(BENCH, "bench-" + name)):
                row(what, "-", "its library is not installed")
                continue
            peer = bench("bench-" + name, patterns, f.name, PEER_RECORDS)
            row(what, f"{peer['ns']:.0f} ns", f"46 patterns, {peer['mb_per_s']:.1f} MB/s: {peer['ns'] / ours['ns']:.1f} times "
                "our time")
    values = figures["values"]
    row("a value of 16 bytes", f"{figures['value_of_16_bytes_ns']:.0f} ns")
    row(f"a record of {values['n']} short values, one by one", f"{values['alone_ns']:.0f} ns")
    row("the same all at once", f"{values['together_ns']:.0f} ns")
    below = sorted(slow.items(), key=lambda item: item[1])
    row(f"the slowest of {len(slow)} texts made to be slow", f"{below[0][1]:.0f} MB/s",
        ", ".join(f"{atom!r} {speed:.0f}" for atom, speed in below[:5]))
