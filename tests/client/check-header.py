#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every form of call compiles as C11 and as C++17, with gcc and clang, with every warning an error.

    check-header.py SOURCE-ROOT
"""
import os
import shutil
import subprocess
import sys
import unittest

ROOT = sys.argv.pop(1)
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import tap  # noqa: E402

HERE = os.path.join(ROOT, "tests/client")
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-c", "-o", os.devnull,
         "-I", os.path.join(ROOT, "libaudit-client/include"), "-I", os.path.join(ROOT, "libtracex-ml/include")]


def compile_text(compiler, standard, text, language):
    return subprocess.run([compiler, standard, *FLAGS, "-x", language, "-"], input=text, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Header(unittest.TestCase):
    def forms(self, compiler, standard, name):
        if not shutil.which(compiler):
            self.skipTest(f"{compiler} is not installed")
        for optimization in ("-O0", "-O2"):
            result = subprocess.run([compiler, standard, optimization, *FLAGS, os.path.join(HERE, name)], text=True,
                                    check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(result.returncode, 0, result.stdout)
            self.assertEqual(result.stdout, "")

    def test_gcc_c11(self):
        self.forms("gcc", "-std=c11", "call-forms.c")

    def test_clang_c11(self):
        self.forms("clang", "-std=c11", "call-forms.c")

    def test_gcc_cpp17(self):
        self.forms("g++", "-std=c++17", "call-forms.cc")

    def test_clang_cpp17(self):
        self.forms("clang++", "-std=c++17", "call-forms.cc")

    def refused(self, compiler, standard, language, statement):
        text = f"#include <tracex/audit.h>\nint f(void);\nint f(void) {{ {statement}; return 0; }}\n"
        return compile_text(compiler, standard, text, language).returncode != 0

    def test_what_makes_no_sense_does_not_compile(self):
        """The control: these must fail, and the last one must not."""
        wrong = ["tx_audit_log(\"x\")", "tx_audit_log(\"x\", TX_SUCCESS, 42)", "TX_KV(\"a\", tx_kv_end())",
                 "TX_KV(\"a\", (void *)0 == (void *)0 ? (float *)0 : (float *)0)"]
        for compiler, standard, language in (("gcc", "-std=c11", "c"), ("g++", "-std=c++17", "c++")):
            if not shutil.which(compiler):
                self.skipTest(f"{compiler} is not installed")
            for statement in wrong:
                self.assertTrue(self.refused(compiler, standard, language, statement), statement)
            self.assertFalse(self.refused(compiler, standard, language, "tx_audit_log(\"x\", TX_SUCCESS)"))


if __name__ == "__main__":
    tap.main()
