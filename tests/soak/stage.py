# SPDX-License-Identifier: MIT
"""What a soak run takes place on: a daemon with every process that it can have, a small disk for its log, old segments
that go, a service manager that keeps descriptors, a journald and a wall clock of its own."""
import json
import os
import signal
import subprocess
import time

import fd_store
from fake_clock import Clock
from tracexd import CONFIG, Daemon, wait_until

JOURNALD_PID, KEEP_DOWN = "/run/journald.pid", "/run/journald.keep-down"
# The policies that a reload goes back and forth between.
RULES = ["    - {id: colour, match: {fields: [%s]}, action: redact}\n" % name for name in ("colour", "shape", "taste")]
NAMES = ("tracex-ingest", "tracex-ledger", "tracex-signer", "tracex-vault", "tracex-forward")


def config(epoch_seconds, rule):
    text = CONFIG.replace("segment: {max_bytes: 64MiB, max_age: 1d, compress: none}", """segment: {max_bytes: 1MiB, max_age: 30s, compress: zstd}
  retain: {max_bytes: 16MiB}
  space: {reserve: 1MiB, warn: 12MiB, low: 6MiB}
  heartbeat: 5s""")
    text = text.replace("epoch: 15min", f"epoch: {epoch_seconds}s").replace("enabled: false", "enabled: true, min_severity: debug")
    return text + """masking:
  rules:
    - {id: erasable, match: {events: ["history.*"], fields: [fill]}, action: {encrypt: {subject: t}}}
""" + rule


class Stage:
    def __init__(self, seconds):
        self.epoch_seconds = int(min(60, max(5, seconds / 8)))
        self.clock, self.policy = Clock(), 0
        self.d = Daemon(config(self.epoch_seconds, RULES[0]), child_environment=self.clock.environment)
        self.store = fd_store.Store(self.d)
        os.mkdir(self.d.log)
        self.mount()

    def mount(self):
        """What soak.py has made, and where."""
        subprocess.run(["mount", "--bind", os.environ["TX_SOAK_DISK"], self.d.log], check=True)

    def close(self, failed):
        self.d.kill()
        if failed:
            print("\n".join("#   " + x for x in self.d.stderr().splitlines()[-40:]))
        if not (failed and os.environ.get("TX_KEEP")):
            subprocess.run(["umount", "-l", self.d.log], check=False)
            self.d.__exit__(None, None, None)
        self.store.close()

    # --- what disturbances do ---

    def signal(self, name, number=signal.SIGKILL):
        """To a process as soon as it runs; its pid."""
        pid = wait_until(lambda: self.d.child(name), 60, f"{name} runs")
        self.signal_to(pid, number)
        return pid

    @staticmethod
    def signal_to(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # its partner's end was its own
            pass

    def kill_supervisor(self, *names):
        """And these with it, as a service manager ends a control group; then it is started again."""
        pids = [self.d.child(name) for name in names]
        os.kill(self.d.supervisor(), signal.SIGKILL)
        for pid in filter(None, pids):
            self.signal_to(pid, signal.SIGKILL)
        self.d.process.wait()
        self.d.start()

    def restart(self):
        if self.d.stop(60) != 0:
            raise AssertionError("it did not stop cleanly")
        self.d.start()

    def kill_journald(self):
        with open(JOURNALD_PID, encoding="utf-8") as f:
            self.signal_to(int(f.read()), signal.SIGKILL)

    def reload(self):
        self.policy = (self.policy + 1) % len(RULES)
        self.d.write_config(config(self.epoch_seconds, RULES[self.policy]))
        return self.d.ctl("reload", "--allow-weaker")

    # --- rest ---

    def status(self):
        try:
            return json.loads(self.d.ctl("status", "-o", "json").stdout)
        except ValueError:  # it is being started
            return {}

    @staticmethod
    def is_idle(status):
        """Nobody is connected, and all that came is durable, signed and confirmed by the journal."""
        def of(process):
            return status.get(process, {}).get("status") or {}
        ledger = of("ledger").get("ledger", {})
        return (status.get("supervisor", {}).get("connections", {}).get("open") == 0 and
                of("ingest").get("inbox_bytes") == 0 and of("ingest").get("ledger") is True and
                ledger.get("disk") == "ok" and ledger.get("reserve") == "held" and
                ledger.get("unsynced_bytes") == 0 and ledger.get("compress_backlog") == 0 and
                ledger.get("checkpoint") == ledger.get("records") == of("forward").get("records_confirmed"))

    def settle(self, seconds=120):
        """Until it is idle. Returns how many records there are."""
        end = time.monotonic() + seconds
        while True:
            status = self.status()
            if self.is_idle(status):
                return status["ledger"]["status"]["ledger"]["records"]
            if time.monotonic() > end:
                raise AssertionError(f"it does not come to rest within {seconds} s: {json.dumps(status)}")
            time.sleep(0.05)
