# SPDX-License-Identifier: MIT
"""The real daemon in a directory of its own, for tests: start, log, kill, stop, read, verify."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TX_BUILD", os.path.join(SOURCE, "build"))

AUDITD = os.path.join(BUILD, "auditd/supervisor/tracex-auditd")
VERIFY = os.path.join(BUILD, "tools/auditverify/tracex-auditverify")
CTL = os.path.join(BUILD, "tools/ctl/tracexctl")
EMIT = os.path.join(BUILD, "tests/lib/tx-emit")
CHILDREN = ("tracex-ingest", "tracex-ledger", "tracex-signer")

CONFIG = """version: 1
socket: {path: run/audit.sock, mode: "0666"}
control: {path: run/control.sock, mode: "0600"}
state_dir: state
log:
  dir: log
  origin: test.example/audit
  segment: {max_bytes: 64MiB, max_age: 1d, compress: none}
keys: {dir: keys, epoch: 15min}
forward:
  journald: {enabled: false}
"""


def wait_until(condition, seconds=20, what="condition"):
    """Polls until condition() is true; a generous limit that only a defect reaches."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not reached within {seconds} s: {what}")


@contextlib.contextmanager
def on_small_disk(case, daemon, path):
    """A file system of 1 MiB at `path`, until the daemon, which may be started meanwhile, has been killed."""
    os.mkdir(path)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], check=False).returncode:
        case.skipTest("no tmpfs may be mounted here")
    try:
        yield
    finally:
        daemon.kill()
        subprocess.run(["umount", "-l", path], check=False)


