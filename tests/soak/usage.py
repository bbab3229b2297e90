# SPDX-License-Identifier: MIT
"""What each process of a daemon holds: memory (KiB) and descriptors."""
import os
import re
import threading

from flatness import complaint, growth

# What may be added while it is looked at: KiB of what is the process's own share (PSS) and of what is resident, and
# descriptors. The ledger knows up to 65,536 clients by heart (auditd/ledger/clients.h), which takes it 2 MiB or so.
TOLERANCE = {"pss": 1024, "rss": 1024, "fds": 2}
LEDGERS_CLIENTS = 2048
# It goes up and down by a MiB from life to life: in a run of a minute only the most of all is judged.
MEMORY_POINTS = 20
PSS_MOST_MIB = 64


def of_process(pid, name):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
        sizes = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+)", f.read(), re.M)}
    # Forward maps the journal's files, as much of them as journald has: those pages are not its own.
    kind = "_Anon" if name == "tracex-forward" else ""
    return {"pss": sizes["Pss" + kind], "rss": sizes["Anonymous" if kind else "Rss"], "fds": len(os.listdir(f"/proc/{pid}/fd"))}


def of_all(daemon):
    """{name: (pid, {what: value})} of those that live, but for one that tries a policy for a moment."""
    found, supervisor = {}, daemon.supervisor()
    for pid, name in [(supervisor, "tracex-auditd"), *daemon._children(supervisor)]:
        if name == "tracex-auditd" and pid != supervisor:
            continue
        try:
            found[name] = (pid, of_process(pid, name))
        except (FileNotFoundError, ProcessLookupError, KeyError):  # it has just ended
            pass
    return found


class Usage(threading.Thread):
    """Series at rest, by process and by each life of it; and the most that all took together under load."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_, self.series, self.most, self.of_most = daemon, {}, 0.0, ""
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.5):
            found = of_all(self.daemon_)
            if self.sum(found) > self.most:
                self.most = self.sum(found)
                self.of_most = ", ".join(f"{name[7:]} {values['pss'] / 1024:.1f}" for name, (_, values) in found.items())

    def close(self):
        self.ended.set()
        self.join()

    @staticmethod
    def sum(found, what="pss"):
        total = sum(values[what] for _, values in found.values())
        return total / 1024 if what == "pss" else total

    def rest(self, seconds):
        """Looks at all, while nothing is done. Returns (MiB, descriptors) of all together."""
        found = of_all(self.daemon_)
        for name, (pid, values) in found.items():
            for what, value in values.items():
                for whose in (name, f"{name} {pid}"):
                    self.series.setdefault((whose, what), []).append((seconds, value))
        return self.sum(found), self.sum(found, "fds")

    def complaints(self):
        found = []
        for (whose, what), points in self.series.items():
            if what != "fds" and len(points) < MEMORY_POINTS:
                continue
            tolerance = TOLERANCE[what] + (LEDGERS_CLIENTS if whose.startswith("tracex-ledger") and what != "fds" else 0)
            found.append(complaint(f"{what} of {whose}", points, tolerance))
        if self.most > PSS_MOST_MIB:
            found.append(f"all processes took {self.most:.1f} MiB together, and {PSS_MOST_MIB} are allowed: {self.of_most}")
        return [x for x in found if x]

    def table(self):
        """A line for each process."""
        for name in sorted({whose for whose, _ in self.series if " " not in whose}):
            lives = [points for (whose, what), points in self.series.items() if whose.startswith(name + " ") and what == "pss"]
            parts = []
            for what, unit in (("pss", "KiB"), ("fds", "descriptors")):
                points = self.series[name, what]
                grown = growth(points)
                parts.append(f"{points[0][1]} … {points[-1][1]} {unit}" + ("" if grown is None else f" ({grown:+.0f})"))
            yield f"{name}: {', '.join(parts)}; {len(lives)} lives seen at rest, the longest {max(map(len, lives))} times"
