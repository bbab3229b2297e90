# SPDX-License-Identifier: MIT
"""A wall clock that can be moved, for programs that are started with its environment (tests/lib/fake-clock.c)."""
import calendar
import mmap
import os
import struct
import tempfile
import time

from tracexd import BUILD

LIBRARY = os.path.abspath(os.path.join(BUILD, "tests/lib/libfake-clock.so"))
DAY, SECOND = 86400 * 10**9, 10**9


class Clock:
    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="tracex-test-")
        self.file.write(bytes(8))
        self.file.flush()
        self.memory = mmap.mmap(self.file.fileno(), 8)
        self.environment = {"LD_PRELOAD": LIBRARY, "TX_CLOCK_FILE": self.file.name}
        self.moved = 0

    def move(self, to):
        """By so many nanoseconds from the true time. Returns how far that is from where it was."""
        jump, self.moved = to - self.moved, to
        struct.pack_into("<q", self.memory, 0, to)
        return jump


def moved_to(year, month=1, day=1):
    return (calendar.timegm((year, month, day, 0, 0, 0)) * SECOND) - time.time_ns()
