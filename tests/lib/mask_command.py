# SPDX-License-Identifier: MIT
"""Running `tracexctl mask`, for the tests of what it prints."""
import os
import subprocess
import tempfile
import unittest

from tracexd import CTL

LIMIT = 127 * 1024  # a line that a record's fields have room for
CARD = "4111 1111 1111 1111"


def run(*words, data=b"", directory=None):
    result = subprocess.run([CTL, *[str(w) for w in words]], input=data if isinstance(data, bytes) else data.encode(),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False, cwd=directory)
    assert result.returncode in (0, 1, 2), f"{words}: ended by {result.returncode}: {result.stderr!r}"
    return result


def mask(*words, **kwargs):
    return run("mask", *words, **kwargs)


class Files(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, text, name="tracex.yaml"):
        path = os.path.join(self.directory.name, name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def policy(self, masking, name="tracex.yaml"):
        return self.file("version: 1\nmasking:\n" + "".join(f"  {line}\n" for line in masking.splitlines()), name)


OWN = """detectors:
  employee:
    regex: 'E[0-9]{6}'
    context: {words: [employee, staff], before: 40, after: 10}
    examples: {true: [E123456], false: [E12]}
  token:
    regex: 'acme_[0-9]{4}'
    examples: {true: [acme_1234]}
rules:
  - {id: staff, match: {detect: [employee]}, action: redact}
  - {id: token, match: {detect: [token]}, action: {replace: "<token>"}}"""
