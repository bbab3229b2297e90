#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the manuals say, held to the programs. In docs/*.md and README.md:

```yaml         a configuration (`version: 1` may be left out): tracex-auditd takes it. After <!-- refused --> it does not.
```in-out       records and what the last YAML before it makes of them, exactly; `…` stands for bytes that are random:
                    EVENT {fields} [from key=value …] [labelled field=pii …] [saying "message"]
                    → {data} [masked {…}]
| logged | written |   in a table's head, the same for texts of a field: its name stands in the first column
```console      `$ command` and all that it prints (`…`: anything), in a directory where the last YAML before it is
                tracex.yaml, or has the name that stands before it: `shop.yaml`: . Commands that need a daemon are not
                run, but known.
```c            a piece of C and C++, or a whole file, that compiles without a warning; what it takes for known stands
                before it: <!-- declare: const char *user; -->
```python       of docs/ml.md: run, and held to what the library makes of files.
"""
import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import unittest

import tap
from tracexd import AUDITD, BUILD, CTL, SOURCE

FILE_DIGEST = os.path.join(BUILD, "tests/docs/file-digest")
MASK_RECORD = os.path.join(BUILD, "tests/docs/mask-record")
PROGRAMS = {"tracex-auditd": AUDITD, "tracexctl": CTL}
NEED_A_DAEMON = {"status", "log", "reload", "erase", "reveal", "keys"}
MANUALS = ["README.md", "docs/masking.md", "docs/configuration.md", "docs/operations.md", "docs/patterns.md",
           "docs/journald.md", "docs/tracing.md"]
NOTHING = "version: 1\n"


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


# --- what stands in a manual ---

class Block:
    """A fenced block or a table of examples; `where` for messages, `config` in force there."""

    def __init__(self, where, kind, text, config, refused=False, name="tracex.yaml"):
        self.where, self.kind, self.text, self.config, self.refused, self.name = where, kind, text, config, refused, name


def whole(text):
    return text if re.search(r"^version:", text, re.M) else NOTHING + text


def blocks(name, text=None):
    config, lines = NOTHING, (read(name) if text is None else text).splitlines()
    at, refused, file = 0, False, "tracex.yaml"
    while at < len(lines):
        line, where = lines[at], f"{name}:{at + 1}"
        at += 1
        if line == "<!-- refused -->":
            refused = True
        elif re.fullmatch(r"`[a-z.]+`:", line):
            file = line[1:-2]
        elif line.startswith("```"):
            end = lines.index("```", at)
            body, kind = "".join(part + "\n" for part in lines[at:end]), line[3:].strip()
            at = end + 1
            if kind == "yaml":
                config = whole(body)
            yield Block(where, kind, body, config, refused, file)
            refused, file = False, "tracex.yaml"
        elif re.match(r"\|.*\| logged \| written \|", line):
            end = at
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            yield Block(where, "table", "\n".join(lines[at + 1:end]), config)
            at = end


class Example:
    def __init__(self, where, config, record, data, masked):
        self.where, self.config, self.record, self.data, self.masked = where, config, record, data, masked


def parse_words(text):
    return dict(pair.split("=", 1) for pair in text.split())


def parse_record(text):
    event, rest = text.split(None, 1)
    data, end = json.JSONDecoder().raw_decode(rest)
    record, rest = {"event": event, "data": data}, rest[end:].strip()
    match = re.fullmatch(r'(?:from (?P<sender>[^"]*?))?\s*(?:labelled (?P<labels>[^"]*?))?\s*(?:saying (?P<say>".*"))?', rest)
    if not match:
        raise ValueError(f"not understood: {rest}")
    if match["sender"]:
        record["sender"] = {k: int(v) if v.isdigit() else v for k, v in parse_words(match["sender"]).items()}
    if match["labels"]:
        record["labels"] = parse_words(match["labels"])
    if match["say"]:
        record["message"] = json.loads(match["say"])
    return record


def parse_written(text):
    data, end = json.JSONDecoder().raw_decode(text)
    rest = text[end:].strip()
    return data, json.loads(rest[len("masked "):]) if rest.startswith("masked ") else None


