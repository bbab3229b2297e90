# SPDX-License-Identifier: MIT
"""Runs tracex-ledger with a real tracex-signer: this plays their supervisor and ingest (auditd/ipc/*.h)."""
import collections
import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import second_verifier
from ingest_rig import (BODY, BUILD, CONTROL, DURABLE, FATAL, FLAG_CLIENT, FLAG_KNOWN, FLAG_RECEIPT, FRAME, INGEST, LAST,
                        PACE, POLICY, QUERY, READY, RECEIPT, STATUS, STATUS_GET, STOP, STOPPED, memfd)

LEDGER = os.path.join(BUILD, "auditd/ledger/tracex-ledger")
SIGNER = os.path.join(BUILD, "auditd/signer/tracex-signer")
VERIFY = os.path.join(BUILD, "tools/auditverify/tracex-auditverify")
FAIL = os.path.join(BUILD, "tests/lib/fail-syscall")

ORIGIN = "rig.example/audit"
CONFIG = """version: 1
log:
  origin: %s
  segment: {max_bytes: %s, max_age: 1d, compress: %s}
  commit_interval: %s
  checkpoint_interval: %s
  heartbeat: %s
  space: {reserve: %s, warn: off, low: off}
%skeys: {epoch: 15min, epoch_records: %d}
forward: {journald: {enabled: %s}}
"""


class Ended(AssertionError):
    """A process ended though nobody asked it to."""


def spawn(argv, fds, more=None):
    """Starts a program with these descriptors from 3 on."""
    sources = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in fds]
    actions = [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(sources)]
    # Looking for leaks takes system calls that the sandbox rightly kills for.
    environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0", **(more or {}))
    try:
        return os.posix_spawnp(argv[0], argv, environment, file_actions=actions)
    finally:
        for fd in sources:
            os.close(fd)


def body_of(client, n, fill=40):
    text = f'"id":"{client.hex()}-{n}","time":"2026-01-01T00:00:00.000000000Z","event":"rig.event",' \
           f'"source":{{"client":"{client.hex()}","n":{n}}},"data":{{"fill":"{"x" * fill}"}}}}'
    return text.encode()


def lost_body(client, first, last):
    return (f'"by":"ingest","time":"2026-01-01T00:00:00.000000000Z","event":"tracex.lost",'
            f'"data":{{"client":"{client.hex()}","first":{first},"last":{last},"why":"rig"}}}}').encode()


def frame(kind, payload=b"", flags=0, client=bytes(8), first=0, last=0):
    return FRAME.pack(len(payload), kind, flags, 0, client, first, last) + payload


