# SPDX-License-Identifier: MIT
"""A client that speaks docs/wire.md by itself, so that it can also speak it wrongly."""
import array
import os
import socket
import struct
import time

HEADER = struct.Struct("<2sBBI")
RECORDS, WELCOME, ACK, RECEIPT, REJECT = 1, 65, 66, 67, 68


def connect(path):
    """Returns the socket that the daemon hands out (and says WELCOME with)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(10)
        s.connect(path)
        data, control, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(64))
        magic, version, kind, length = HEADER.unpack_from(data)
        assert (magic, version, kind, length) == (b"TX", 1, WELCOME, len(data)), data
        fds = array.array("i")
        for level, typ, payload in control:
            if (level, typ) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(payload[:len(payload) // 4 * 4])
        assert len(fds) == 1
        lane = socket.socket(fileno=fds[0])
        lane.settimeout(10)
        return lane


def datagram(kind, payload, version=1, length=None, magic=b"TX"):
    return HEADER.pack(magic, version, kind, 8 + len(payload) if length is None else length) + payload


STR, BYTES, I64, U64, F64, BOOL, JSON, NULL = range(8)


def text(width, value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("<H" if width == 2 else "<I", len(value)) + value


def field(name, value, kind=STR, label=0):
    return bytes([kind, label]) + text(2, name) + (text(4, value) if kind in (STR, BYTES, JSON) else value)


def record(n, event="hostile.event", fields=(), n_fields=None, receipt=True, outcome=0, severity=6):
    body = struct.pack("<QBBBBq", n, 1 if receipt else 0, outcome, severity, 0, time.time_ns()) + uuid7()
    body += text(2, event) + struct.pack("<H", len(fields) if n_fields is None else n_fields) + b"".join(fields)
    return struct.pack("<I", len(body)) + body


def records(secret, *items, count=None):
    return datagram(RECORDS, secret + struct.pack("<H", len(items) if count is None else count) + b"".join(items))


class Reply:
    def __init__(self, data):
        _, _, self.kind, _ = HEADER.unpack_from(data)
        self.n = struct.unpack_from("<Q", data, 8)[0]
        self.data = data


def replies(lane, seconds=0.5):
    """All that comes until nothing comes for so long, or the other side closes."""
    found = []
    lane.settimeout(seconds)
    try:
        while True:
            data = lane.recv(4096)
            if not data:
                break
            found.append(Reply(data))
    except (TimeoutError, ConnectionError):
        pass
    return found


def closed(lane, seconds=10):
    """True when the daemon has closed this connection."""
    lane.settimeout(0.2)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if not lane.recv(4096):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def uuid7():
    raw = bytearray(struct.pack(">Q", time.time_ns() // 1000000)[2:] + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)
