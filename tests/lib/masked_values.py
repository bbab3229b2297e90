#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The values that masking writes, from docs/format.md section 8 alone: shares no code with libtx.

    masked_values.py VECTORS    computes each line's last column and prints the lines
    masked_values.py VECTORS FORMAT.md    TAP: each line says what is computed, and the page has it
"""
import base64
import hashlib
import hmac
import struct
import sys


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf(key, info):
    """RFC 5869 with no salt, 32 bytes."""
    return mac(mac(bytes(32), key), info + b"\x01")


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def pseudonym(key, epoch_ns, received, domain, scope, name, tag, bits, encoding, value):
    epoch = int(received) // int(epoch_ns) if int(epoch_ns) else 0
    domain = domain.encode()
    if scope != "domain":
        domain += b"\0" + scope.encode() + b"\0" + name.encode()
    derived = hkdf(key.encode(), b"tracex-pn" + struct.pack(">Q", epoch) + domain)
    message = b"".join(struct.pack(">I", len(part)) + part
                       for part in (b"tracex-pn-v1", domain, value.encode()))
    digest = mac(derived, message)[:int(bits) // 8]
    text = digest.hex() if encoding == "hex" else base64.b32encode(digest).decode().rstrip("=").lower()
    return f"{tag}:k{epoch}:{text}"


def commit(key, record, field, n, value):
    salted = hkdf(key.encode(), b"tracex-commit")
    place = bytes.fromhex(record) + struct.pack(">I", len(field.encode())) + field.encode()
    salt = mac(salted, place + struct.pack(">I", int(n)))[:16]
    return "commit:" + base64url(hashlib.sha256(salt + value.encode()).digest())


def encrypt(key, ref, nonce, record, policy, field, ordinal, value):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    bound = (b"tracex-enc-v1" + bytes.fromhex(record) + struct.pack(">H", len(field.encode())) +
             field.encode() + bytes.fromhex(policy) + struct.pack(">H", int(ordinal)))
    sealed = AESGCM(bytes.fromhex(key)).encrypt(bytes.fromhex(nonce), value.encode(), bound)
    parts = ["txe1", base64url(bytes.fromhex(ref)), base64url(bytes.fromhex(nonce)), base64url(sealed)]
    return ":".join(parts)


KINDS = {"pseudonym": pseudonym, "commit": commit, "encrypt": encrypt}


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if line.strip() and line[0] != "#"]


def main():
    lines = lines_of(sys.argv[1])
    if len(sys.argv) == 2:
        for kind, *rest in lines:
            print("\t".join([kind, *rest[:-1], KINDS[kind](*rest[:-1])]))
        return 0
    with open(sys.argv[2], encoding="utf-8") as file:
        page = file.read()
    failed = False
    print(f"1..{2 * len(lines) + 1}")
    for i, (kind, *rest) in enumerate(lines):
        skip = ""
        try:
            ok = KINDS[kind](*rest[:-1]) == rest[-1]
        except ImportError:
            ok, skip = True, " # SKIP python3-cryptography is not installed"
        print(f"{'ok' if ok else 'not ok'} {2 * i + 1} - {kind} {i} is what the page says{skip}")
        changed = list(rest[:-1])
        changed[-1] += "x"
        try:
            other = KINDS[kind](*changed) != rest[-1]
        except ImportError:
            other = True
        print(f"{'ok' if other else 'not ok'} {2 * i + 2} - {kind} {i} of another value is another{skip}")
        failed = failed or not ok or not other
    shown = [rest[-1] for _, *rest in lines if f"`{rest[-1]}`" in page]
    ok = len(shown) >= len(KINDS)
    print(f"{'ok' if ok else 'not ok'} {2 * len(lines) + 1} - the page shows some of them")
    return 1 if failed or not ok else 0


if __name__ == "__main__":
    sys.exit(main())
