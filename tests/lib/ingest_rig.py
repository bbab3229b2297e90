# SPDX-License-Identifier: MIT
"""Runs tracex-ingest alone: this plays its supervisor, its ledger and its clients (auditd/ipc/*.h, docs/wire.md)."""
import array
import contextlib
import fcntl
import hashlib
import json
import os
import re
import select
import signal
import socket
import struct
import threading
import time
import unittest

import hostile

BUILD = os.environ.get("TX_BUILD", "build")
PROGRAM = os.path.join(BUILD, "auditd/ingest/tracex-ingest")


def control_types():
    """{name: number}, as auditd/ipc/control.h has them."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../auditd/ipc/control.h")
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    begin = text.index("enum tx_control_type {")
    found, number = {}, 0
    for name, given in re.findall(r"TX_CONTROL_(\w+)(?: = (\d+))?,", text[begin:text.index("};", begin)]):
        number = int(given) if given else number + 1
        found[name] = number
    return found


TYPES = control_types()
PING, STATUS_GET, STOP, CONNECTION, LEDGER, INGEST, RELOAD, CONNECTIONS_GIVEN = (
    TYPES[x] for x in ("PING", "STATUS_GET", "STOP", "CONNECTION", "LEDGER", "INGEST", "RELOAD", "CONNECTIONS_GIVEN"))
READY, PONG, STATUS, STOPPED, CLOSED, RELOADED, FATAL = (
    TYPES[x] for x in ("READY", "PONG", "STATUS", "STOPPED", "CLOSED", "RELOADED", "FATAL"))
CONTROL = struct.Struct("<HHIQ")

BODY, QUERY, POLICY = 1, 2, 3
DURABLE, RECEIPT, LAST, PACE = 65, 66, 67, 68
FLAG_RECEIPT, FLAG_CLIENT, FLAG_KNOWN, FLAG_FORGOTTEN = 1, 2, 4, 8
FRAME = struct.Struct("<IBBH8sQQ")

INBOX_BYTES = 5 * 1024 * 1024
RINGS_BYTES = 16 * 1024  # how far each ring is drained


def memfd(data, size=None):
    fd = os.memfd_create("rig", os.MFD_CLOEXEC)
    os.write(fd, data)
    if size:
        os.ftruncate(fd, size)
    return fd


def policy(config, keys=((b"default", bytes(range(32))),), sha256=None):
    """auditd/ipc/policy.h: a descriptor."""
    data = struct.pack("<IB32sB", 0x31507854, sha256 is not None, sha256 or bytes(32), len(keys))
    data += b"".join(struct.pack("<B", len(part)) + part for key in keys for part in key)
    return memfd(data + text32(config))


def policy_change(why, rejected=b"", place=b"", allowed=0, weakened=()):
    """tx_ipc_policy_change."""
    return (text16(why) + text16(rejected) + text16(place) + struct.pack("<BBB", allowed, 0, len(weakened)) +
            b"".join(text16(text) for text in weakened))


def text16(data):
    return struct.pack("<H", len(data)) + data


def text32(data):
    return struct.pack("<I", len(data)) + data


# --- clients ---

STR, BYTES, I64, U64, F64, BOOL, JSON, NULL = range(8)


def field(name, value, kind=STR, label=0):
    packed = {STR: lambda v: text32(v), BYTES: lambda v: text32(v), JSON: lambda v: text32(v),
              I64: lambda v: struct.pack("<q", v), U64: lambda v: struct.pack("<Q", v),
              F64: lambda v: struct.pack("<d", v), BOOL: lambda v: struct.pack("<B", v), NULL: lambda v: b""}[kind](value)
    return struct.pack("<BB", kind, label) + text16(name) + packed


def record(n, event=b"test.event", fields=(), receipt=False, message=None, correlation=None):
    flags = (1 if receipt else 0) | (2 if message is not None else 0) | (4 if correlation is not None else 0)
    body = struct.pack("<QBBBBq", n, flags, 0, 6, 0, time.time_ns()) + hostile.uuid7() + text16(event)
    if message is not None:
        body += text32(message)
    if correlation is not None:
        body += text16(correlation)
    return text32(body + struct.pack("<H", len(fields)) + b"".join(fields))


def records(secret, *made):
    return hostile.datagram(hostile.RECORDS, secret + struct.pack("<H", len(made)) + b"".join(made))


class Client:
    """One connection, as the application sees it."""

    def __init__(self, lane, secret=None):
        self.lane = lane
        self.secret = secret or os.urandom(16)
        self.n = 0
        self.acked = 0
        self.receipts = {}
        self.rejects = {}
        self.order = []

    @property
    def id(self):
        return hashlib.sha256(self.secret + struct.pack(">I", os.getuid())).digest()[:8]

    def send(self, *made):
        self.lane.send(records(self.secret, *made))

    def log(self, **options):
        self.send(record(self.n, **options))
        self.n += 1

    def read(self, seconds):
        """Takes what comes within so long; False at the end of the connection."""
        if not select.select([self.lane], [], [], seconds)[0]:
            return True
        try:
            data = self.lane.recv(4096)
        except ConnectionError:
            return False
        if not data:
            return False
        reply = hostile.Reply(data)
        self.order.append((reply.kind, reply.n))
        if reply.kind == hostile.ACK:
            self.acked = reply.n
        elif reply.kind == hostile.RECEIPT:
            self.receipts[reply.n] = (struct.unpack_from("<Q", data, 16)[0], data[24:56])
        elif reply.kind == hostile.REJECT:
            self.rejects[reply.n] = data[22:].decode()
        return True

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for {what}")
            self.read(0.05)

    def wait_acked(self, n=None):
        n = self.n if n is None else n
        self.wait(lambda: self.acked >= n, f"an acknowledgement of {n}, have {self.acked}")

    def pass_descriptors(self, fds, data):
        self.lane.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])


# --- ledger ---

class Ledger(threading.Thread):
    """One stream's other end. What it has stored outlives it: `log` is the same for all."""

    def __init__(self, sock, log):
        super().__init__(daemon=True)
        self.sock = sock
        self.log = log
        self.tickets = 0
        self.bytes = 0  # of their bodies
        self.said = 0
        self.receipts = []
        self.asked = []
        self.start()

    def run(self):
        data = b""
        try:
            if self.log.pace:
                self.sock.sendall(FRAME.pack(0, PACE, 0, 0, bytes(8), self.log.pace, 0))
            while True:
                waits = self.asked or self.said < self.tickets
                if select.select([self.sock], [], [], 0.005 if waits else None)[0]:
                    got = self.sock.recv(1 << 20)
                    if not got:
                        return
                    data = self.take(data + got)
                self.answer()
        except OSError:
            return

    def take(self, data):
        at = 0
        while len(data) - at >= FRAME.size:
            length, kind, flags, _, client, first, last = FRAME.unpack_from(data, at)
            if len(data) - at < FRAME.size + length:
                break
            payload = data[at + FRAME.size:at + FRAME.size + length]
            at += FRAME.size + length
            if kind == BODY:
                self.log.store(flags, client, first, last, payload)
                if flags & FLAG_RECEIPT and (client, last) in self.log.stored:
                    self.receipts.append((self.tickets, *self.log.stored[client, last]))
                self.tickets += 1
                self.bytes += length
            elif kind == QUERY:
                self.asked.append(client)
            elif kind == POLICY:
                self.log.policies.append(payload)
            else:
                self.log.faults.append(f"frame of type {kind}")
        return data[at:]

    def answer(self):
        out = b""
        for client in [c for c in self.asked if c not in self.log.silent_for]:
            self.asked.remove(client)
            n = self.log.last.get(client)
            unknown = FLAG_FORGOTTEN if self.log.has_forgotten else 0
            out += FRAME.pack(0, LAST, unknown if n is None else FLAG_KNOWN, 0, client, 0, n or 0)
        if self.log.may_sync.is_set() and self.said < self.tickets:
            for ticket, seq, leaf in self.receipts:
                out += FRAME.pack(32, RECEIPT, 0, 0, bytes(8), ticket, seq) + leaf
            self.receipts.clear()
            self.said = self.tickets
            out += FRAME.pack(0, DURABLE, 0, 0, bytes(8), self.tickets, self.bytes)
        self.sock.sendall(out)


