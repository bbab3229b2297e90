# SPDX-License-Identifier: MIT
"""Personal data that nobody has: made anew for each run, put into records in every way, and looked for afterwards."""
import base64
import json
import os
import random
import struct
import subprocess

import hostile
from hostile import BYTES, F64, I64, JSON, STR, U64

BUILD = os.environ.get("TX_BUILD", "build")
FIND = os.path.join(BUILD, "tests/lib/find-canaries")

UNMASKED = "version: 1\nmasking: {preset: none, i_accept_unmasked: true}\n"  # for controls

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def luhn(digits):
    """The check digit for digits without one."""
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (2 if i % 2 == 0 else 1)
        total += d - 9 if d > 9 else d
    return str(-total % 10)


class Maker:
    def __init__(self, seed=None):
        self.seed = random.randrange(1 << 32) if seed is None else seed
        self.random = random.Random(self.seed)

    def word(self, n):
        return "".join(self.random.choice(LETTERS) for _ in range(n))

    def digits(self, n):
        return "".join(self.random.choice("0123456789") for _ in range(n))

    def pan(self):
        """Its last four digits, which may be seen, stand nowhere else in it."""
        while True:
            body = "4929" + self.digits(11)
            pan = body + luhn(body)
            if pan[12:] not in pan[:15]:
                return pan

    def email(self):
        return f"{self.word(9)}.{self.word(8)}@{self.word(14)}.org"

    def password(self):
        return self.word(12) + self.digits(2) + self.word(4)

    def iban(self):
        bban = "37040044" + self.digits(10)
        check = 98 - int(bban + "131400") % 97
        return f"DE{check:02}{bban}"

    def ssn(self):
        return f"{self.random.randrange(101, 665)}-{self.random.randrange(11, 99)}-{self.random.randrange(1001, 9999)}"

    def token(self):
        def part(text):
            return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return f"eyJhbGciOiJIUzI1NiJ9.{part(json.dumps({'sub': self.word(12)}))}.{self.word(30)}"


