# SPDX-License-Identifier: MIT
"""Records that go up to each limit of ingest and of masking, and over it, each with personal data in it."""
import base64
import json
import struct

import hostile
from canaries import Maker, record
from hostile import BYTES, F64, I64, JSON, STR, U64


def base64_cores(data):
    """How it looks within base64, at each of the three places where it may begin."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + data).decode().rstrip("=")
        yield text[4 if shift else 0:-2].encode()


class Case:
    """`mark`: what `masked` says of the field, where it is certain; `rejected`: the reason."""

    def __init__(self, name, fields, mark=None, rejected=None, message=None, event="limit.test", correlation=None):
        self.name, self.fields, self.mark, self.rejected = name, fields, mark, rejected
        self.message, self.event, self.correlation = message, event, correlation

    def record(self, n):
        return record(n, self.event, self.fields, True, self.message, self.correlation)


class Cases:
    def __init__(self, seed=None):
        self.maker = m = Maker(seed)
        self.needles = []
        self.all = []
        self.mail, self.pan, self.password = m.email(), m.pan(), m.password()
        for text in (self.mail, self.pan, self.password):
            self.needles += [text.encode(), *base64_cores(text.encode())]
        for make in (self.long, self.many, self.json, self.names, self.broken, self.encoded, self.unicode, self.numbers):
            make()

    def add(self, name, value, kind=STR, field="value", label=0, **options):
        value = value.encode() if isinstance(value, str) else value
        fields = [] if value is None else [hostile.field(field, value, kind, label)]
        self.all.append(Case(name, fields + options.pop("more", []), **options))

    def long(self):
        for n in (65536 - 24, 65536 - 8, 65536 - 1, 65536, 65537, 120000):
            self.add(f"mail behind {n} bytes", "x " * (n // 2) + self.mail, mark="error:limit")
            self.add(f"card behind {n} digits", "1" * n + " " + self.pan, mark="error:limit" if n + 17 > 65536 else None)
        self.add("mail behind 120000 bytes of bytes", b"\0x" * 60000 + self.mail.encode(), BYTES)
        self.add("mail behind 120000 bytes of JSON", json.dumps(["x " * 60000, self.mail]), JSON, mark="error:limit")
        self.add("mail behind 120000 bytes of message", None, message=b"x " * 60000 + self.mail.encode())
        self.add("password of 120000 bytes", self.password + "y" * 120000, field="password")
        self.add("secret of 120000 bytes", self.password * 6000, label=2)
        self.add("correlation id of 256 bytes", "v", correlation=self.mail.encode().rjust(256, b"/"))
        self.add("correlation id of 257 bytes", "v", correlation=self.mail.encode().rjust(257, b"/"),
                 rejected="correlation id is too long")

    def many(self):
        for n in (1023, 1024, 1025, 2047, 2048, 2049, 3000):
            self.add(f"{n} mails in one value", f"{self.mail} " * n, mark="error:limit" if n > 1024 else "email")
        self.add("2049 mails in a message", None, message=f"{self.mail} ".encode() * 2049)
        self.add("7000 cards in one value", f"{self.pan} " * 7000, mark="error:limit")
        self.add("2049 mails in bytes", f"{self.mail} ".encode() * 2049, BYTES)
        fields = [hostile.field(f"f{i}", self.mail.encode()) for i in range(1025)]
        self.add("1024 fields", None, more=fields[:1024])
        self.add("1025 fields", None, more=fields, rejected="too many fields")
        self.add("a line that has to be cut", None, more=[hostile.field(f"f{i}", (f"x {self.mail} " * 100).encode())
                                                          for i in range(25)])

    def json(self):
        for depth in (30, 31, 32, 33, 62, 63, 64, 65, 1000, 30000):
            self.add(f"JSON of depth {depth}", "[" * depth + json.dumps(self.mail) + "]" * depth, JSON,
                     mark="error:limit" if depth > 32 else "email")
            text = json.dumps(self.mail)
            for _ in range(min(depth, 1000)):
                text = '{"k":' + text + "}"
            self.add(f"JSON objects of depth {min(depth, 1000)}", text, JSON,
                     mark="error:limit" if depth > 32 else "email")
        for n in (100, 128, 129, 1024, 1025, 4096, 65536, 100000):
            self.add(f"JSON key of {n} bytes", json.dumps({self.mail.rjust(n, "/"): 1}), JSON)
            self.add(f"below a JSON key of {n} bytes", json.dumps({"k" * n: {"password": self.password,
                                                                            "x": self.mail}}), JSON)
        self.add("10000 items", json.dumps(["x"] * 10000 + [self.mail]), JSON)
        self.add("2049 items that are mails", json.dumps([self.mail] * 2049), JSON)
        self.add("2000 keys that are mails", json.dumps({self.mail.replace("@", f"@h{i}."): i for i in range(2000)}), JSON)
        self.add("keys that become the same", '{"%s":1,"%s":2}' % (self.mail, self.mail.upper()), JSON)
        self.add("a key twice", '{"a":"%s","a":"%s"}' % (self.mail, self.pan), JSON, mark="error:json")

    def names(self):
        self.add("event of 128 bytes", self.mail, event="e" * 128)
        self.add("event of 129 bytes", self.mail, event="e" * 129, rejected="event name is not allowed")
        self.add("event that is a mail", self.mail, event=self.mail, rejected="event name is not allowed")
        self.add("event that is reserved", self.mail, event="tracex.lost", rejected="event name is reserved")
        self.add("name of 128 bytes", self.mail, field="n" * 128)
        self.add("name of 129 bytes", self.mail, field="n" * 129, rejected="field name is not allowed")
        self.add("name that is a mail", self.mail, field=self.mail, rejected="field name is not allowed")
        self.add("name twice", self.mail, more=[hostile.field("value", self.mail.encode())],
                 rejected="field name is repeated")
        self.add("names that fill a line", None,
                 more=[hostile.field(f"n{i:0127}", self.mail.encode()) for i in range(600)])

    def broken(self):
        mail = self.mail.encode()
        self.add("invalid UTF-8 around", b"\xff\xc0\x80 " + mail + b" \xed\xa0\x80")
        self.add("invalid UTF-8 that becomes three times as long", b"\xff" * 60000 + b" " + mail, mark="error:limit")
        self.add("invalid UTF-8 that becomes too long", b"\xff" * 130000 + b" " + mail, mark="error:limit")
        self.add("invalid UTF-8 in JSON", b'["\xff\xfe ' + mail + b'"]', JSON)
        self.add("invalid UTF-8 in a message", None, message=b"\xff" * 40000 + b" " + mail)
        self.add("NULs around", b"\0" * 1000 + mail + b"\0" * 1000)
        self.add("NULs in bytes", b"\0" * 50000 + mail + b"\0", BYTES)
        self.add("NULs in JSON", '["\\u0000\\u0000 %s"]' % self.mail, JSON)
        for text in ('{"a":"%s"', '["%s",]', '"%s', "%s", '{"a" "%s"}', '["%s"] x', '["\\x41 %s"]', '\ufeff["%s"]'):
            self.add(f"no JSON: {text}", text % self.mail, JSON, mark="error:json")
        self.add("JSON of no bytes", "", JSON, mark="error:json", more=[hostile.field("other", mail)])

    def encoded(self):
        mail = self.mail.encode()
        # What stands around is as long as half of what is looked at, and encoded with it.
        for n in (0, 1, 2, 20000, 40000):
            inner = b"x " * (n // 2) + b"y" * (n % 2) + b" " + mail + b" "
            self.add(f"base64 of {len(inner)} bytes", base64.b64encode(inner))
            self.add(f"base64url of {len(inner)} bytes", base64.urlsafe_b64encode(inner).rstrip(b"="))
            self.add(f"hex of {len(inner)} bytes", inner.hex())
            self.add(f"percent of {len(inner)} bytes", "".join(f"%{b:02X}" for b in inner))
        self.add("base64 twice", base64.b64encode(base64.b64encode(b"  " + mail)))
        self.add("JSON in JSON in JSON", json.dumps(json.dumps(json.dumps({"a": self.mail}))), JSON)
        self.add("3000 encoded words", " ".join([base64.b64encode(mail).decode()] * 1500))
        self.needles.append(base64.b64encode(mail).rstrip(b"="))
        self.needles.append(mail.hex().encode())

    def unicode(self):
        wide = "".join(chr(0xFF10 + int(c)) for c in self.pan)
        self.needles.append(wide[:12].encode())
        self.add("full-width digits behind 10000 of them", "\uff11" * 10000 + " " + wide)
        self.add("nothing to be seen between digits", "\u200b".join(self.pan))
        self.add("much that is not seen within a mail", self.mail[:7] + "\u200b" * 20000 + self.mail[7:])
        self.add("soft hyphens", "\u00ad".join(self.mail))
        self.needles.append("\u200b".join(self.pan)[:40].encode())
        self.needles.append(self.mail[7:].encode())
        self.needles.append("\u00ad".join(self.mail).encode())

    def numbers(self):
        pan = int(self.pan)
        for name, kind, code, value in (("i64", I64, "<q", -pan), ("u64", U64, "<Q", pan), ("f64", F64, "<d", float(pan)),
                                        ("-f64", F64, "<d", -float(pan))):
            self.add(f"a card as {name}", struct.pack(code, value), kind)
        others = [hostile.field(f"x{i}", struct.pack("<d", v), F64)
                  for i, v in enumerate((float("inf"), float("-inf"), float("nan"), 5e-324, 1.7e308))]
        others += [hostile.field("y0", struct.pack("<q", -2**63), I64), hostile.field("y1", struct.pack("<Q", 2**64 - 1), U64)]
        self.add("a card beside the largest numbers", self.pan, more=others)
        for text in (f"{pan}.0", f"{pan}e0", f"{self.pan[0]}.{self.pan[1:]}E15", f"{pan}000e-3", f"-{pan}"):
            self.add(f"a card in JSON as {text.replace(self.pan, '…')}", f"[{text}]", JSON)
