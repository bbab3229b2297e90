#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the tests of meson's last run in each build directory; the last line is the whole."""
import os
import sys
import xml.etree.ElementTree


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
    # A test program that died has no case of its own that says so.
    broken = sum(int(suite.get("errors") or 0) for suite in tree.iter("testsuite"))
    return passed, max(failed, broken), skipped


def main():
    total = [sum(column) for column in zip(*(count(build) for build in sys.argv[1:]))]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 0 if total[0] > 0 and total[1] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