class Log:
    def __init__(self):
        self.bodies = []  # (client or None, first, last, body)
        self.last = {}
        self.stored = {}
        self.policies = []
        self.faults = []
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.silent_for = set()
        self.has_forgotten = False
        self.pace = 0  # bytes of bodies that may be on their way; 0: any number

    def store(self, flags, client, first, last, payload):
        if not (payload.startswith(b'"id":"') or payload.startswith(b'"by":"ingest",')) or not payload.endswith(b"}"):
            self.faults.append(f"body {payload[:40]!r}")
        if any(c < 0x20 for c in payload) or len(payload) > 65507:
            self.faults.append("a control character, or a body that is too long")
        if flags & FLAG_CLIENT:
            expected = self.last.get(client, -1) + 1
            if last < expected:
                return
            if first != expected:
                self.faults.append(f"{first} where {expected} was expected")
            self.last[client] = last
        line = b'{"seq":%d,' % len(self.bodies) + payload
        self.stored[client, last] = (len(self.bodies), hashlib.sha256(b"\0" + line).digest())
        self.bodies.append((client if flags & FLAG_CLIENT else None, first, last, payload))

    def of(self, client):
        return [(first, last, body) for c, first, last, body in self.bodies if c == client.id]

    def own(self, event):
        return [body for _, _, _, body in self.bodies
                if body.startswith(b'"by":"ingest"') and b'"event":"%s"' % event.encode() in body]


# --- supervisor ---

