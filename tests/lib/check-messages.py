#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No message carries bytes of a record: what a message's text is made of, where records are in clear, is on a list.

    check-messages.py SOURCE-ROOT            exit 1 and a line for each argument of a message that is on no list
    check-messages.py SOURCE-ROOT --control  the check of the check: plants calls that quote a record

Looked at are all calls that write or format a text by a printf-like format in the folders that see records in clear.
Numbers may be in a message; texts, characters and pointers only when the list below says what they are.
"""
import os
import re
import sys

FOLDERS = ("auditd/ingest", "libtx/mask", "libtx/detect", "libtx/wire", "libtx/record")

# Those that take a format, and at which argument.
FORMATTED = {"tx_log": 1, "printf": 0, "fprintf": 1, "dprintf": 1, "sprintf": 1, "snprintf": 2, "asprintf": 1,
             "vprintf": 0, "vfprintf": 1, "vdprintf": 1, "vsnprintf": 2, "vasprintf": 1, "syslog": 1, "vsyslog": 1,
             "err": 1, "errx": 1, "warn": 0, "warnx": 0, "error": 2, "sd_journal_print": 1}
# Those that write a text as it is: nobody here may.
PLAIN = {"puts", "fputs", "putchar", "fputc", "putc", "fwrite", "perror", "psignal", "write", "writev", "pwrite",
         "sd_journal_send", "sd_journal_sendv", "sd_journal_perror", "assert_perror"}

# file → {argument: what it is}. Nothing on it comes from a client.
ALLOWED = {
    "auditd/ingest/main.c": {
        "strerror(-r)": "libc's text for a number",
        "(int)errors.len": "the configuration's errors",
        'errors.len ? (char *)errors.data : ""': "the configuration's errors",
    },
    "auditd/ingest/outlet.c": {"tx_stream_name(outlet->id)": "a constant"},
    "auditd/ingest/status.c": {"tx_mask_error_name((enum tx_mask_error)i)": "a constant"},
    "auditd/ingest/supervisor-link.c": {"strerror(-r)": "libc's text for a number"},
    "libtx/detect/custom.c": {"reason": "a constant, of the configuration"},
    "libtx/detect/custom-examples.c": {"reason": "a constant, of the configuration"},
}

# Files that have to do with the configuration alone, which may be quoted to whoever wrote it.
OF_CONFIGURATION = {
    "libtx/mask/compare/compare.c",
    "libtx/mask/policy/masking-write.c", "libtx/mask/policy/masking-write-parts.c", "libtx/mask/policy/masking-write-rule.c",
    "libtx/mask/own-detectors.c", "libtx/mask/selftest.c", "libtx/mask/policy/yaml.c",
}

NUMBERS = re.compile(r"[diuoxXeEfFgGaA]")
CONVERSION = re.compile(r"%[-+ #0]*(\*|\d+)?(?:\.(\*|\d+)?)?(?:hh|h|ll|l|j|z|t|L)?([a-zA-Z%])")
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(sorted([*FORMATTED, *PLAIN], key=len, reverse=True)))


def without_comments(text):
    """Each comment as spaces, so that lines keep their numbers."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()) if m.group()[0] == "/" else m.group(), text)


def arguments(text, at):
    """Of the call whose parenthesis opens before `at`, each without line breaks."""
    found, depth, start = [], 0, at
    strings = {m.start(): m.end() for m in re.finditer(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', text[at:])}
    i = at
    while i < len(text):
        if i - at in strings:
            i = at + strings[i - at]
            continue
        c = text[i]
        if c in "([{":
            depth += 1
        elif c in ")]}" and depth > 0:
            depth -= 1
        elif c == ")" or (c == "," and depth == 0):
            found.append(" ".join(text[start:i].split()))
            start = i + 1
            if c == ")":
                return found
        i += 1
    return found


def is_declaration(text, start):
    return re.search(r"\b(int|void|size_t|ssize_t)\s+\**$", text[:start]) is not None


def texts_of(call):
    """The arguments that are no numbers; None when the format is not a literal."""
    name, given = call
    place = FORMATTED[name]
    if len(given) <= place:
        return None
    formats = re.findall(r'"((?:\\.|[^"\\])*)"', given[place])
    if not formats or re.sub(r'"(?:\\.|[^"\\])*"|\bPRI\w+|\s', "", given[place]):
        return None
    rest, found = given[place + 1:], []
    for width, precision, kind in CONVERSION.findall("".join(formats)):
        for star in (width, precision):
            if star == "*" and rest:
                found += [rest.pop(0)] if kind == "s" else rest[:0]
        if kind == "%" or kind == "m":
            continue
        if not rest:
            return None
        argument = rest.pop(0)
        if not NUMBERS.fullmatch(kind):
            found.append(argument)
    return found


def complaints_of(path, text, used):
    text = without_comments(text)
    for m in CALL.finditer(text):
        if is_declaration(text, m.start()):
            continue
        name, given = m.group(1), arguments(text, m.end())
        line = text.count("\n", 0, m.start()) + 1
        if name in PLAIN:
            yield f"{path}:{line}: {name} writes a text as it is"
            continue
        texts = texts_of((name, given))
        if texts is None:
            yield f"{path}:{line}: {name} without a literal format"
            continue
        for argument in texts:
            if argument not in ALLOWED.get(path, {}):
                yield f"{path}:{line}: {name} is given {argument}, of which the list does not say what it is"
            used.add((path, argument))


def check(root, planted=None):
    found, used = [], set()
    for folder in FOLDERS:
        for base, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(base, name), root)
                if path in OF_CONFIGURATION:
                    continue
                with open(os.path.join(root, path), encoding="utf-8") as f:
                    found += complaints_of(path, f.read() + (planted or {}).get(path, ""), used)
    stale = [f"{path}: {argument} is on the list, and not in the file"
             for path, row in ALLOWED.items() for argument in row if (path, argument) not in used]
    return found + stale


PLANTED = [
    'tx_log(TX_LOG_ERROR, "bad record: %s", record->message.p);',
    'tx_log(TX_LOG_ERROR, "bad name: %.*s",\n       (int)field->name.n, field->name.p);',
    'tx_log(TX_LOG_ERROR, record->message.p);',
    'fprintf(stderr, "%zu of %s", n, text.p);',
    'snprintf(reason, sizeof(reason), "%c is no digit", *p);',
    'fwrite(text.p, 1, text.n, stderr);',
    'dprintf(2, "%p", text.p);',
]


def control(root):
    path = "auditd/ingest/process.c"
    missed = [call for call in PLANTED if not check(root, {path: "\nvoid f(void) {\n" + call + "\n}\n"})]
    harmless = 'tx_log(TX_LOG_ERROR, "record %d of %zu", n, "a, (b" ? 1 : 2);'
    if check(root, {path: harmless}):
        missed.append("a number is refused")
    return missed


def main():
    found = control(sys.argv[1]) if sys.argv[2:] == ["--control"] else check(sys.argv[1])
    print("\n".join(found) or "ok")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
