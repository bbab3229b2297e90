#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The unit in a real systemd: what the daemon leaves in its descriptor store comes back after kills of all processes."""
import os
import subprocess
import unittest

import tap
from tracexd import BUILD, SOURCE


class Systemd(unittest.TestCase):
    def test_clients_do_not_notice_kills_and_unread_records_are_kept(self):
        result = subprocess.run([os.path.join(SOURCE, "tests/lib/in-systemd"), SOURCE, "/bin/sh",
                                 os.path.join(SOURCE, "tests/integration/in_systemd.sh"), os.path.abspath(BUILD)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280, check=False)
        if result.returncode == 77:
            self.skipTest("no systemd in a container here: " + result.stdout[-200:].replace("\n", " "))
        said = dict(x.split("=", 1) for x in result.stdout.splitlines() if "=" in x and not x.startswith(" "))
        print("# " + ", ".join(f"{k}={v}" for k, v in said.items()))
        self.assertEqual(said.get("started"), "0", result.stdout)
        self.assertEqual(said["before"], "1/1", "the control: one came")
        self.assertEqual((said["killed_1"], said["killed_2"]), ("1/0", "1/0"), "it is there, and did not come again")
        self.assertEqual(said["unread"], "10")
        self.assertGreater(int(said["through"]), 10)
        self.assertEqual((said["stopped"], said["verified"]), ("0", "0"))


if __name__ == "__main__":
    tap.main()