class Canaries:
    """A set of them. `needles`: the bytes that may be nowhere afterwards; `fields`: a record's, which hold all of
    them in clear or encoded; `message` likewise; `mail` is one of them."""

    def __init__(self, seed=None):
        m = self.maker = Maker(seed)
        self.needles = []
        self.fields = []
        self.strings(m)
        self.encoded(m)
        self.structured(m)
        self.numbers(m)
        self.message = f"mail from {self.new(m.email())} came".encode()

    def new(self, text):
        """It must not be seen again, nor in the spelling that has no spaces and capitals."""
        for spelling in {text, text.replace(" ", ""), text.lower()}:
            self.needles.append(spelling.encode())
        return text

    def add(self, name, value, kind=STR, label=0):
        self.fields.append(hostile.field(name, value.encode() if isinstance(value, str) else value, kind, label))

    def strings(self, m):
        pan = self.new(m.pan())
        spaced = " ".join(pan[i:i + 4] for i in range(0, 16, 4))
        self.needles.append(spaced.encode())
        self.add("spaced", f"card {spaced} ok")
        self.add("plain", self.new(m.pan()))
        self.mail = self.new(m.email())
        self.add("mail", f"to {self.mail}, please")
        self.add("iban", f"iban {self.new(m.iban())}.")
        self.add("id", f"ssn {self.new(m.ssn())}")
        self.add("password", self.new(m.password()))
        self.add("query", f"user=x&password={self.new(m.password())}&y=z")
        token = m.token()
        self.needles.append(token[33:].encode())  # what comes before is in every token
        self.add("header", f"Authorization: Bearer {token}")
        self.add("labelled", self.new(m.word(14)), label=2)
        self.add("invalid", b"\xff\xfe " + self.new(m.email()).encode() + b" \x80")
        self.add("nul", b"\0 " + self.new(m.email()).encode() + b" \0\n")
        wide = m.pan()
        self.add("wide", "".join(chr(0xFF10 + int(c)) for c in self.new(wide)))
        self.needles.append("".join(chr(0xFF10 + int(c)) for c in wide[:12]).encode())  # the last four may be seen
        hidden = self.new(m.email())
        self.add("hidden", "\u200b".join((hidden[:5], hidden[5:])))
        self.needles.append(hidden[5:].encode())

    def encoded(self, m):
        for n, name in enumerate(("base64", "base64_1", "base64_2")):
            mail = self.new(m.email())
            text = base64.b64encode(m.word(n).encode() + b" " + mail.encode() + b" ").decode()
            self.needles.append(text.rstrip("=")[8:].encode())
            self.add(name, f"data {text} end")
        mail = self.new(m.email())
        percent = "".join(f"%{ord(c):02x}" for c in mail)
        self.needles.append(percent.encode())
        self.add("percent", f"q={percent}&x=1")
        mail = self.new(m.email())
        self.needles.append(mail.encode().hex().encode())
        self.add("hex", mail.encode().hex())

    def structured(self, m):
        self.add("json", json.dumps({"deep": [{"user": {"note": f"from {self.new(m.email())}"}}],
                                     self.new(m.email()): 1, "password": self.new(m.password()),
                                     "card": int(self.new(m.pan())), "list": ["x", self.new(m.iban())]}), JSON)
        escaped = self.new(m.email())
        self.add("escaped", '{"a":"' + "".join(f"\\u{ord(c):04x}" for c in escaped) + '"}', JSON)
        self.add("broken", '{"a":"' + self.new(m.email()) + '"', JSON)
        self.add("inner", json.dumps({"a": json.dumps({"b": self.new(m.email())})}), JSON)
        self.add("text_json", json.dumps({"b": self.new(m.email()), "n": int(self.new(m.pan()))}))
        self.add("bytes", b"\0\xff\x80 " + self.new(m.email()).encode() + b" \0", BYTES)
        self.needles += [base64.b64encode(self.needles[-1])]

    def numbers(self, m):
        for name, kind, code in (("i64", I64, "<q"), ("u64", U64, "<Q"), ("f64", F64, "<d")):
            packed = b"\0"
            while packed[0] == 0:  # no piece begins so
                pan = m.pan()
                packed = struct.pack(code, float(pan) if code == "<d" else int(pan))
            self.new(pan)
            self.needles.append(packed)
            self.add(name, packed, kind)

    def record(self, n, event="canary.test", receipt=True):
        return record(n, event, self.fields, receipt, self.message)


def record(n, event, fields, receipt=True, message=None, correlation=None):
    """As hostile.record, with a message and a correlation id."""
    body = bytearray(hostile.record(n, event, fields, receipt=receipt)[4:])
    at = 8 + 4 + 8 + 16 + 2 + len(event)
    if correlation is not None:
        body[8] |= 4
        body[at:at] = struct.pack("<H", len(correlation)) + correlation
    if message is not None:
        body[8] |= 2
        body[at:at] = struct.pack("<I", len(message)) + message
    return struct.pack("<I", len(body)) + bytes(body)


def find(needles, *where):
    """Where pieces of the needles are: lines of find-canaries. `where`: process ids, and files or directories."""
    arguments = []
    for place in where:
        if isinstance(place, int):
            arguments.append(str(place))
        elif os.path.isdir(place):
            # Programs hold examples of their own.
            arguments += [os.path.join(base, name) for base, _, names in os.walk(place) for name in names
                          if os.path.isfile(os.path.join(base, name)) and os.path.basename(base) != "programs"]
        else:
            arguments.append(os.path.abspath(place))
    result = subprocess.run([FIND, *arguments], input="".join(n.hex() + "\n" for n in needles), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    lines = result.stdout.splitlines()
    if result.returncode != 0 or lines[-1:] != ["looked"]:
        raise AssertionError(f"find-canaries: {result.stderr}")
    return [f"{line}: {needles[int(line.split(' canary ')[1].split()[0])]!r}" for line in lines[:-1]]
