# SPDX-License-Identifier: MIT
"""The vault's program by itself, with the supervisor's and ingest's part played here."""
import os
import socket
import struct
import subprocess

from tracexd import BUILD

VAULT = os.path.join(BUILD, "auditd/vault/tracex-vault")
CONTROL_STOP, CONTROL_INGEST, CONTROL_READY = 3, 6, 65


def make_keys(directory, *persons):
    """As if an earlier daemon had asked for their keys: {person: (ref, key)}."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ingest, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dirfd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def place():
        high = [os.dup(os.dup2(fd, 20 + i)) for i, fd in enumerate((theirs.fileno(), dirfd))]
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    child = subprocess.Popen([VAULT], preexec_fn=place, close_fds=True, pass_fds=(3, 4),
                             env={"ASAN_OPTIONS": "detect_leaks=0"})
    theirs.close()
    assert struct.unpack("<H", control.recv(65536)[:2])[0] == CONTROL_READY
    socket.send_fds(control, [struct.pack("<HHIQ", CONTROL_INGEST, 0, 0, 0)], [end.fileno()])
    end.close()
    keys = {}
    for number, person in enumerate(persons):
        ingest.send(struct.pack("<BI", 1, number) + person.encode())
        answer = ingest.recv(4096)
        assert answer[0] == 65, answer
        keys[person] = (answer[5:21], answer[21:53])
    control.send(struct.pack("<HHIQ", CONTROL_STOP, 0, 0, 0))
    child.wait(20)
    os.close(dirfd)
    return keys
