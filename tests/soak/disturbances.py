# SPDX-License-Identifier: MIT
"""What is done to a daemon while it works: a class for each kind, of which none knows another: any of them may come while
others last."""
import os
import signal
import socket
import time

import hostile
from fake_clock import DAY, SECOND, moved_to
from stage import KEEP_DOWN, NAMES

ALL = ("tracex-auditd", *NAMES)
# Ledger and signer end together.
PARTNERS = {"tracex-ledger": ("tracex-ledger", "tracex-signer"), "tracex-signer": ("tracex-ledger", "tracex-signer")}


def ended_with(*names):
    return {partner for name in names for partner in PARTNERS.get(name, (name,))}


class Disturbance:
    weight = 1
    seconds = 0  # more: it lasts, and has an end()
    ends = frozenset()  # the processes that do not outlive it
    may_come_beside = True  # others that last

    def __init__(self, stage, crowd, rng):
        self.stage, self.crowd, self.rng = stage, crowd, rng

    @property
    def name(self):
        return " ".join(word for word in (self.__doc__ or "").split())

    def begin(self):
        raise NotImplementedError

    def end(self):
        pass


# --- processes ---


class Kill(Disturbance):
    weight = 2

    def __init__(self, victims, *rest):
        super().__init__(*rest)
        self.victims, self.ends = victims, ended_with(*victims)

    @property
    def name(self):
        return "kill of " + " and ".join(victim[7:] for victim in self.victims)

    def begin(self):
        for victim in self.victims:
            self.stage.signal(victim)


class KillWhileItRecovers(Kill):
    weight = 1

    @property
    def name(self):
        return super().name + " again and again"

    def begin(self):
        for _ in range(self.rng.randint(2, 4)):
            super().begin()
            time.sleep(self.rng.uniform(0, 0.06))


class Pause(Kill):
    weight = 1

    @property
    def name(self):
        return f"SIGSTOP of {self.victims[0][7:]}"

    @property
    def seconds(self):
        return self.rng.uniform(0, 0.6)

    def begin(self):
        self.pid = self.stage.signal(self.victims[0], signal.SIGSTOP)

    def end(self):
        self.stage.signal_to(self.pid, signal.SIGCONT)


class Hang(Pause):
    """Longer than the supervisor waits: it is replaced."""
    weight = 0.1

    @property
    def name(self):
        return super().name + " until it is replaced"

    seconds = 13


class KillSupervisor(Disturbance):
    """kill of the supervisor"""
    weight = 3
    ends = frozenset(ALL)

    def begin(self):
        self.stage.kill_supervisor()


class KillAll(Disturbance):
    """kill of the supervisor and some at once"""
    weight = 3
    ends = frozenset(ALL)

    def begin(self):
        self.stage.kill_supervisor(*self.rng.sample(NAMES, self.rng.randint(1, len(NAMES))))


class Restart(Disturbance):
    """stop and start"""
    weight = 2
    ends = frozenset(ALL)
    may_come_beside = False

    def begin(self):
        self.stage.restart()


class KillClient(Disturbance):
    """kill of a client"""
    weight = 4

    def begin(self):
        self.crowd.kill_one(self.rng)


# --- what it works with ---


class FullDisk(Disturbance):
    """full disk"""
    weight = 2

    @property
    def seconds(self):
        return self.rng.uniform(0.5, 4)

    def begin(self):
        self.path = os.path.join(self.stage.d.log, "ballast")
        with open(self.path, "wb") as f:
            st = os.fstatvfs(f.fileno())
            try:
                os.posix_fallocate(f.fileno(), 0, max(st.f_bavail * st.f_frsize - self.rng.randint(0, 2 << 20), 4096))
            except OSError:  # somebody else took it
                pass

    def end(self):
        os.unlink(self.path)


class JournaldDown(Disturbance):
    """journald stopped and started"""
    weight = 1

    @property
    def seconds(self):
        return self.rng.uniform(0.5, 6)

    def begin(self):
        with open(KEEP_DOWN, "w", encoding="ascii"):
            pass
        self.stage.kill_journald()

    def end(self):
        os.unlink(KEEP_DOWN)


class KillJournald(Disturbance):
    """kill of journald"""

    def begin(self):
        if not os.path.exists(KEEP_DOWN):
            self.stage.kill_journald()


class ClockJump(Disturbance):
    """clock jump"""
    weight = 2

    @property
    def seconds(self):
        return self.rng.uniform(0.2, 3)

    def begin(self):
        self.stage.clock.move(self.rng.choice((400 * DAY, -400 * DAY, moved_to(1970), moved_to(2038, 1, 19) - SECOND,
                                               moved_to(2106, 3, 1), -5 * SECOND, 3600 * SECOND)))

    def end(self):
        self.stage.clock.move(0)


# --- what is asked of it ---


class Reload(Disturbance):
    """reload of the policy"""
    weight = 2

    def begin(self):
        self.stage.reload()


class Erase(Disturbance):
    """erasure of a person's key"""

    def begin(self):
        self.stage.d.ctl("erase", "--subject", str(self.rng.randrange(3)), "--request", "soak")


class Status(Disturbance):
    """status"""

    def begin(self):
        self.stage.status()


class Storm(Disturbance):
    """connection storm"""
    weight = 2
    N = 200

    @property
    def seconds(self):
        return self.rng.uniform(0, 1)

    def begin(self):
        self.sockets = []
        for number in range(self.N):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            try:
                s.connect(self.stage.d.socket)
                if number % 4 == 0:
                    s.setblocking(True)
                    s.close()
                    s = hostile.connect(self.stage.d.socket)
                    s.send(b"TXrubbish" if number % 8 else b"")
            except OSError:  # it is full, or away
                pass
            self.sockets.append(s)

    def end(self):
        for s in self.sockets:
            s.close()


def make(stage, crowd, rng, is_long):
    """Each kind once."""
    rest = (stage, crowd, rng)
    found = []
    for name in NAMES:
        found += [Kill((name,), *rest), KillWhileItRecovers((name,), *rest), Pause((name,), *rest)]
        if is_long:
            found.append(Hang((name,), *rest))
    for pair in (("tracex-ingest", "tracex-ledger"), ("tracex-ingest", "tracex-signer"), ("tracex-ingest", "tracex-vault"),
                 ("tracex-ledger", "tracex-forward")):
        found.append(Kill(pair, *rest))
    for kind in (KillSupervisor, KillAll, Restart, KillClient, FullDisk, JournaldDown, KillJournald, ClockJump, Reload,
                 Erase, Status, Storm):
        found.append(kind(*rest))
    return found