def examples_of_text(block):
    """Lines that begin with a space go on."""
    whole_lines = re.sub(r"\n[ ]+", " ", block.text).splitlines()
    record = None
    for line in filter(None, whole_lines):
        if line.startswith("→"):
            data, masked = parse_written(line[1:].strip())
            yield Example(f"{block.where}: {line}", block.config, record, data, masked)
            record = None
        else:
            if record:
                raise ValueError(f"{block.where}: nothing comes of {record}")
            record = parse_record(line)


def examples_of_table(block):
    for line in block.text.splitlines():
        cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        name, logged, written = (re.findall(r"^`(.*)`$", c) for c in cells[:3])
        data = {name[0]: written[0]} if written else {}
        yield Example(f"{block.where}: {line}", block.config, {"event": "a.b", "data": {name[0]: logged[0]}}, data, None)


def examples(name, text=None):
    for block in blocks(name, text):
        if block.kind == "in-out":
            yield from examples_of_text(block)
        elif block.kind == "table":
            yield from examples_of_table(block)


def detectors():
    """Name, pack, what it is, whether a word is needed, and an example: each row of the detectors' table."""
    table = read("docs/masking.md").split("| name | pack | what | word near | an example |\n")[1].split("\n\n")[0]
    return [[c.strip(" `") for c in line[1:-1].split("|")] for line in table.splitlines()[1:]]


