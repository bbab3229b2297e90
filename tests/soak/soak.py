#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One long run in which everything happens that may happen to a daemon, and at intervals everything is held against
what its clients know.

    soak.py HOURS [SEED]        (./check --soak HOURS builds first)

The time is cut into laps. In each, clients log and disturbances come at random (disturbances.py); at its end the clients
stop, all is undone, and then: their histories are held against all that the log had (tests/lib/history.py), also what was
removed since, whose root is that of the signed checkpoint (follower.py); tracex-auditverify proves what is there; and
memory and descriptors of each process are looked at (usage.py). A fifth of the laps each spares some processes, so that
they become old enough to tell whether they grow.
"""
import collections
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
# pylint: disable=wrong-import-position
import history  # noqa: E402
import tracexd  # noqa: E402
from crowd import Crowd  # noqa: E402
from disturbances import make  # noqa: E402
from follower import Follower  # noqa: E402
from stage import Stage  # noqa: E402
from usage import Usage  # noqa: E402

DISK_MIB = 64
LAPS, LAP_SECONDS, LINE_SECONDS = 10, 30, 60
LAP_DISTURBANCES = 8  # at least, unless the machine is too busy for them
LONG_SECONDS = 600  # from here on, what takes long comes too
SPARED = (set(), {"tracex-auditd"}, {"tracex-auditd", "tracex-ingest"}, {"tracex-auditd", "tracex-ledger", "tracex-signer"},
          {"tracex-auditd", "tracex-vault", "tracex-forward"})
PRUNED = 5  # tracex-auditverify's status: what is there is proven, and some was removed with a word


class Soak:
    def __init__(self, seconds, seed):
        self.seconds, self.rng = seconds, random.Random(seed)
        self.lap_seconds = min(LAP_SECONDS, seconds / LAPS)
        self.stage = Stage(seconds)
        self.crowd = Crowd(self.stage.d)
        self.all = make(self.stage, self.crowd, self.rng, seconds >= LONG_SECONDS)
        self.done, self.results, self.active = collections.Counter(), collections.Counter(), []
        self.laps = self.n_records = 0
        self.follower, self.usage = Follower(self.stage.d.log), Usage(self.stage.d)

    def run(self):
        """What is wrong; []: nothing."""
        self.stage.d.start()
        self.began = self.told = time.monotonic()
        for thread in (self.follower, self.usage):
            thread.start()
        found = []
        while not found and self.passed() < self.seconds:
            found = self.lap(SPARED[min(int(self.passed() / self.seconds * len(SPARED)), len(SPARED) - 1)])
        for thread in (self.usage, self.follower):
            thread.close()
        if not found and self.stage.d.stop(60) != 0:
            found = ["it did not stop cleanly at the end"]
        return found or self.proven() + self.usage.complaints()

    def passed(self):
        return time.monotonic() - self.began

    # --- a lap ---

    def lap(self, spared):
        self.crowd.start()
        end, n = time.monotonic() + self.lap_seconds, sum(self.done.values()) + LAP_DISTURBANCES
        while time.monotonic() < end or sum(self.done.values()) < n and time.monotonic() < end + LAP_SECONDS:
            time.sleep(self.rng.uniform(0, 0.2))
            self.end_active(time.monotonic())
            self.disturb(spared)
        self.end_active(float("inf"))
        return self.rest()

    def disturb(self, spared):
        lasts = {type(x) for _, x in self.active}
        may = [x for x in self.all if not spared & x.ends and type(x) not in lasts and (x.may_come_beside or not lasts)]
        one = self.rng.choices(may, [x.weight for x in may])[0]
        one.begin()
        self.done[one.name] += 1
        seconds = one.seconds
        if seconds:
            self.active.append((time.monotonic() + seconds, one))

    def end_active(self, now):
        for item in [x for x in self.active if x[0] <= now]:
            self.active.remove(item)
            item[1].end()

    # --- the end of a lap ---

    def rest(self):
        statuses = self.crowd.stop()
        size = self.stage.settle()
        tracexd.wait_until(lambda: self.follower.fault or self.follower.tree.size >= size, 60, "the records of this lap")
        first, lines = self.follower.take()
        histories = self.crowd.take_histories()
        found = history.check(histories, lines, first)
        if set(statuses) != {0}:
            found.append(f"not all that clients logged became durable: {statuses}")
        self.results.update(history.count(histories))
        self.n_records, self.laps = first + len(lines), self.laps + 1
        self.tell(self.usage.rest(self.passed()))
        return found or self.proven()

    def proven(self):
        """What tracex-auditverify has to say of what is there."""
        for _ in range(3):  # a segment may be removed while it reads
            code, text = self.stage.d.verify("--clients", "-o", "json")
            if code in (0, PRUNED):
                undeclared = json.loads(text)["clients"]["undeclared"]
                return [f"tracex-auditverify: {undeclared} gaps that nothing declares"] if undeclared else []
        return [f"tracex-auditverify says {code}: {text[:2000]}"]

    # --- words ---

    def tell(self, usage):
        if time.monotonic() - self.told < min(LINE_SECONDS, self.seconds / 4):
            return
        self.told = time.monotonic()
        print(f"# {self.passed() / 60:.1f} min: {self.laps} laps, {sum(self.done.values())} disturbances, {self.n_records} records, "
              f"{self.crowd.killed} of {self.crowd.started} clients killed; at rest {usage[0]:.1f} MiB, {usage[1]} descriptors; "
              f"the most {self.usage.most:.1f} MiB", flush=True)

    def summary(self):
        print(f"# {self.laps} laps in {self.passed() / 60:.1f} minutes, {self.n_records} records; calls: {dict(self.results)}")
        for name, n in sorted(self.done.items()):
            print(f"#   {n:6} × {name}")
        for line in self.usage.table():
            print(f"#   {line}")
        print(f"#   all together at most {self.usage.most:.1f} MiB (sum of PSS): {self.usage.of_most}", flush=True)


def allow_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def soak(hours, seed):
    allow_descriptors()
    run = Soak(hours * 3600, seed)
    found = ["it did not come to its end"]
    try:
        found = run.run()
        for complaint in found[:20]:
            print(f"# {complaint}")
        run.summary()
    finally:
        run.stage.close(bool(found))
    return found


def within_its_own():
    """Runs this once more beside a journald and a disk of its own, which go with it: its exit status."""
    with tempfile.TemporaryDirectory(prefix="tracex-soak-") as directory:
        image, disk = os.path.join(directory, "image"), os.path.join(directory, "disk")
        os.mkdir(disk)
        with open(image, "wb") as f:
            f.truncate(DISK_MIB << 20)
        mount = 'mkfs.ext4 -q -F "$1" && mount -o loop "$1" "$2" || exit 77; shift 2; exec "$@"'
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh", image, disk,
                   os.path.join(tracexd.SOURCE, "tests/lib/private-journald"), sys.executable, __file__, *sys.argv[1:]]
        return subprocess.run(command, check=False, env=dict(os.environ, TX_SOAK_DISK=disk,
                                                             PRIVATE_JOURNALD_CONFIG="RuntimeMaxUse=64M")).returncode


def main():
    """TAP, as all our tests have it."""
    hours, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(os.environ.get("TX_SEED", "1"))
    if "TX_SOAK_DISK" not in os.environ:
        status = within_its_own() if os.getuid() == 0 else 77
        if status == 77:
            print("1..0 # SKIP a disk of its own, other users and a private journald need root, and systemd-journald")
        sys.exit(0 if status == 77 else status)
    print("1..1", flush=True)
    found = soak(hours, seed)
    print(f"{'not ok' if found else 'ok'} 1 - {hours:g} hours of all of it")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
