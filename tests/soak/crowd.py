# SPDX-License-Identifier: MIT
"""Clients of several users, each in its own way; tests/lib/tx-history.c is what they are."""
import os

import history

# user (None: ours), and how it logs. The last ones are killed now and then.
STEADY = ((None, ("--threads", 2, "--durable", 100, "--pace", 4000)),
          (61001, ("--threads", 2, "--forks", 4, "--pace", 4000)),
          (61002, ("--threads", 2, "--durable", 5, "--buffered", 70, "--pace", 4000)))
MORTAL = ((61003, ("--threads", 3, "--durable", 10, "--buffered", 40, "--forks", 2, "--pace", 4000)),
          (None, ("--threads", 1, "--durable", 20, "--pace", 2000)))


class Crowd:
    def __init__(self, daemon):
        self.clients, self.mortal, self.killed, self.started = history.Clients(daemon), {}, 0, 0

    def start(self):
        for spec in STEADY:
            self.start_one(*spec)
        for spec in MORTAL:
            self.mortal[spec] = self.start_one(*spec)

    def start_one(self, user, options):
        self.started += 1
        return self.clients.start(*options, user=user if os.getuid() == 0 else None)

    def kill_one(self, rng):
        spec = rng.choice(MORTAL)
        self.clients.kill(self.mortal[spec])
        self.killed += 1
        self.mortal[spec] = self.start_one(*spec)

    def stop(self):
        """Exit statuses; 0: all that it logged is durable."""
        return self.clients.stop()

    def take_histories(self):
        """Of all that ended since the last time."""
        histories = self.clients.histories()
        for name in histories:
            os.unlink(os.path.join(self.clients.directory, name))
        return histories
