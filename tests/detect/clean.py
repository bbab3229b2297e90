# SPDX-License-Identifier: MIT
"""Records without personal data, as programs log them: one random text after another, the same for the same seed."""
import base64
import datetime
import hashlib
import random
import uuid

WORDS = ("cache request worker queue batch retry index shard commit branch upload session thread socket buffer parser "
         "handler module config schema replica cluster deploy build report invoice basket product catalog vendor").split()
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
START = 1577836800  # 2020-01-01


class Clean:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def digits(self, n):
        return "".join(self.r.choice("0123456789") for _ in range(n))

    def hexes(self, n):
        return f"{self.r.getrandbits(4 * n):0{n}x}"

    def word(self):
        return self.r.choice(WORDS)

    def second(self):
        return START + self.r.randrange(315360000)

    def when(self):
        return datetime.datetime.fromtimestamp(self.second(), datetime.timezone.utc)

    # --- identifiers ---

    def uuid(self):
        version = self.r.choice([1, 3, 4, 5, 6, 7, 8])
        value = self.r.getrandbits(128) & ~(0xf << 76) & ~(3 << 62) | version << 76 | 2 << 62
        if version == 7:
            value = value & ((1 << 80) - 1) | self.second() * 1000 << 80
        text = str(uuid.UUID(int=value))
        return self.r.choice([text, text.upper(), "{" + text + "}", text.replace("-", ""), "urn:uuid:" + text])

    def ulid(self):
        value = self.second() * 1000 << 80 | self.r.getrandbits(80)
        return "".join(CROCKFORD[value >> 5 * i & 31] for i in reversed(range(26)))

    def object_id(self):
        return f"{self.second():08x}" + self.hexes(16)

    def git(self):
        return self.r.choice([self.hexes(40), self.hexes(self.r.randint(7, 12)), f"v1.{self.digits(1)}-{self.r.randint(1, 999)}-g{self.hexes(7)}"])

    def digest(self):
        data = self.r.randbytes(8)
        name = self.r.choice(["md5", "sha1", "sha256", "sha512"])
        value = hashlib.new(name, data)
        return self.r.choice([value.hexdigest(), f"{name}:{value.hexdigest()}", value.hexdigest().upper(),
                              f"{name}-{base64.b64encode(value.digest()).decode()}"])

    def order(self):
        return self.r.choice([f"ORD-{self.second()}", f"order {self.r.randint(1000, 9999999)}", f"#{self.digits(6)}",
                              f"PO{self.digits(8)}", f"INV-{self.r.randint(2020, 2029)}-{self.digits(5)}", f"ticket {self.digits(5)}"])

    def article(self):
        """ISBN-13 and EAN-13 with the right check digit."""
        twelve = self.r.choice(["978", "979", "400", "505", "590", "301", "761", "871"]) + self.digits(9)
        code = twelve + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(twelve)) % 10)
        return self.r.choice([code, f"EAN {code}", f"ISBN {code[:3]}-{code[3]}-{code[4:6]}-{code[6:12]}-{code[12]}"])

    # --- times ---

    def timestamp(self):
        second = self.second()
        return self.r.choice([str(second), f"{second}{self.digits(3)}", f"{second}{self.digits(6)}", f"{second}{self.digits(9)}",
                              f"{second}.{self.digits(6)}", f"{second * 1000}"])

    def iso(self):
        when = self.when()
        return self.r.choice([when.isoformat(), when.strftime("%Y-%m-%dT%H:%M:%S.") + self.digits(3) + "Z", when.strftime("%Y%m%dT%H%M%SZ"),
                              when.strftime("%d/%b/%Y:%H:%M:%S +0000"), when.strftime("%a, %d %b %Y %H:%M:%S GMT"),
                              when.strftime("%Y-%m-%d %H:%M:%S,") + self.digits(3), when.strftime("%b %d %H:%M:%S"), when.strftime("%Y%m%d%H%M%S")])

    def duration(self):
        return self.r.choice([f"{self.r.randint(1, 99999)}ms", f"{self.r.random() * 100:.6f}s", f"took {self.r.randint(1, 10**7)} us", f"00:{self.r.randint(10, 59)}:{self.digits(2)}.{self.digits(3)}"])

    # --- numbers ---

    def version(self):
        parts = [str(self.r.randint(0, 30)) for _ in range(self.r.choice([2, 3, 3, 5]))]
        return self.r.choice(["v", "", "release-"]) + ".".join(parts) + self.r.choice(["", "-rc1", "+build." + self.digits(4), "-SNAPSHOT"])

    def amount(self):
        value = self.r.random() * 10**self.r.randint(1, 7)
        german = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
        return self.r.choice([f"{value:.2f}", f"{value:,.2f}", german + " EUR", f"${value:,.2f}", f"{value:.0f} USD", f"-{value:.2f}", f"{value:,.2f}".replace(",", "'"), f"{value:,.2f}".replace(",", " ")])

    def number(self):
        return self.r.choice([repr(self.r.random()), repr(self.r.gauss(0, 1e6)), f"{self.r.random():.3e}", f"{self.r.randint(0, 10**6)} bytes", f"0x{self.hexes(8)}", f"{self.r.randint(0, 100)}%"])

    def port(self):
        return f"{self.word()}-{self.r.randint(1, 9)}.internal:{self.r.randint(1024, 65535)}"

    def extension(self):
        return self.r.choice([f"ext. {self.digits(3)}", f"ext {self.digits(4)}", f"room {self.digits(3)}-{self.digits(2)}", f"line {self.digits(4)}"])

    # --- texts ---

    def path(self):
        return self.r.choice(["/var/log/", "/usr/lib/x86_64-linux-gnu/", "C:\\Program Files\\", "/srv/app/releases/" + self.when().strftime("%Y%m%d%H%M%S") + "/"]) + f"{self.word()}/{self.word()}-{self.version()}.{self.r.choice(['log', 'so', 'jar', 'py', 'gz'])}"

    def agent(self):
        return (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{self.r.randint(90, 130)}.0."
                f"{self.r.randint(4000, 6999)}.{self.r.randint(1, 200)} Safari/537.36" if self.r.random() < 0.5 else
                f"curl/{self.r.randint(7, 8)}.{self.r.randint(1, 88)}.0 {self.word()}-client/{self.version()}")

    def sql(self):
        return (f"SELECT id, total FROM {self.word()}s WHERE id = {self.r.randint(1, 10**8)} AND created_at > '{self.when():%Y-%m-%d %H:%M:%S}' "
                f"LIMIT {self.r.randint(1, 500)} OFFSET {self.r.randint(0, 10**5)}")

    def trace(self):
        return self.r.choice([f"at com.example.{self.word()}.{self.word().title()}.run({self.word().title()}.java:{self.r.randint(1, 3000)})",
                              f'File "/srv/app/{self.word()}.py", line {self.r.randint(1, 3000)}, in {self.word()}',
                              f"#{self.r.randint(0, 40)} 0x{self.hexes(16)} in {self.word()}_{self.word()} ({self.word()}.c:{self.r.randint(1, 3000)})",
                              f"goroutine {self.r.randint(1, 99999)} [running]: main.{self.word()}(0x{self.hexes(10)}, {{0x{self.hexes(10)}, 0x2}})"])

    def sentence(self):
        words = [self.word() for _ in range(self.r.randint(3, 9))]
        return " ".join(words) + self.r.choice([".", "", f" {self.r.randint(1, 999)} times", f" ({self.r.randint(1, 99)}/{self.r.randint(100, 999)})"])

    KINDS = (uuid, uuid, ulid, object_id, git, digest, order, article, timestamp, timestamp, iso, duration, version, amount, amount,
             number, port, extension, path, agent, sql, trace, sentence)

    def record(self):
        value = [self.r.choice(self.KINDS)(self) for _ in range(self.r.randint(1, 4))]
        names = [self.word() for _ in value]
        form = self.r.randrange(3)
        if form == 0:
            return "{" + ",".join(f'"{n}":"{v}"' for n, v in zip(names, value)).replace("\\", "\\\\") + "}"
        return " ".join(f"{n}={v}" for n, v in zip(names, value)) if form == 1 else " ".join(value)