class Ingest:
    """Our end of one stream."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.sent = []  # a ticket's (client, n), or None
        self.durable = 0
        self.bytes = self.bytes_durable = 0  # of bodies
        self.pace = None
        self.receipts = {}  # ticket → (seq, leaf)
        self.answers = collections.deque()
        self.ended = False

    def send(self, data):
        """All of it, reading meanwhile what comes; False when the other side is gone."""
        view = memoryview(data)
        while view and not self.ended:
            _, writable, _ = select.select([], [self.sock], [], 0.05)
            if writable:
                try:
                    view = view[self.sock.send(view, socket.MSG_DONTWAIT):]
                except BlockingIOError:
                    pass
                except OSError:
                    self.ended = True
            self.read(0)
        return not self.ended

    def send_body(self, payload, client=None, first=0, last=0, receipt=False):
        flags = (FLAG_RECEIPT if receipt else 0) | (FLAG_CLIENT if client else 0)
        self.sent.append((client, last) if client else None)
        self.bytes += len(payload)
        return self.send(frame(BODY, payload, flags, client or bytes(8), first, last))

    def read(self, seconds):
        if self.ended or self.sock.fileno() < 0 or not select.select([self.sock], [], [], seconds)[0]:
            return
        try:
            got = self.sock.recv(1 << 20)
        except OSError:
            got = b""
        self.ended = not got
        self.data += got
        at = 0
        while len(self.data) - at >= FRAME.size:
            length, kind, flags, _, client, first, last = FRAME.unpack_from(self.data, at)
            if len(self.data) - at < FRAME.size + length:
                break
            payload = self.data[at + FRAME.size:at + FRAME.size + length]
            at += FRAME.size + length
            if kind == DURABLE:
                assert first > self.durable and first <= len(self.sent), f"DURABLE {first} of {len(self.sent)}"
                assert last >= self.bytes_durable, "fewer bytes are durable than before"
                self.durable, self.bytes_durable = first, last
            elif kind == PACE:
                self.pace = first
            elif kind == RECEIPT:
                assert first >= self.durable, "a receipt comes before its DURABLE"
                self.receipts[first] = (last, payload)
            elif kind == LAST:
                self.answers.append((client, last if flags & FLAG_KNOWN else None))
            else:
                raise AssertionError(f"frame of type {kind}")
        self.data = self.data[at:]

    def close(self):
        self.sock.close()


class Rig:
    def __init__(self, max_bytes="64MiB", compress="none", commit="0ms", checkpoint="1ms", heartbeat="off",
                 epoch_records=1000000, epoch_ns=900 * 10**9, uid=None, reserve="off", more="", sink=False):
        self.dir = tempfile.mkdtemp(prefix="tracex-ledger-")
        os.chmod(self.dir, 0o755)
        self.uid = uid
        self.sink = sink  # whether there is one; its cursor is the file cursor in sink/
        for name in ("log", "state", "keys", "sink"):
            os.mkdir(self.path(name), 0o750)
            if uid is not None:
                os.chown(self.path(name), uid, uid)
        self.config = CONFIG % (ORIGIN, max_bytes, compress, commit, checkpoint, heartbeat, reserve, more,
                                epoch_records, "true" if sink else "false")
        self.epochs = ("--epoch-ns", str(epoch_ns), "--epoch-records", str(epoch_records))
        self.ledger = self.signer = self.ingest = self.control = self.signer_control = None
        self.messages = []
        self.stored = {}  # what was acknowledged: (client, n) → None or (seq, leaf)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    @property
    def log(self):
        return self.path("log")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill()
        if not (kind and os.environ.get("TX_KEEP")):
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- life ---

    def start(self, wrapper=(), ready=True, signer_wrapper=(), environment=None):
        with contextlib.ExitStack() as stack:
            def pair(kind):
                ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
                stack.callback(theirs.close)
                return ours, theirs

            def opened(fd):
                stack.callback(os.close, fd)
                return fd

            def directory(name):
                return opened(os.open(self.path(name), os.O_RDONLY | os.O_DIRECTORY))
            self.control, control = pair(socket.SOCK_SEQPACKET)
            self.signer_control, signer_control = pair(socket.SOCK_SEQPACKET)
            ingest, stream = pair(socket.SOCK_STREAM)
            notary, signer_end = pair(socket.SOCK_SEQPACKET)
            stack.callback(notary.close)
            self.ingest = Ingest(ingest)
            user = [] if self.uid is None else ["--uid", str(self.uid), "--gid", str(self.uid)]
            name = ["--config-name", "/etc/tracex.yaml", *user]
            self.messages.clear()
            self.signer = spawn([*signer_wrapper, SIGNER, *name, "--origin", ORIGIN, *self.epochs],
                                [signer_control.fileno(), signer_end.fileno(), directory("keys")])
            self.ledger = spawn([*wrapper, LEDGER, *name],
                                [control.fileno(), stream.fileno(), notary.fileno(), opened(memfd(self.config.encode())),
                                 directory("log"), directory("state"),
                                 *([directory("sink")] if self.sink else [])], environment)
        if ready:
            self.hear(READY)
        return self

    def wait_exit(self, name="ledger", seconds=30):
        pid, end = getattr(self, name), time.monotonic() + seconds
        while True:
            got, status = os.waitpid(pid, os.WNOHANG)
            if got:
                setattr(self, name, None)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                raise AssertionError(f"{name} did not end")
            time.sleep(0.002)

    def kill(self):
        """kill -9 of both."""
        for name in ("ledger", "signer"):
            if getattr(self, name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(getattr(self, name), signal.SIGKILL)
                self.wait_exit(name)
        self.close()

    def close(self):
        if self.ingest:
            self.note_durable()
            self.ingest.close()
            self.control.close()
            self.signer_control.close()
        self.ingest = None

    def ended(self):
        """After the ledger has ended by itself: its exit status, and the signer has ended too."""
        status = self.wait_exit()
        self.wait_exit("signer")
        self.close()
        return status

    def stop(self):
        self.say(STOP)
        self.hear(STOPPED)
        return self.ended()

    def new_stream(self):
        self.note_durable()
        self.ingest.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.ingest = Ingest(ours)
        self.say(INGEST, fd=theirs.fileno())
        theirs.close()

    # --- the supervisor's words ---

    def say(self, kind, argument=0, payload=b"", fd=None):
        socket.send_fds(self.control, [CONTROL.pack(kind, 0, len(payload), argument) + payload], [] if fd is None else [fd])

    def hear(self, kind, seconds=60):
        end = time.monotonic() + seconds
        while True:
            for i, message in enumerate(self.messages):
                if message[0] == kind:
                    return self.messages.pop(i)[2]
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.control], [], [], left)[0]:
                raise AssertionError(f"waited {seconds} s for message {kind}")
            try:
                data = self.control.recv(1 << 16)
            except ConnectionError:
                data = b""
            if not data:
                raise Ended(f"it has ended before message {kind}")
            got, _, _, argument = CONTROL.unpack_from(data)
            self.messages.append((got, argument, data[CONTROL.size:]))

    def status(self):
        self.say(STATUS_GET)
        return json.loads(self.hear(STATUS))["ledger"]

    def fatal(self):
        return self.hear(FATAL).decode()

    # --- ingest's ---

    def put(self, client, numbers, receipt=False, fill=40):
        for n in numbers:
            self.ingest.send_body(body_of(client, n, fill), client, n, n, receipt)

    def wait_durable(self, seconds=60):
        """Everything that was sent on this stream is acknowledged; False when the ledger has gone."""
        end = time.monotonic() + seconds
        while self.ingest.durable < len(self.ingest.sent) and not self.ingest.ended:
            if time.monotonic() > end:
                raise AssertionError(f"{self.ingest.durable} of {len(self.ingest.sent)} are durable after {seconds} s")
            self.ingest.read(0.2)
        self.note_durable()
        return not self.ingest.ended

    def note_durable(self):
        self.ingest.read(0)
        for ticket, name in enumerate(self.ingest.sent[:self.ingest.durable]):
            if name:
                self.stored[name] = self.ingest.receipts.get(ticket) or self.stored.get(name)

    def query(self, client, seconds=30):
        self.ingest.send(frame(QUERY, client=client))
        end = time.monotonic() + seconds
        while not self.ingest.answers:
            if time.monotonic() > end:
                raise AssertionError("no answer")
            self.ingest.read(0.2)
        name, last = self.ingest.answers.popleft()
        assert name == client
        return last

    def policy(self, text):
        self.ingest.send(frame(POLICY, text))

    # --- the disk's ---

    def segments(self):
        return sorted(n for n in os.listdir(self.log) if n[:20].isdigit() and n.endswith((".jsonl", ".jsonl.zst")))

    def last_segment(self):
        return os.path.join(self.log, self.segments()[-1])

    def torn(self):
        return sorted(n for n in os.listdir(self.log) if ".torn-" in n)

    def tear(self, path, change):
        """Replaces a file's bytes, without zeros laid out behind them, by what change() makes of them."""
        with open(path, "rb") as f:
            data = f.read().rstrip(b"\0")
        with open(path, "wb") as f:
            f.write(change(data))

    def content(self):
        """Every file of the log, by its bytes."""
        found = {}
        for directory, _, names in os.walk(self.log):
            for name in names:
                with open(os.path.join(directory, name), "rb") as f:
                    found[os.path.join(directory, name)] = f.read()
        return found

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            self.ingest.read(0.005)

    def wait_checkpoint(self):
        def covered():
            status = self.status()
            return status["checkpoint"] == status["records"] and status["unsynced_bytes"] == 0
        self.wait(covered, "a checkpoint of every record")

    def check(self):
        """The log is valid, and what was acknowledged stands in it once, as the receipt says."""
        log = second_verifier.Log(self.log).read()
        verdict = subprocess.run([VERIFY, "-q", self.log], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 timeout=60, check=False)
        assert verdict.returncode == 0, f"tracex-auditverify says {verdict.returncode}: {verdict.stdout}"
        seen = {}
        for seq, line in enumerate(log.records):
            record = json.loads(line)
            if "source" in record:
                name = (bytes.fromhex(record["source"]["client"]), record["source"]["n"])
                if name in seen:
                    raise AssertionError(f"{name} stands twice: {seen[name]} and {seq}")
                seen[name] = (seq, hashlib.sha256(b"\0" + line).digest())
        for name, receipt in self.stored.items():
            if name not in seen:
                raise AssertionError(f"{name} was acknowledged and is not there")
            if receipt and receipt != seen[name]:
                raise AssertionError(f"{name}: the receipt says {receipt}, the log {seen[name]}")
        return log

    def events(self):
        return [json.loads(x)["event"] for x in self.check().records]


@contextlib.contextmanager
def unchecked_signatures():
    """For many runs, where it is the lines that count: Python takes long for a signature."""
    kept, second_verifier.ed25519_verify = second_verifier.ed25519_verify, lambda *_: True
    try:
        yield
    finally:
        second_verifier.ed25519_verify = kept
