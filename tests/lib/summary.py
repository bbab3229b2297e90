#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the tests of meson's last run in each build directory, and says again what the failed ones said; the last
line is the whole."""
import os
import sys
import xml.etree.ElementTree


EXPLANATION_LINES = 40


def explain(suite):
    """The lines that a failed suite printed last, but for those of the cases that passed."""
    said = "\n".join(out.text or "" for kind in ("system-out", "system-err") for out in suite.findall(kind))
    lines = [line for line in said.splitlines() if not line.startswith("ok ")]
    for line in lines[-EXPLANATION_LINES:]:
        print(f"    {line}")


def count(build):
    tree = xml.etree.ElementTree.parse(os.path.join(build, "meson-logs/testlog.junit.xml"))
    passed = failed = skipped = 0
    for case in tree.iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
            print(f"FAILED  {build}: {case.get('classname') or ''} {case.get('name')}")
        elif "skipped" in kinds:
            skipped += 1
            print(f"skipped {build}: {case.get('classname') or ''} {case.get('name')}")
        else:
            passed += 1
    for suite in tree.iter("testsuite"):
        if any(int(suite.get(kind) or 0) for kind in ("errors", "failures")):
            explain(suite)
    # A test program that died has no case of its own that says so.
    broken = sum(int(suite.get("errors") or 0) for suite in tree.iter("testsuite"))
    return passed, max(failed, broken), skipped


def main():
    total = [sum(column) for column in zip(*(count(build) for build in sys.argv[1:]))]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 0 if total[0] > 0 and total[1] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
