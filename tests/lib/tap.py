# SPDX-License-Identifier: MIT
"""Runs the unittest cases of the calling module and prints TAP, which meson reads."""
import sys
import traceback
import unittest


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def _line(self, test, ok, directive=""):
        self.number += 1
        name = test.id().replace("__main__.", "").replace("#", "")
        print(f"{'ok' if ok else 'not ok'} {self.number} - {name}{directive}", flush=True)

    def _explain(self, error):
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print(f"# {line}", flush=True)

    def addSuccess(self, test):
        self._line(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._explain(err)
        self._line(test, False)

    def addError(self, test, err):
        super().addError(test, err)
        self._explain(err)
        self._line(test, False)

    def addSkip(self, test, reason):
        self._line(test, True, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            super().addSubTest(test, subtest, err)
            self._explain(err)
            self._line(subtest, False)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if len(sys.argv) > 1:
        suite = unittest.TestSuite(t for case in suite for t in case if any(a in t.id() for a in sys.argv[1:]))
    print(f"1..{suite.countTestCases()}", flush=True)
    result = _Result()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
