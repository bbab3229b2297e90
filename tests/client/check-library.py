#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libtracex needs libc alone, exports tx_* alone, and brings in nothing that could end its host.

    check-library.py SOURCE-ROOT LIBRARY PKG-CONFIG-FILE LIBRARY-WITH-OTHERS ML-LIBRARY ML-PKG-CONFIG-FILE
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

ROOT, LIBRARY, PC_FILE, OTHER, ML_LIBRARY, ML_PC_FILE = sys.argv[1:7]
del sys.argv[1:7]
sys.path.insert(0, os.path.join(ROOT, "tests/lib"))
import tap  # noqa: E402

PUBLIC = {"tx_audit_emit", "tx_close", "tx_context_attach", "tx_context_baggage", "tx_context_baggage_get",
          "tx_context_baggage_set", "tx_context_detach", "tx_context_from_environment", "tx_context_from_headers",
          "tx_context_get", "tx_context_ids", "tx_context_set", "tx_context_setenv", "tx_context_start",
          "tx_context_stats", "tx_context_to_environment", "tx_context_traceparent", "tx_context_tracestate",
          "tx_context_tracestate_put", "tx_correlation_get", "tx_correlation_set", "tx_flush", "tx_function_args_", "tx_function_begin_", "tx_function_end_",
          "tx_function_switch_", "tx_function_trace", "tx_open",
          "tx_receipt_parse", "tx_receipt_render", "tx_span_begin", "tx_span_context", "tx_span_end", "tx_span_link",
          "tx_span_set_list", "tx_span_stats", "tx_span_status", "tx_stats", "tx_trace_emit"}
ML_PUBLIC = {"tx_dataset", "tx_digest_file", "tx_human_review", "tx_inference", "tx_metric", "tx_model", "tx_param",
             "tx_run_attach", "tx_run_begin", "tx_run_end", "tx_run_id", "tx_stage_begin", "tx_stage_end"}
# Its host's memory, life and signals are not its business. (pthread_create is for TX_BUFFERED alone; a test of
# the client's holds that there is no thread without it.)
FOREIGN = re.compile(r"^(abort|exit|_exit|raise|kill|__assert_fail|malloc|calloc|realloc|free|signal|sigaction|fork|"
                     r"printf|fprintf|puts|syslog|openlog)$")


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def needed(library):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", library))


def symbols(library, *options):
    return [line.split()[-1] for line in run("nm", "-D", *options, library).splitlines()]


@unittest.skipUnless(shutil.which("readelf") and shutil.which("nm"), "binutils is not installed")
class Library(unittest.TestCase):
    def test_it_links_libc_alone(self):
        self.assertEqual(needed(LIBRARY), ["libc.so.6"])

    def test_its_name_is_libtracex_so_0(self):
        self.assertIn("Library soname: [libtracex.so.0]", run("readelf", "-d", LIBRARY))

    def test_it_exports_its_functions_alone_with_a_version(self):
        exported = symbols(LIBRARY, "--defined-only", "--with-symbol-versions")
        self.assertEqual({s for s in exported if s != "TRACEX_0.1"}, {f"{s}@@TRACEX_0.1" for s in PUBLIC})

    def test_it_uses_nothing_that_ends_its_host_or_allocates(self):
        used = [s.split("@")[0] for s in symbols(LIBRARY, "--undefined-only")]
        self.assertGreater(len(used), 5)
        self.assertEqual([s for s in used if FOREIGN.match(s)], [])

    def test_every_function_of_the_headers_is_exported(self):
        for folder, public in (("libaudit-client", PUBLIC), ("libtracex-ml", ML_PUBLIC)):
            declared = set()
            for header in glob.glob(os.path.join(ROOT, folder, "include/tracex/*.h")):
                with open(header, encoding="utf-8") as f:
                    declared |= set(re.findall(r"^(?:extern )?TX_PUBLIC_ [\w *]*?(\w+)[(;]", f.read(), re.M))
            self.assertEqual(declared, public)

    def test_the_one_for_ml_links_libcrypto_and_libtracex_beside_libc(self):
        self.assertEqual(set(needed(ML_LIBRARY)), {"libtracex.so.0", "libcrypto.so.3", "libc.so.6"})
        exported = symbols(ML_LIBRARY, "--defined-only", "--with-symbol-versions")
        self.assertEqual({s for s in exported if s != "TRACEX_ML_0.1"}, {f"{s}@@TRACEX_ML_0.1" for s in ML_PUBLIC})
        used = [s.split("@")[0] for s in symbols(ML_LIBRARY, "--undefined-only")]
        self.assertEqual([s for s in used if FOREIGN.match(s)], [])
        with open(ML_PC_FILE, encoding="utf-8") as f:
            self.assertRegex(f.read(), r"(?m)^Requires: tracex$")

    def test_pkg_config_knows_it(self):
        with open(PC_FILE, encoding="utf-8") as f:
            text = f.read()
        self.assertRegex(text, r"(?m)^Name: tracex$")
        self.assertRegex(text, r"(?m)^Libs: .*-ltracex$")
        self.assertNotIn("Requires", text)

    def test_the_checks_notice_another_library(self):
        """The control: a program that needs more than libc, and allocates."""
        self.assertNotEqual(needed(OTHER), ["libc.so.6"])
        used = [s.split("@")[0] for s in symbols(OTHER, "--undefined-only")]
        self.assertNotEqual([s for s in used if FOREIGN.match(s)], [])


if __name__ == "__main__":
    tap.main()