class Rig:
    def __init__(self, config=b"version: 1\n", uid=None, environment=None, stderr=None, control_buffer=None):
        self.environment = environment or {}
        self.stderr = stderr  # a descriptor, or our own
        self.control_buffer = control_buffer  # of what it says to us
        self.log = Log()
        self.inbox = memfd(b"", INBOX_BYTES)
        self.rings = memfd(b"", RINGS_BYTES)
        self.policy = policy(config)
        self.uid = uid
        self.connections = {}
        self.next_id = 1
        self.pid = None
        self.control = None
        self.ledger = None
        self.messages = []
        self.exit_status = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.pid:
            self.kill()
        for fd in (self.inbox, self.policy, self.rings):
            os.close(fd)
        for sock in self.connections.values():
            sock.close()

    def stream(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.ledger = Ledger(ours, self.log)
        return theirs

    def start(self, give=True, wrapper=()):
        self.control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        if self.control_buffer:
            control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.control_buffer)
        stream = self.stream()
        # High, so that none is overwritten before it has been copied.
        sources = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)
                   for fd in (control.fileno(), self.inbox, stream.fileno(), self.policy, self.rings)]
        actions = [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(sources)]
        said = [] if self.stderr is None else [fcntl.fcntl(self.stderr, fcntl.F_DUPFD_CLOEXEC, 100)]
        actions += [(os.POSIX_SPAWN_DUP2, fd, 2) for fd in said]
        argv = [*wrapper, PROGRAM, "--config-name", "/etc/tracex.yaml"]
        if self.uid is not None:
            argv += ["--uid", str(self.uid), "--gid", str(self.uid)]
        # Looking for leaks takes system calls that the sandbox rightly kills for.
        environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0",
                           **self.environment)
        self.pid = os.posix_spawnp(argv[0], argv, environment, file_actions=actions)
        for fd in sources + said:
            os.close(fd)
        control.close()
        stream.close()
        if give:
            self.give_connections()
        return self

    def give_connections(self):
        for number, sock in self.connections.items():
            self.say(CONNECTION, number, self.identity(), sock.fileno())
        self.say(CONNECTIONS_GIVEN)

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)
        self.wait_exit()

    def wait_exit(self, seconds=30):
        end = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError("it did not end")
            time.sleep(0.005)
        self.pid = None
        self.exit_status = os.waitstatus_to_exitcode(status)
        self.control.close()
        return self.exit_status

    def alive(self):
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def restart(self):
        self.kill()
        return self.start()

    def say(self, kind, argument=0, payload=b"", fd=None):
        ancillary = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.control.sendmsg([CONTROL.pack(kind, 0, len(payload), argument) + payload], ancillary)

    def hear(self, kind, seconds=30):
        """The next message of this kind; others are kept."""
        end = time.monotonic() + seconds
        while True:
            for i, message in enumerate(self.messages):
                if message[0] == kind:
                    return self.messages.pop(i)
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.control], [], [], left)[0]:
                raise AssertionError(f"waited {seconds} s for message {kind}")
            data = self.control.recv(1 << 16)
            if not data:
                raise AssertionError("it has ended")
            got, _, _, argument = CONTROL.unpack_from(data)
            self.messages.append((got, argument, data[CONTROL.size:]))
            if got == CLOSED:
                self.connections.pop(argument).close()

    def status(self):
        self.say(STATUS_GET)
        return self.hear(STATUS)[2]

    def identity(self, pid=None, uid=None):
        return struct.pack("<III", pid or os.getpid(), os.getuid() if uid is None else uid, os.getgid()) + text16(b"rig") + \
            text16(b"/usr/bin/rig") + text16(b"rig.service")

    def connect(self, secret=None, pid=None, uid=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        number = self.next_id
        self.next_id += 1
        self.connections[number] = theirs
        with contextlib.suppress(BrokenPipeError):  # one that has just ended gets it at its next start
            self.say(CONNECTION, number, self.identity(pid, uid), theirs.fileno())
        return Client(ours, secret)

    def new_ledger(self):
        stream = self.stream()
        self.say(LEDGER, 0, b"", stream.fileno())
        stream.close()

    def inbox_bytes(self):
        return os.pread(self.inbox, INBOX_BYTES, 0)

    def descriptors(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except PermissionError as e:
            raise unittest.SkipTest("only root sees the descriptors of a process that cannot be dumped") from e


# --- what the tests say ---


def line(body):
    """A stored body as the record that it is."""
    return json.loads(b'{"seq":0,' + body)


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.005)


class Case(unittest.TestCase):
    def every_number_once(self, r, client, n):
        """What the ledger stored of a client covers 0 … n-1, each once, in order."""
        self.assertEqual(r.log.faults, [])
        covered = [i for first, last, _ in r.log.of(client) for i in range(first, last + 1)]
        self.assertEqual(covered, list(range(n)))

    def others_notice_nothing(self, r):
        other = r.connect()
        other.log(fields=[field(b"k", b"v")])
        other.wait_acked()
        self.assertTrue(r.alive())
        self.assertEqual(r.log.faults, [])
