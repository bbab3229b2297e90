# SPDX-License-Identifier: MIT
"""A daemon whose two logs are read as one: trace events have a log of their own."""
import os

from tracexd import Daemon


class _Log(Daemon):
    """Reads a directory as a daemon's log."""

    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.dir = path

    @property
    def log(self):
        return self.dir


class TracingDaemon(Daemon):
    @property
    def trace_log(self):
        return os.path.join(self.dir, "log-trace")

    def lines(self):
        yield from super().lines()
        if os.path.isdir(self.trace_log):
            yield from _Log(self.trace_log).lines()

    def verify_trace(self, *options):
        log = _Log(self.trace_log)
        log.wait_for_checkpoint()
        return log.verify(*options)