def listed():
    """The same but for the example, as the program has it."""
    said = subprocess.run([CTL, "mask", "list"], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = re.findall(r"(?m)^(\S+) +(\S+) +(alone|by form|word) +(.*)$", said)
    return [[name, pack, what, word] for name, pack, word, what in rows]


# --- what the programs say ---

def in_file(text, run):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "tracex.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        for key in re.findall(r"source: file, path: ([a-z]+\.key)", text):
            with open(os.open(os.path.join(directory, key), os.O_CREAT | os.O_WRONLY, 0o400), "wb") as f:
                f.write(bytes(32))
        return run(directory, path)


def check(text):
    """The exit status, and what is wrong."""
    result = in_file(text, lambda directory, path: subprocess.run(
        [AUDITD, "-t", "-c", path], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=directory))
    return result.returncode, result.stderr


def written(config, records):
    """What the log would hold; the file's own tests are run first."""
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    result = in_file(config, lambda directory, path: subprocess.run(
        [MASK_RECORD, path], input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    if result.returncode:
        raise AssertionError(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def found_in(texts):
    result = subprocess.run([CTL, "mask", "test", "--format", "json"], input="".join(t + "\n" for t in texts), text=True,
                            check=True, stdout=subprocess.PIPE)
    return [json.loads(line)["spans"] for line in result.stdout.splitlines()]


def same(expected, got):
    """`…` stands for any base64url."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return list(expected) == list(got) and all(same(v, got[k]) for k, v in expected.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, str) and isinstance(got, str) and "…" in expected:
        return re.fullmatch("[A-Za-z0-9_-]+".join(map(re.escape, expected.split("…"))), got) is not None
    return type(expected) is type(got) and expected == got


def wrong_of(examples_here):
    """A line for each example that does not come out."""
    by_config, wrong = {}, []
    for example in examples_here:
        by_config.setdefault(example.config, []).append(example)
    for config, group in by_config.items():
        for example, line in zip(group, written(config, [e.record for e in group]), strict=True):
            masked = {k: v for k, v in line.get("masked", {}).items()}
            if not same(example.data, line["data"]) or example.masked not in (None, masked):
                wrong.append(f"{example.where}\n  is {json.dumps(line['data'], ensure_ascii=False)} "
                             f"masked {json.dumps(masked, ensure_ascii=False)}")
    return wrong


class Masking(unittest.TestCase):
    def test_each_example_comes_out_as_it_is_written(self):
        for name in MANUALS:
            self.assertEqual("\n".join(wrong_of(examples(name))), "", name)

    def test_the_manual_of_masking_has_many_examples(self):
        self.assertGreater(len(list(examples("docs/masking.md"))), 70)

    def test_an_example_that_is_changed_is_noticed(self):
        text = read("docs/masking.md")
        changed = text.replace('"**** **** **** 1111"', '"**** **** **** 1112"').replace("198.51.100.0/24", "198.51.100.0/25")
        self.assertNotEqual(text, changed)
        self.assertGreater(len(wrong_of(examples("changed", changed))), 1)

    def test_each_detector_stands_in_the_manual_as_it_is_listed(self):
        self.assertGreater(len(listed()), 100)
        self.assertEqual(sorted(d[:4] for d in detectors()), sorted(listed()))

    def test_the_example_of_each_detector_is_found_and_alone_where_no_word_is_needed(self):
        alone = []
        for (name, _, _, _, text), spans in zip(detectors(), found_in([d[4] for d in detectors()]), strict=True):
            mine = [s for s in spans if s["detector"] == name]
            self.assertTrue(mine, f"{name} in {text}")
            alone.append(text.encode()[mine[0]["start"]:mine[0]["end"]].decode())
        for (name, pack, _, word, text), spans in zip(detectors(), found_in(alone), strict=True):
            if word == "word" or (word == "alone" and pack != "secrets"): # of `password=x`, x is what is found
                self.assertEqual(word == "alone", any(s["detector"] == name for s in spans), f"{name} in {text}")

    def test_each_rule_of_the_preset_stands_in_the_manual(self):
        rules = re.findall(r"(?m)^  - id: (\S+)$", read("config/presets/secure-default.yaml"))
        named = re.findall(r"`secure-default/([a-z-]+)`", read("docs/masking.md"))
        self.assertEqual(set(rules) - set(named), set())
        self.assertEqual(set(named) - set(rules), set())


class Configuration(unittest.TestCase):
    def test_each_example_is_taken_or_refused_as_it_says(self):
        seen = 0
        for name in MANUALS:
            for block in blocks(name):
                if block.kind == "yaml":
                    seen += 1
                    status, said = check(whole(block.text))
                    self.assertEqual(status, 1 if block.refused else 0, f"{block.where}: {said}")
        self.assertGreater(seen, 25)

    def test_each_whole_example_is_taken_and_its_tests_hold(self):
        directory = os.path.join(SOURCE, "config/examples")
        names = sorted(os.listdir(directory))
        self.assertEqual(names, ["bank.yaml", "saas.yaml", "shop.yaml"])
        for name in names:
            text = read(f"config/examples/{name}")
            status, said = check(text)
            self.assertEqual(status, 0, f"{name}: {said}")
            self.assertIn("\n  tests:\n", text)
            written(text, [])

    def test_a_test_that_does_not_hold_is_noticed(self):
        text = read("config/examples/shop.yaml")
        changed = text.replace("1111", "1112")
        self.assertNotEqual(text, changed)
        with self.assertRaises(AssertionError):
            written(changed, [])

    def test_the_example_in_the_installed_file_is_taken_and_its_tests_hold(self):
        text = read("config/tracex.yaml")
        example = re.sub(r"(?m)^  #(?=[a-z ])", "  ", text.split("  #\n  #rules:\n")[1].split("  rules: []\n")[0])
        whole_file = NOTHING + "masking:\n  rules:\n" + example
        self.assertEqual(check(whole_file)[0], 0)
        written(whole_file, [])
        with self.assertRaises(AssertionError):
            written(whole_file.replace("1111 from", "1112 from"), [])

    def test_the_installed_file_means_the_same_as_no_file(self):
        def shown(directory, path):
            return subprocess.run([AUDITD, "-T", "-c", path], check=True, stdout=subprocess.PIPE, text=True).stdout
        installed = in_file(read("config/tracex.yaml"), shown)
        self.assertEqual(re.sub(r"(?m)^#.*\n", "", installed), re.sub(r"(?m)^#.*\n", "", in_file(NOTHING, shown)))
        self.assertNotEqual(installed, in_file(NOTHING + "log: {heartbeat: 1min}\n", shown))


class Console(unittest.TestCase):
    def run_block(self, block, directory, programs):
        for command, expected in commands(block):
            if needs_daemon(shlex.split(command, comments=True)):
                continue
            said = subprocess.run(["bash", "-c", command], cwd=directory, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False,
                                  env=dict(os.environ, PATH=programs + ":" + os.environ["PATH"])).stdout
            pattern = "(?s:.*)".join(".*".join(map(re.escape, part.split("…"))) for part in expected.split("…\n"))
            if expected and not re.fullmatch(pattern, said):
                yield f"{block.where}: {command}\n{said}"

    def wrong(self, name, text=None):
        """All of a manual in one directory: what an example leaves there, the next one finds."""
        with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as programs:
            for program, path in PROGRAMS.items():
                os.symlink(path, os.path.join(programs, program))
            for block in blocks(name, text):
                if block.kind == "yaml":
                    with open(os.path.join(directory, block.name), "w", encoding="utf-8") as f:
                        f.write(whole(block.text))
                elif block.kind == "console":
                    yield from self.run_block(block, directory, programs)

    def test_what_a_console_shows_is_what_it_would_show(self):
        for name in MANUALS:
            self.assertEqual("\n".join(self.wrong(name)), "")

    def test_a_console_that_shows_something_else_is_noticed(self):
        text = read("docs/configuration.md")
        changed = text.replace("did you mean 'max_bytes'?", "did you mean something else?")
        self.assertNotEqual(text, changed)
        self.assertEqual(len(list(self.wrong("changed", changed))), 1)

    def test_each_command_that_is_named_is_one(self):
        usage = subprocess.run([CTL, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
        seen, known = set(), set(re.findall(r"(?m)^  ((?:mask |keys |config )?[a-z-]+)", usage))
        for name in MANUALS + ["SECURITY.md", "CHANGELOG.md", "config/tracex.yaml"]:
            for words in re.findall(r"(?m)(?:`|^[$#]? *|[|] )tracexctl (?:-[cD] \S+ )?((?:mask |keys |config )?[a-z]+)", read(name)):
                if words == "mask": # the family
                    continue
                self.assertIn(words, known, f"{name}: tracexctl {words}")
                seen.add(words)
        self.assertGreater(len(seen), 5)


def commands(block):
    """Each command with what stands below it."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = command[:-1] + more
        yield command, expected


def needs_daemon(words):
    return "tracexctl" in words and not {"mask", "config", "--help"} & set(words)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


class Links(unittest.TestCase):
    def dead(self, name, text):
        for target, _, part in re.findall(r"\]\((?!https?:)([^)#\s]*)(#([^)]+))?\)", text):
            path = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
            if not os.path.exists(os.path.join(SOURCE, path)):
                yield f"{name}: there is no {path}"
            elif part and part not in map(anchor, re.findall(r"(?m)^#+ (.*)$", read(path) if target else text)):
                yield f"{name}: {path} has no part {part}"

    def test_each_link_leads_somewhere(self):
        names = [n for n in os.listdir(SOURCE) if n.endswith(".md")]
        names += [f"docs/{n}" for n in os.listdir(os.path.join(SOURCE, "docs")) if n.endswith(".md")]
        self.assertGreater(len(names), 10)
        self.assertEqual([d for name in names for d in self.dead(name, read(name))], [])

    def test_a_link_that_leads_nowhere_is_noticed(self):
        for bad in ("[a](docs/no.md)", "[a](docs/masking.md#no)", "[a](#no)"):
            self.assertEqual(len(list(self.dead("README.md", bad))), 1, bad)


# --- C ---

C_MANUALS = {"docs/tracing.md": 6, "docs/ml.md": 2}
INCLUDES = [os.path.join(SOURCE, d, "include/tracex") for d in ("libaudit-client", "libtracex-ml")]
COMPILERS = (["gcc", "-std=gnu11", "-xc"], ["g++", "-std=gnu++17", "-xc++"])


def as_file(declared, text, headers):
    """A piece of a program becomes a function; what it takes for known is declared before it."""
    lines = text.splitlines(keepends=True)
    first = "".join(line for line in lines if line.startswith("#"))
    rest = "".join(line for line in lines if not line.startswith("#"))
    top = "".join(f"#include <tracex/{h}.h>\n" for h in headers) + first + declared + "\n"
    return top + (rest if re.search(r"(?m)^[a-z].*\) \{$", rest) else f"void example(void);\nvoid example(void) {{\n{rest}}}\n")


def c_examples(name, text=None):
    declared = ""
    for part in re.findall(r"<!-- declare: (.*?) -->|^```c\n(.*?)^```$", read(name) if text is None else text, re.M | re.S):
        if part[1]:
            yield declared, part[1]
        declared = part[0]


def compiled(declared, text, headers):
    """What compilers say against it."""
    said = ""
    for compiler in COMPILERS:
        result = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-Wno-unused-parameter", "-fsyntax-only",
                                 *(f"-I{os.path.dirname(i)}" for i in INCLUDES), "-"], input=as_file(declared, text, headers), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        said += result.stdout
    return said


class Programs(unittest.TestCase):
    HEADERS = sorted(n[:-2] for i in INCLUDES for n in os.listdir(i) if n.endswith(".h") and not n.endswith("-cpp.h"))

    def test_each_piece_of_c_compiles(self):
        for name, least in C_MANUALS.items():
            found = list(c_examples(name))
            self.assertGreaterEqual(len(found), least, name)
            for declared, text in found:
                self.assertEqual(compiled(declared, text, self.HEADERS), "", f"{name}:\n{text}")

    def test_a_piece_that_calls_what_is_not_there_is_noticed(self):
        self.assertNotEqual(compiled("", "tx_context_lose();\n", self.HEADERS), "")
        self.assertEqual(compiled("", "tx_context_set(NULL);\n", self.HEADERS), "")


class Parts(unittest.TestCase):
    """What docs/ml.md says of proving a part of a file, with the digest that the library makes of it."""

    def setUp(self):
        self.known = {}
        exec(re.search(r"(?ms)^```python\n(.*?)^```$", read("docs/ml.md"))[1], self.known)

    def digest(self, content):
        with tempfile.NamedTemporaryFile() as f:
            f.write(content)
            f.flush()
            return subprocess.run([FILE_DIGEST, f.name], check=True, stdout=subprocess.PIPE, text=True).stdout.split()

    def test_each_part_of_a_file_is_proven(self):
        root, prove, leaf, check = (self.known[n] for n in ("root", "prove", "leaf", "check"))
        for size in (0, 1, 1 << 20, (1 << 20) + 1, 3 << 20, (6 << 20) + 99):
            content = os.urandom(size)
            whole, chunks_root = self.digest(content)
            chunks = [content[at:at + (1 << 20)] for at in range(0, size, 1 << 20)]
            leaves = [leaf(c) for c in chunks]
            self.assertEqual((whole, chunks_root), (hashlib.sha256(content).hexdigest(), root(leaves).hex()))
            for i, chunk in enumerate(chunks):
                self.assertTrue(check(chunk, i, len(chunks), prove(leaves, i), bytes.fromhex(chunks_root)))
                self.assertFalse(check(chunk + b"x", i, len(chunks), prove(leaves, i), bytes.fromhex(chunks_root)))


class Readme(unittest.TestCase):
    def test_the_record_is_what_the_call_above_it_becomes(self):
        text = read("README.md")
        record = json.loads(re.search(r"```json\n(.*)\n```", text)[1])
        logged = {"actor.id": "u-17", "card": "4111111111111111", "amount_cents": 4200}
        self.assertIn('TX_STR("actor.id", user), TX_STR("card", pan), TX_I64("amount_cents", 4200)', text)
        line, = written(NOTHING, [{"event": record["event"], "data": logged}])
        self.assertEqual((record["data"], record["masked"]), (line["data"], line["masked"]))
        self.assertLessEqual(set(record), set(line) | {"seq"})


if __name__ == "__main__":
    tap.main()
