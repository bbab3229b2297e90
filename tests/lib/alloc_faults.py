# SPDX-License-Identifier: MIT
"""Which allocations of a program fail that runs with alloc-faults preloaded (tests/lib/alloc-faults.c)."""
import mmap
import os
import struct

BUILD = os.environ.get("TX_BUILD", "build")
LIBRARY = os.path.abspath(os.path.join(BUILD, "tests/lib/liballoc-faults.so"))
FOREVER = 1 << 62


class AllocFaults:
    """`environment` is for the program. What is set here holds at once, also for one that runs."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(4096))
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), 4096)
        self.environment = {"LD_PRELOAD": LIBRARY, "TX_FAIL_CONTROL": path}

    def fail(self, first, many=1):
        """Counting from now; 0: none."""
        struct.pack_into("<4Q", self.memory, 0, 0, 0, many, 0)
        struct.pack_into("<Q", self.memory, 8, first)

    @property
    def count(self):
        return struct.unpack_from("<Q", self.memory, 0)[0]

    @property
    def failed(self):
        return struct.unpack_from("<Q", self.memory, 24)[0]