def descriptors(pid):
    """What each open one of a process is; those that are closed meanwhile are left out."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            yield os.readlink(f"/proc/{pid}/fd/{fd}")


class Daemon:
    """Use as a context manager; the directory goes with it unless the test failed and TX_KEEP is set."""

    def __init__(self, config=CONFIG, wrapper=(), environment=None, ingest_environment=None, preexec=None,
                 child_environment=None, late=()):
        self.dir = tempfile.mkdtemp(prefix="tracex-test-")
        os.chmod(self.dir, 0o755)
        self.config = os.path.join(self.dir, "tracex.yaml")
        self.write_config(config)
        self.wrapper = list(wrapper)
        self.environment = dict(os.environ, **(environment or {}))
        self.stderr_path = os.path.join(self.dir, "stderr")
        variables = dict.fromkeys(("ingest", "ledger", "signer"), child_environment) if child_environment else \
            {"ingest": ingest_environment} if ingest_environment else {}
        self.late = late
        self.auditd = self.with_programs(variables) if variables or late else AUDITD
        self.preexec = preexec
        self.prefix = lambda: ([], [])  # before its command, and descriptors for it (fd_store.py)
        self.process = None
        self.said_before = 0  # the length of what earlier ones have written to standard error

    def with_programs(self, variables):
        """The supervisor gives its children no environment: a copy of it that finds other programs, which are the real
        ones with these variables, {name: {…}}, and those of `late` only when they are let go; they may be made to
        crash, too."""
        place = os.path.join(self.dir, "programs")
        os.mkdir(place)
        for name in ("ingest", "ledger", "signer", "vault", "forward"):
            real, path = os.path.join(BUILD, f"auditd/{name}/tracex-{name}"), os.path.join(place, f"tracex-{name}")
            if name not in variables and name not in self.late:
                os.symlink(real, path)
                continue
            with open(path, "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\n" + "".join(f"export {k}='{v}'\n" for k, v in variables.get(name, {}).items()) +
                        (self.late_start(name) if name in self.late else "") +
                        f"exec '{real}' \"$@\"\n")
            os.chmod(path, 0o755)
        return shutil.copy(AUDITD, place)

    def gate(self, name):
        return os.path.join(self.dir, "gate-" + name)

    def late_start(self, name):
        return (f"until [ -e '{self.gate(name)}' ]; do sleep 0.01; done\n"
                f"[ ! -s '{self.gate(name)}' ] || exit 1\n")

    def let_go(self, name, crashes=False):
        """A child of `late`, and each after it, until it is held again."""
        with open(self.gate(name) + ".new", "w", encoding="utf-8") as f:
            f.write("crash" * crashes)
        os.rename(f.name, self.gate(name))

    def hold(self, name):
        os.remove(self.gate(name))

    def write_config(self, text):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        self.kill()
        if kind is not None:
            print("# daemon said:\n" + "\n".join("#   " + x for x in self.stderr().splitlines()[-40:]))
        if not (kind and os.environ.get("TX_KEEP")):
            shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def log(self):
        return os.path.join(self.dir, "log")

    @property
    def socket(self):
        return os.path.join(self.dir, "run/audit.sock")

    def stderr(self):
        try:
            with open(self.stderr_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def start(self, *options, ready=True):
        self.said_before = len(self.stderr())
        prefix, fds = self.prefix()
        with open(self.stderr_path, "a", encoding="utf-8") as err:
            self.process = subprocess.Popen([*self.wrapper, *prefix, self.auditd, "-c", self.config, *options],
                                            stdin=subprocess.DEVNULL, stdout=err, stderr=err, cwd=self.dir,
                                            env=self.environment, start_new_session=True, pass_fds=fds, preexec_fn=self.preexec)
        if ready:
            self.wait_until_ready()
        return self

    def is_ready(self):
        return re.search(r"\bready\b", self.stderr()[self.said_before:]) is not None

    def wait_until_ready(self):
        wait_until(lambda: self.is_ready() or self._ended(), 30, "ready")
        if self._ended():
            raise AssertionError(f"the daemon ended with {self.process.returncode}")

    def _ended(self):
        return self.process.poll() is not None

    def stop(self, seconds=30):
        """SIGTERM; returns the exit status."""
        os.kill(self.supervisor(), signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.process and not self._ended():
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def supervisor(self):
        """Its pid; a wrapper such as strace runs it as a child."""
        if not self.wrapper:
            return self.process.pid
        return self._children(self.process.pid)[0][0]

    @staticmethod
    def _children(pid):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as f:
                    text = f.read()
            except (FileNotFoundError, ProcessLookupError):
                continue
            name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
            if int(rest[1]) == pid and rest[0] != "Z":
                found.append((int(entry), name))
        return found

    def child(self, name):
        """The pid of the child whose command begins so, or None."""
        for pid, comm in self._children(self.supervisor()):
            if comm.startswith(name[:15]):
                return pid
        return None

    def emit(self, *arguments, check=True, timeout=60, **kwargs):
        result = subprocess.run([EMIT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, timeout=timeout, env=dict(os.environ, TRACEX_SOCKET=self.socket),
                                **kwargs)
        if check and result.returncode != 0:
            raise AssertionError(f"tx-emit {arguments}: {result.returncode} {result.stdout} {result.stderr}")
        return result

    def emit_in_background(self, *arguments):
        """Its output goes to files (.stdout, .stderr of the result), so that no pipe ever fills."""
        out, err = (tempfile.TemporaryFile("w+", dir=self.dir) for _ in range(2))
        process = subprocess.Popen([EMIT, *map(str, arguments)], stdout=out, stderr=err,
                                   env=dict(os.environ, TRACEX_SOCKET=self.socket))
        process.stdout, process.stderr = out, err
        return process

    def segments(self):
        return sorted(n for n in os.listdir(self.log) if re.fullmatch(r"\d{20}\.jsonl(\.zst)?", n))

    def _segment_bytes(self, first):
        """Of the plain file while there is one: the ledger removes it once the compressed one is on the disk."""
        path = os.path.join(self.log, first + ".jsonl")
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            result = subprocess.run(["zstd", "-dcq", path + ".zst"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if result.returncode != 0 and os.path.exists(path + ".zst"):
                raise
            return result.stdout  # nothing of one that was removed meanwhile

    def lines(self):
        for first in sorted({name[:20] for name in self.segments()}):
            yield from self.whole_lines(self._segment_bytes(first))

    @staticmethod
    def whole_lines(data):
        """Without space laid out ahead, and without a line that is just being written."""
        data = data.split(b"\0")[0]
        return data[:data.rfind(b"\n") + 1].splitlines()

    def records(self, event=None):
        found = [json.loads(x) for x in self.lines() if not x.startswith(b'{"tracex":')]
        return [r for r in found if event is None or r["event"] == event]

    def wait_for_checkpoint(self):
        """Until a checkpoint covers every record that stands in the log now: what a segment that was given up has
        beyond its end stands in the next one."""
        last = max(name[:20] for name in self.segments())
        size = int(last) + sum(not x.startswith(b'{"tracex":') for x in self.whole_lines(self._segment_bytes(last)))

        def covered():
            try:
                with open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as f:
                    return int(f.read().split("\n")[1]) >= size
            except FileNotFoundError:
                return False
        wait_until(covered, 30, f"a checkpoint of {size} records")

    def proven_records(self):
        """As records(), but of a segment that was given up only what stands before the next one begins."""
        names = self.segments()
        firsts = [int(n[:20]) for n in names] + [None]
        for number, name in enumerate(names):
            with open(os.path.join(self.log, name), "rb") as f:
                for line in self.whole_lines(f.read()):
                    if line.startswith(b'{"tracex":'):
                        continue
                    record = json.loads(line)
                    if firsts[number + 1] is None or record["seq"] < firsts[number + 1]:
                        yield record

    def verify(self, *options):
        """tracex-auditverify on the log: (exit status, text)."""
        result = subprocess.run([VERIFY, *options, self.log], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=120)
        return result.returncode, result.stdout

    def request(self, text):
        """Asks through the control socket; what is returned will have the answer."""
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked.settimeout(60)
        asked.connect(os.path.join(self.dir, "run/control.sock"))
        asked.send(text.encode())
        return asked

    def ask(self, text):
        with self.request(text) as asked:
            return json.loads(asked.recv(1 << 18))

    def status(self):
        result = self.ctl("status", "-o", "json")
        if result.returncode != 0:
            raise AssertionError(f"tracexctl status: {result.returncode} {result.stderr}")
        return json.loads(result.stdout)

    def state(self, child):
        """ "ready", "starting" …; None while nobody answers. """
        result = self.ctl("status", "-o", "json")
        return json.loads(result.stdout).get(child, {}).get("state") if result.returncode == 0 else None

    def status_of(self, child):
        """What it says of itself: it may be slow to answer, or just be starting."""
        return wait_until(lambda: self.status()[child].get("status"), 30, f"{child} tells its status")

    def ctl(self, *arguments):
        return subprocess.run([CTL, "-c", self.config, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)
