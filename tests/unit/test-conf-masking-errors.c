/* SPDX-License-Identifier: MIT */
/* Every mistake that `masking:` can hold, with the place and the words that it is told with. */
#include "tests/unit/masking-check.h"

struct mistake {
    const char *text, *error;
};

static void check_mistakes(const struct mistake *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
        struct tx_masking masking;
        int r = masking_parse(cases[i].text, &told, &masking);
        ck_assert_msg(r == TX_CONF_E_MASKING, "%s is taken", cases[i].text);
        ck_assert_msg(strstr((char *)told.data, cases[i].error), "%s\nexpected: %s\ngot: %s",
                      cases[i].text, cases[i].error, (char *)told.data);
        ck_assert(masking.lockdown && masking.n_rules == 0);
        tx_masking_deinit(&masking);
    }
}

#define CHECK(cases) check_mistakes(cases, TX_COUNT_OF(cases))

/* The first rule's own text begins in column 7 of line 3. */
#define RULES "masking:\n  rules:\n    - "
#define RULE(match, action) RULES "{id: a, match: {" match "}, action: " action "}\n"
#define PARTS_9 "/a/a/a/a/a/a/a/a/a"
#define PARTS_63 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9
#define ACTION(action) RULES "{id: a, action: " action ", match: {fields: [x]}}\n"

START_TEST(settings) {
    static const struct mistake cases[] = {
        {"masking: 3\n", "t.yaml:1:10: expected {preset: …, rules: [...]}"},
        {"masking: {rule: []}\n", "t.yaml:1:11: unknown key 'rule': did you mean 'rules'?\n"
                                  "    masking: {rule: []}\n              ^\n"},
        {"masking: {mode: enforced}\n",
         "t.yaml:1:17: expected one of enforce, shadow, lockdown: did you mean 'enforce'?"},
        {"masking: {mode: shadow}\n", "t.yaml:1:17: with mode: shadow nothing is masked"},
        {"masking: {mode: shadow, i_accept_unmasked: yes}\n",
         "t.yaml:1:44: expected true or false"},
        {"masking: {on_error: pass}\n",
         "t.yaml:1:21: expected one of mask_field, drop_field, reject_record"},
        {"masking: {on_bad_config: stop}\n", "t.yaml:1:26: expected one of lockdown, refuse"},
        {"masking: {limits: {max_field: 64}}\n",
         "t.yaml:1:31: expected a size with its unit from 256B to 128KiB"},
        {"masking: {limits: {max_field: 1MiB}}\n", "t.yaml:1:31: expected a size"},
        {"masking: {limits: {oversize: skip}}\n",
         "t.yaml:1:30: expected one of redact_tail, redact_all"},
        {"masking: {limits: {decode_depth: 5}}\n",
         "t.yaml:1:34: expected a whole number from 0 to 4"},
        {"masking: {limits: {max_json_depth: 65}}\n", "t.yaml:1:36: expected a whole number"},
        {"masking: {limits: {max_spans: 0}}\n", "t.yaml:1:31: expected a whole number"},
        {"masking: {limits: {regex_states: x}}\n", "t.yaml:1:34: expected a whole number"},
        {"masking: {limits: {regex_states: 100}, detectors: {a: {regex: '(a?){900}b'}}}\n",
         "this pattern cannot be used"},
        {"masking: {limits: {budget: 1ms}}\n", "t.yaml:1:20: unknown key 'budget'"},
        {"masking: {limits: {depth: 5}}\n", "t.yaml:1:20: unknown key 'depth'"},
        {"masking: {normalise: {nfkc: true}}\n", "t.yaml:1:23: unknown key 'nfkc'"},
        {"masking: {normalise: {confusables: 1}}\n", "t.yaml:1:36: expected true or false"},
        {"masking: {decode: [gzip]}\n", "t.yaml:1:20: expected one of json, percent, base64, hex"},
        {"masking: {limits: []}\n", "t.yaml:1:19: expected limits"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(presets_and_packs) {
    static const struct mistake cases[] = {
        {"masking: {preset: none}\n", "t.yaml:1:19: with preset: none, only what this file names"},
        {"masking: {preset: none, i_accept_unmasked: false}\n", "t.yaml:1:19: with preset: none"},
        {"masking: {preset: secure-defualt}\n",
         "t.yaml:1:19: expected a preset: secure-default, none: did you mean 'secure-default'?"},
        {"masking: {preset: secure-default@7}\n",
         "t.yaml:1:19: there is no version 'secure-default@7'; there is secure-default@1"},
        {"masking: {preset: secure-default@x}\n", "t.yaml:1:19: there is no version"},
        {"masking: {preset: pci}\n", "t.yaml:1:19: 'pci' is a pack: write it under 'packs'"},
        {"masking: {preset: [a]}\n", "t.yaml:1:19: expected a preset"},
        {"masking: {packs: [secure-default]}\n",
         "t.yaml:1:19: 'secure-default' is a preset: write it under 'preset'"},
        {"masking: {packs: [secrets@3]}\n",
         "t.yaml:1:19: there is no version 'secrets@3'; there is secrets@1"},
        {"masking: {packs: [us-id]}\n", "did you mean 'us-ids'?"},
        {"masking: {packs: [pci, pci@1]}\n", "t.yaml:1:24: the pack 'pci' stands here twice"},
        {"masking: {packs: {pci: 1}}\n", "t.yaml:1:18: expected a pack"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(keys) {
    static const struct mistake cases[] = {
        {"masking: {keys: [a]}\n", "t.yaml:1:17: expected up to 31 keys by name"},
        {"masking: {keys: {a b: {source: file, path: /x}}}\n",
         "t.yaml:1:18: expected a key's name: 1 to 64"},
        {"masking: {keys: {a: {}}}\n", "t.yaml:1:21: the key has no 'source'"},
        {"masking: {keys: {a: {source: vault}}}\n",
         "t.yaml:1:30: expected one of installation, credential, file"},
        {"masking: {keys: {a: {source: pkcs11, uri: \"pkcs11:token=audit\"}}}\n",
         "t.yaml:1:30: keys from pkcs11 are not supported: use {source: file, path: …}, or "
         "{source: credential, name: …}"},
        {"masking: {keys: {a: {source: tpm}}}\n", "t.yaml:1:30: keys from tpm are not supported"},
        {"masking: {keys: {a: {source: credential}}}\n", "t.yaml:1:21: the key has no 'name'"},
        {"masking: {keys: {a: {source: credential, name: ../x}}}\n",
         "t.yaml:1:48: expected the credential's name"},
        {"masking: {keys: {a: {source: file}}}\n", "t.yaml:1:21: the key has no 'path'"},
        {"masking: {keys: {a: {source: file, path: /x, name: y}}}\n",
         "t.yaml:1:46: 'name' does not belong to this source"},
        {"masking: {keys: {a: {source: file, path: /x, uri: y}}}\n", "t.yaml:1:46: 'uri' does not"},
        {"masking: {keys: {a: {source: installation}}}\n",
         "t.yaml:1:21: the installation's key has the name 'default'"},
        {"masking: {keys: {a: {source: file, path: /x, epoch: 90}}}\n",
         "t.yaml:1:53: expected a time with its unit"},
        {"masking: {keys: {a: {source: file, path: /x, epoch: 1s}}}\n", "from 1h to 3660d"},
        {"masking: {keys: {a: {source: file, path: /x, epoch: 1d, overlap: 2d}}}\n",
         "t.yaml:1:66: overlap is longer than the key's epoch"},
        {"masking: {keys: {a: {source: file, path: /x, bytes: abc}}}\n",
         "t.yaml:1:46: unknown key 'bytes'"},
    };
    CHECK(cases);
}
END_TEST

#define DETECTOR(text) "masking:\n  detectors:\n    a: " text "\n"

START_TEST(detectors) {
    static const struct mistake cases[] = {
        {"masking: {detectors: [a]}\n", "t.yaml:1:22: expected detectors by name"},
        {"masking: {detectors: {email: {literal: x}}}\n",
         "t.yaml:1:23: 'email' is built in already: choose another name"},
        {"masking: {detectors: {any: {literal: x}}}\n", "t.yaml:1:23: 'any' is built in already"},
        {"masking: {detectors: {\"pack:x\": {literal: x}}}\n",
         "t.yaml:1:23: expected a detector's"},
        {DETECTOR("3"), "t.yaml:3:8: expected a detector"},
        {DETECTOR("{}"), "t.yaml:3:8: the detector has no regex, literal or words_file"},
        {DETECTOR("{regexp: x}"), "t.yaml:3:9: unknown key 'regexp': did you mean 'regex'?"},
        {DETECTOR("{regex: ''}"), "t.yaml:3:16: expected a regular expression"},
        {DETECTOR("{regex: 'a(b'}"), "t.yaml:3:16: this pattern cannot be used, from its byte "},
        {DETECTOR("{regex: '(a)\\1'}"), "t.yaml:3:16: this pattern cannot be used"},
        {DETECTOR("{regex: 'a', capture: 1}"), "t.yaml:3:16: this pattern cannot be used"},
        {DETECTOR("{regex: x, literal: [x, y]}"),
         "t.yaml:3:28: expected the text that every match of the regex has"},
        {DETECTOR("{regex: 'tok_[a-z]+', literal: key_}"),
         "t.yaml:3:39: this is not what each match of the regex has: 'tok_a' is one without "
         "'key_'; leave it out"},
        {DETECTOR("{regex: 'tok_[a-z]+|key', literal: tok_}"), "'key' is one without 'tok_'"},
        {DETECTOR("{words_file: x, literal: y}"), "t.yaml:3:21: words_file stands alone"},
        {DETECTOR("{words_file: /nowhere/x}"),
         "t.yaml:3:21: cannot read /nowhere/x: No such file or directory"},
        {DETECTOR("{words_file: /}"), "t.yaml:3:21: cannot read /: it is not a regular file"},
        {DETECTOR("{regex: x, flags: im}"), "t.yaml:3:26: expected flags: i (ignore case), w"},
        {DETECTOR("{regex: x, capture: 2}"), "t.yaml:3:28: expected a whole number from 0 to 1"},
        {DETECTOR("{literal: x, capture: 1}"), "t.yaml:3:30: capture needs a regex beside it"},
        {DETECTOR("{regex: x, validator: luhm}"), "did you mean 'luhn'?"},
        {DETECTOR("{regex: x, validator: {crc32: {}}}"), "t.yaml:3:31: unknown key 'crc32'"},
        {DETECTOR("{regex: x, validator: {crc32_base62: {over: [1, 2]}}}"),
         "expected check: [FROM, TO]"},
        {DETECTOR("{regex: x, validator: {crc32_base62: {over: [2, 2], check: [0, 6]}}}"),
         "t.yaml:3:56: expected a whole number from 3 to 1024"},
        {DETECTOR("{regex: x, validator: {crc32_base62: {over: [1, 2], check: [2, 7]}}}"),
         "check has six digits: [2, 8]"},
        {DETECTOR("{regex: x, entropy: 9}"), "t.yaml:3:28: expected bits for each character"},
        {DETECTOR("{regex: x, entropy: nan}"), "t.yaml:3:28: expected bits for each character"},
        {DETECTOR("{regex: x, entropy: 0x1}"), "t.yaml:3:28: expected bits for each character"},
        {DETECTOR("{regex: x, confidence: 60}"), "t.yaml:3:31: expected a confidence from 0 to 1"},
        {DETECTOR("{regex: x, context: {before: 3}}"), "t.yaml:3:28: expected words or exclude"},
        {DETECTOR("{regex: x, context: {words: [a], before: 5000}}"),
         "t.yaml:3:49: expected a whole number from 0 to 1024"},
        {DETECTOR("{regex: x, context: {words: []}}"), "t.yaml:3:36: expected words, one of which"},
        {DETECTOR("{regex: x, examples: [a]}"),
         "t.yaml:3:29: expected {true: [...], false: [...]}"},
        {DETECTOR("{regex: x, examples: {yes: [a]}}"), "t.yaml:3:30: unknown key 'yes'"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(classes) {
    static const struct mistake cases[] = {
        {"masking: {classes: [a]}\n", "t.yaml:1:20: expected classes by name"},
        {"masking: {classes: {a: {}}}\n", "t.yaml:1:24: expected at least one of events"},
        {"masking: {classes: {a: 3}}\n", "t.yaml:1:24: expected conditions"},
        {"masking: {classes: {a.b: {fields: [x]}}}\n", "t.yaml:1:21: expected a class's name"},
        {"masking: {classes: {a: {detect: [email]}}}\n", "t.yaml:1:25: unknown key 'detect'"},
        {"masking: {classes: {a: {class: a}}}\n", "t.yaml:1:25: unknown key 'class'"},
        {RULE("class: persom", "drop"), "t.yaml:3:30: there is no class 'persom'"},
        {"masking:\n  classes: {person: {fields: [x]}}\n  rules:\n"
         "    - {id: a, match: {class: persom}, action: drop}\n",
         "t.yaml:4:30: there is no class 'persom' under masking.classes: did you mean 'person'?"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(rules) {
    static const struct mistake cases[] = {
        {"masking: {rules: x}\n", "t.yaml:1:18: expected a list of at most 1000 rules"},
        {RULES "x\n", "t.yaml:3:7: expected a rule"},
        {RULES "{id: a, match: {fields: [x]}}\n", "t.yaml:3:7: the rule has no 'action'"},
        {RULES "{id: a, action: drop}\n", "t.yaml:3:7: the rule has no 'match'"},
        {RULES "{match: {fields: [x]}, action: drop}\n", "t.yaml:3:7: the rule has no 'id'"},
        {RULES "{id: \"a b\", match: {fields: [x]}, action: drop}\n",
         "t.yaml:3:12: expected a rule's id"},
        {RULES "{id: secure-default/card, match: {fields: [x]}, action: drop}\n",
         "t.yaml:3:12: expected a rule's id"},
        {RULES "{id: a, match: {fields: [x]}, action: drop}\n"
               "    - {id: a, match: {fields: [y]}, action: drop}\n",
         "t.yaml:4:12: a rule before this one has the id 'a' too"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, loked: true}\n",
         "unknown key 'loked': did you mean 'locked'?"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, mode: lockdown}\n",
         "t.yaml:3:57: expected one of enforce, shadow"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, mode: shadow, locked: true}\n",
         "t.yaml:3:73: a rule in shadow claims nothing"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, until: 2026-12-31}\n",
         "t.yaml:3:58: 'until' is for rules with mode: shadow"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, expires: 2026-12-31}\n",
         "t.yaml:3:60: only an allow expires"},
        {RULES "{id: a, match: {fields: [x]}, action: drop, on_type_change: zero}\n",
         "t.yaml:3:67: expected one of string, null"},
        {RULES "{id: a, match: {fields: [x]}, action: allow}\n",
         "t.yaml:3:45: a rule with action: allow needs a 'reason'"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: r, locked: true}\n",
         "t.yaml:3:71: a rule with action: allow cannot be locked"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: r, mode: shadow}\n",
         "t.yaml:3:69: a rule in shadow can only add masking"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: r, expires: soon}\n",
         "t.yaml:3:72: expected a day such as 2026-12-31, or a time"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 2026-13-01}\n",
         "t.yaml:3:72: expected a day"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: r, expires: 1970-01-01}\n",
         "t.yaml:3:72: expected a day"},
        {RULES "{id: a, match: {fields: [x]}, action: allow, reason: ''}\n",
         "t.yaml:3:60: expected a reason"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(replaced_rules) {
    static const struct mistake cases[] = {
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: card}\n",
         "t.yaml:3:61: there is no rule 'card' of a preset or pack that is in force: did you mean "
         "'secure-default/card'?"},
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: [secure-default/crad]}\n",
         "did you mean 'secure-default/card'?"},
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: pci/card}\n",
         "t.yaml:3:61: there is no rule 'pci/card'"},
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: secure-default/password}\n",
         "t.yaml:3:61: 'secure-default/password' is locked: no rule can replace it"},
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: []}\n",
         "t.yaml:3:61: expected the id of a preset's rule"},
        {RULES "{id: a, match: {fields: [x]}, action: mask, replaces: secure-default/card, mode: "
               "shadow}\n",
         "t.yaml:3:61: a rule in shadow replaces nothing"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(matches) {
    static const struct mistake cases[] = {
        {RULE("", "drop"), "t.yaml:3:22: expected at least one of events, fields"},
        {RULES "{id: a, match: x, action: drop}\n", "t.yaml:3:22: expected what is matched"},
        {RULE("field: [x]", "drop"), "t.yaml:3:23: unknown key 'field': did you mean 'fields'?"},
        {RULE("fields: []", "drop"), "t.yaml:3:31: expected a list of field names"},
        {RULE("fields: [\"\"]", "drop"), "t.yaml:3:32: expected a list of field names"},
        {RULE("fields: [[x]]", "drop"), "t.yaml:3:32: expected a list of field names"},
        {RULE("fields: [\"!x\"]", "drop"), "t.yaml:3:32: this is no pattern: it cannot begin"},
        {RULE("fields: [\"a{b\"]", "drop"), "t.yaml:3:32: this is no pattern: '{' without '}'"},
        {RULE("fields: [\"a}b\"]", "drop"), "t.yaml:3:32: this is no pattern: '}' without '{'"},
        {RULE("fields: [\"{a,{b,c}}\"]", "drop"), "this is no pattern: {…} cannot hold another"},
        {RULE("fields: [\"[]\"]", "drop"), "this is no pattern: expected '['"},
        {RULE("fields: [\"[!a]\"]", "drop"), "this is no pattern: […] takes ASCII characters"},
        {RULE("fields: [\"[z-a]\"]", "drop"), "this is no pattern: […] takes ASCII characters"},
        {RULE("fields: [\"{a,}\"]", "drop"), "this is no pattern: it may be empty"},
        {RULE("fields: [\"[a-z][a-z]\"]", "drop"), "make more than 64 patterns"},
        {RULE("fields: [\"/a/~2\"]", "drop"), "this is no pattern: in a JSON pointer, '~'"},
        {RULE("fields: [\"/a/~\"]", "drop"), "this is no pattern: in a JSON pointer, '~'"},
        {RULE("fields: [\"/\"]", "drop"), "t.yaml:3:32: this is no pattern: a part of the JSON"},
        {RULE("fields: [\"/a//b\"]", "drop"), "a part of the JSON pointer is empty"},
        {RULE("fields: [\"/a/{b,}\"]", "drop"), "a part of the JSON pointer is empty"},
        {RULE("fields: [\"/a/{b\"]", "drop"), "t.yaml:3:32: this is no pattern: '{' without '}'"},
        {RULE("fields: [\"" PARTS_63 "\"]", "drop"), "the JSON pointer has more than 62 parts"},
        {RULE("sender: {unit: [\"a{b\"]}", "drop"), "this is no pattern: '{' without '}'"},
        {RULE("sender: {exe: [\"!/usr/bin/a\"]}", "drop"), "this is no pattern: it cannot begin"},
        {RULE("events: [\"Pay.*\"]", "drop"), "t.yaml:3:32: this is no pattern: names of events"},
        {RULE("keys: 3, types: [text]", "drop"), "t.yaml:3:40: expected one of string, int, float"},
        {RULE("labels: [pi]", "drop"), "t.yaml:3:32: expected a label: pii or secret"},
        {RULE("tags: [pii.email]", "drop"), "t.yaml:3:30: expected a label: pii or secret"},
        {RULE("detect: [mail]", "drop"),
         "t.yaml:3:32: there is no detector 'mail' (tracexctl mask list names all): did you mean "
         "'email'?"},
        {RULE("detect: [\"pack:usids\"]", "drop"), "did you mean 'pack:us-ids'?"},
        {RULE("detect: [\"tag:x\"]", "drop"), "t.yaml:3:32: detectors have no tags"},
        {RULE("detect: []", "drop"), "t.yaml:3:31: expected a list of detectors"},
        {RULE("detect: [email], regex: x", "drop"), "t.yaml:3:47: a match has either detect or"},
        {RULE("fields: [x], min_count: 2", "drop"), "t.yaml:3:47: min_count needs detect"},
        {RULE("fields: [x], min_confidence: 0.5", "drop"), "min_confidence needs detect"},
        {RULE("detect: [email], min_count: 0", "drop"), "expected a whole number from 1"},
        {RULE("detect: [email], min_confidence: 60", "drop"), "expected a confidence from 0 to 1"},
        {RULE("any: [{detect: [email]}]", "drop"),
         "t.yaml:3:30: 'detect' can stand in a rule's own match only"},
        {RULE("fields: [x], not: {regex: x}", "drop"), "'regex' can stand in a rule's own match"},
        {RULE("regex: '(?=x)'", "drop"), "t.yaml:3:30: this pattern cannot be used"},
        {RULE("any: []", "drop"), "t.yaml:3:28: expected a match or a list of them"},
        {RULE("any: [x]", "drop"), "t.yaml:3:29: expected a match or a list of them"},
        {RULE("any: [{}]", "drop"), "t.yaml:3:29: expected at least one of events"},
        {RULE("any: {any: {any: {any: {fields: [x]}}}}", "drop"), "nested more than 3 deep"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(senders) {
    static const struct mistake cases[] = {
        {RULE("sender: x", "drop"), "t.yaml:3:31: expected who sends"},
        {RULE("sender: {}", "drop"), "t.yaml:3:31: expected at least one of uid, gid"},
        {RULE("sender: {selinux: x}", "drop"), "t.yaml:3:32: unknown key 'selinux'"},
        {RULE("sender: {uid: [no-such-user-here]}", "drop"),
         "t.yaml:3:38: there is no user 'no-such-user-here' on this machine"},
        {RULE("sender: {gid: no-such-group-here}", "drop"), "there is no group 'no-such-group"},
        {RULE("sender: {uid: 4294967295}", "drop"), "t.yaml:3:37: expected a user"},
        {RULE("sender: {uid: []}", "drop"), "t.yaml:3:37: expected a list of users"},
        {RULE("sender: {unit: []}", "drop"), "t.yaml:3:38: expected a list of systemd units"},
        {RULE("sender: {exe: [{}]}", "drop"), "t.yaml:3:38: expected a list of programs"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(rules_that_do_nothing) {
    static const struct mistake cases[] = {
        {RULE("detect: [email], types: [int]", "drop"),
         "t.yaml:3:12: this rule never applies: its"},
        {RULE("detect: [credit_card], types: [bool]", "drop"), "this rule never applies: its"},
        {RULES "{id: a, match: {fields: [x, y]}, except: {fields: [\"*\"]}, action: drop}\n",
         "t.yaml:3:12: this rule never applies: except (or not) takes away"},
        {RULES "{id: a, match: {events: [a.b], not: {events: [\"a.*\"]}}, action: drop}\n",
         "this rule never applies: except (or not) takes away"},
        {RULES "{id: a, match: {fields: [x, y_z]}, action: redact}\n"
               "    - {id: b, match: {fields: [Y-Z, x]}, action: mask}\n",
         "t.yaml:4:7: this rule never wins: 'a' in line 3 has the same match and is as strict"},
        {RULES "{id: a, match: {fields: [x]}, action: mask}\n"
               "    - {id: b, match: {fields: [x]}, action: redact}\n",
         "t.yaml:4:7: this rule leaves nothing to 'a' in line 3"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(actions) {
    static const struct mistake cases[] = {
        {ACTION("redcat"), "t.yaml:3:23: expected an action: redact, drop_field"},
        {ACTION("redcat"), "did you mean 'redact'?"},
        {ACTION("{}"), "t.yaml:3:23: expected one action"},
        {ACTION("{mask: {}, redact: {}}"), "t.yaml:3:23: expected one action"},
        {ACTION("[redact]"), "t.yaml:3:23: expected an action"},
        {ACTION("{redact: {}}"), "t.yaml:3:32: 'redact' has no settings: write action: redact"},
        {ACTION("replace"), "t.yaml:3:23: 'replace' needs its settings: {replace: …}"},
        {ACTION("encrypt"), "t.yaml:3:23: 'encrypt' needs its settings"},
        {ACTION("{mask: {keep: 4}}"), "t.yaml:3:31: unknown key 'keep'"},
        {ACTION("{mask: {keep_first: 65}}"), "t.yaml:3:43: expected a whole number from 0 to 64"},
        {ACTION("{mask: {min_hidden: 0}}"), "t.yaml:3:43: expected a whole number from 1 to 64"},
        {ACTION("{mask: {char: ab}}"), "t.yaml:3:37: expected one character that is no digit"},
        {ACTION("{mask: {char: 7}}"), "t.yaml:3:37: expected one character that is no digit"},
        {ACTION("{mask: {char: \"\\a\"}}"), "t.yaml:3:37: expected one character"},
        {ACTION("{mask: {keep_separators: no}}"), "t.yaml:3:48: expected true or false"},
        {ACTION("{replace: \"${name}\"}"),
         "t.yaml:3:33: '${name}' stands for nothing: there are ${detector}, ${rule} and ${n}"},
        {ACTION("{replace: \"${\"}"), "t.yaml:3:33: '${' stands for nothing"},
        {ACTION("{replace: \"a\\nb\"}"), "t.yaml:3:33: expected a text without control characters"},
        {ACTION("{replace: \"\"}"), "t.yaml:3:33: expected a text"},
        {ACTION("{ip: {v4_prefix: 33}}"), "t.yaml:3:40: expected a whole number from 0 to 32"},
        {ACTION("{ip: {pfx: k}}"), "t.yaml:3:34: encrypting addresses by prefix (pfx) is not"},
        {ACTION("{date: {to: day}}"), "t.yaml:3:35: expected one of year, month, week"},
        {ACTION("{date: {shift: 3}}"), "t.yaml:3:31: unknown key 'shift'"},
        {ACTION("{bucket: {}}"), "t.yaml:3:32: expected either {width: N} or {edges: [...]}"},
        {ACTION("{bucket: {width: 0}}"), "t.yaml:3:40: expected a width above 0"},
        {ACTION("{bucket: {edges: [1, 1]}}"), "t.yaml:3:44: expected numbers in ascending order"},
        {ACTION("{round: {}}"), "t.yaml:3:31: expected {digits: N}"},
        {ACTION("{round: {digits: 10}}"), "t.yaml:3:40: expected a whole number from 0 to 9"},
        {ACTION("{url: {userinfo: hide}}"), "t.yaml:3:40: expected one of keep, drop, redact"},
        {ACTION("{url: {query: {keep: []}}}"), "t.yaml:3:44: expected a list of parameters"},
        {ACTION("{url: {path_ids: yes}}"), "t.yaml:3:40: expected one of keep, template"},
        {ACTION("{keep_only: {}}"), "t.yaml:3:35: expected {keys: [...]}"},
        {ACTION("{commit: {hash: md5}}"), "t.yaml:3:39: expected one of sha256"},
        {ACTION("{drop_record: {tombstone: false}}"), "t.yaml:3:49: expected one of true"},
        {ACTION("tokenise"), "t.yaml:3:23: there are no tokens: use pseudonym, or encrypt"},
        {ACTION("hash_len"), "t.yaml:3:23: expected an action"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(actions_with_keys) {
    static const struct mistake cases[] = {
        {ACTION("sha256"), "t.yaml:3:23: a pseudonym is made with HMAC-SHA-256 and a key"},
        {ACTION("{hash: sha256}"), "t.yaml:3:30: a pseudonym is made with HMAC-SHA-256 and a key"},
        {ACTION("{pseudonym: {hash: sha256}}"), "can be tried within minutes; leave 'sha256' out"},
        {ACTION("{pseudonym: {key: pm}}"), "t.yaml:3:41: there is no key 'pm' under masking.keys"},
        {ACTION("{pseudonym: {key: defualt}}"), "did you mean 'default'?"},
        {ACTION("{pseudonym: {domain: \"a b\"}}"), "t.yaml:3:44: expected a domain"},
        {ACTION("{pseudonym: {scope: all}}"), "t.yaml:3:43: expected one of domain, detector"},
        {ACTION("{pseudonym: {bits: 100}}"), "t.yaml:3:42: expected a multiple of 16"},
        {ACTION("{pseudonym: {bits: 32}}"), "t.yaml:3:42: expected a whole number from 64 to 256"},
        {ACTION("{pseudonym: {encoding: base64}}"), "expected one of base32, hex"},
        {ACTION("{encrypt: {}}"), "t.yaml:3:33: encrypt has no 'subject'"},
        {ACTION("{encrypt: {subject: \"/a/*\"}}"), "t.yaml:3:43: expected the field that names"},
        {ACTION("{encrypt: {subject: \"/a/~3\"}}"), "t.yaml:3:43: expected the field that names"},
        {ACTION("{encrypt: {subject: \"/a//b\"}}"), "t.yaml:3:43: expected the field that names"},
        {ACTION("{encrypt: {subject: id, alg: aes-256-siv}}"), "expected one of aes-256-gcm"},
        {ACTION("{encrypt: {subject: id, kek: k}}"), "the vault's own, made when it first starts"},
        {ACTION("{encrypt: {subject: id, also_index: k}}"), "there is no key 'k'"},
        {ACTION("{default: redact}"), "t.yaml:3:23: {default: …} is for all values that `except`"},
        {ACTION("{default: {default: redact}}"), "expected an action"},
        {RULE("detect: [email]", "{keep_only: [a]}"), "keep_only is for whole JSON values"},
    };
    CHECK(cases);
}
END_TEST

#define ALLOW(text) "masking:\n  allow:\n    - {name: a, reason: r, detector: any, " text "}\n"

START_TEST(allows) {
    static const struct mistake cases[] = {
        {"masking: {allow: {}}\n", "t.yaml:1:18: expected a list of at most 1000 allows"},
        {"masking: {allow: [x]}\n", "t.yaml:1:19: expected an allow"},
        {"masking: {allow: [{name: a, detector: any, values: [x]}]}\n",
         "t.yaml:1:19: the allow has no 'reason'"},
        {"masking: {allow: [{detector: any, values: [x], reason: r}]}\n",
         "t.yaml:1:19: the allow has no 'name'"},
        {"masking: {allow: [{name: a, values: [x], reason: r}]}\n",
         "t.yaml:1:19: the allow has no 'detector'"},
        {"masking: {allow: [{name: a, detector: emial, values: [x], reason: r}]}\n",
         "t.yaml:1:39: there is no detector 'emial'"},
        {ALLOW("fields: [x]"), "t.yaml:3:7: the allow does not say which values"},
        {ALLOW("values: []"), "t.yaml:3:51: expected a list of values"},
        {ALLOW("sha256: [abc]"), "t.yaml:3:52: expected SHA-256 digests, each of 64 hex digits"},
        {ALLOW("cidr: [10.0.0.0/33]"), "t.yaml:3:50: expected a network or an address"},
        {ALLOW("cidr: [10.0.0]"), "t.yaml:3:50: expected a network or an address"},
        {ALLOW("cidr: [10.1.2.3/8]"), "t.yaml:3:50: the address has bits behind its /8"},
        {ALLOW("cidr: [\"2001:db8::1/32\"]"), "t.yaml:3:50: the address has bits behind its /32"},
        {ALLOW("cidr: [\"2001:db8::/129\"]"), "t.yaml:3:50: expected a network or an address"},
        {ALLOW("domains: [\"*.example.org\"]"), "t.yaml:3:53: expected domains"},
        {ALLOW("preset: test"), "t.yaml:3:51: expected one of public-test-pans"},
        {ALLOW("regex: '[x'"), "t.yaml:3:50: this pattern cannot be used"},
        {ALLOW("regex: [x]"), "t.yaml:3:50: expected a regular expression"},
        {ALLOW("values: [x], expires: 2026/12/31"), "t.yaml:3:65: expected a day such as"},
        {ALLOW("values: [x], events: [\"A\"]"), "this is no pattern"},
        {ALLOW("values: [x], value: y"), "unknown key 'value': did you mean 'values'?"},
        {ALLOW("values: [x]") "    - {name: a, reason: r, detector: any, values: [y]}\n",
         "t.yaml:4:14: an allow before this one has the name 'a' too"},
        {"masking: {allow: [{name: a, detector: email, cidr: [10.0.0.0/8], reason: r}]}\n",
         "t.yaml:1:52: networks are for the detectors ipv4 and ipv6"},
        {"masking: {allow: [{name: a, detector: ipv4, domains: [example.org], reason: r}]}\n",
         "t.yaml:1:54: domains are for the detectors email and url_password"},
        {"masking: {allow: [{name: a, detector: iban, preset: public-test-pans, reason: r}]}\n",
         "t.yaml:1:53: public-test-pans is for the detector credit_card"},
    };
    CHECK(cases);
}
END_TEST

#define TEST(text) "masking:\n  tests:\n    - {" text "}\n"

START_TEST(tests_of_the_file) {
    static const struct mistake cases[] = {
        {"masking: {tests: x}\n", "t.yaml:1:18: expected a list of at most 1000 tests"},
        {TEST("event: a, in: {x: y}"), "t.yaml:3:7: the test has no 'out'"},
        {TEST("event: a, out: {x: y}"), "t.yaml:3:7: the test has no 'in'"},
        {TEST("in: {x: y}, out: {x: y}"), "t.yaml:3:7: the test has no 'event'"},
        {TEST("event: A, in: {x: y}, out: {x: y}"), "t.yaml:3:15: expected an event's name"},
        {TEST("event: a, in: {x: y}, out: {z: y}"), "t.yaml:3:36: 'in' has no field 'z'"},
        {TEST("event: a, in: {0x: y}, out: {0x: y}"), "t.yaml:3:23: '0x' is no field's name"},
        {TEST("event: a, in: {}, dropped: true"), "t.yaml:3:22: expected fields with values"},
        {TEST("event: a, in: {x: y}, dropped: maybe"), "t.yaml:3:39: expected true or false"},
        {TEST("event: a, in: {x: y}, out: {x: y}, dropped: true"), "no field comes out"},
        {TEST("event: a, in: {x: y}, out_regex: {x: [y]}"), "expected a regular expression"},
        {TEST("event: a, in: {x: y}, out_regex: {x: '*'}"), "this pattern cannot be used"},
        {TEST("event: a, in: {x: y}, out: {x: y}, sender: {uid: no-such-user-here}"),
         "there is no user 'no-such-user-here'"},
        {TEST("event: a, in: {x: y}, out: {x: y}, sender: {pid: 1}"), "unknown key 'pid'"},
    };
    CHECK(cases);
}
END_TEST

START_TEST(all_mistakes_of_a_section_are_told) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
    struct tx_masking masking;
    ck_assert_int_eq(
        masking_parse("masking:\n"
                      "  preset: nope\n"
                      "  on_bad_config: refuse\n"
                      "  keys: {k: {source: tpm}}\n"
                      "  detectors: {d: {}}\n"
                      "  rules:\n"
                      "    - {id: a, match: {detect: [d, e]}, action: {mask: 3}}\n"
                      "    - {id: b, match: {class: c}, action: {pseudonym: {key: k}}}\n"
                      "  allow: [{}]\n"
                      "  tests: [3]\n",
                      &told, &masking),
        TX_CONF_E_MASKING);
    static const char *const places[] = {
        "t.yaml:2:11: ", "t.yaml:4:22: ", "t.yaml:5:18: ", "t.yaml:7:35: ",
        "t.yaml:7:55: ", "t.yaml:8:30: ", "t.yaml:9:11: ", "t.yaml:10:11: "};
    for (size_t i = 0; i < TX_COUNT_OF(places); i++)
        ck_assert_msg(strstr((char *)told.data, places[i]), "%s: %s", places[i], (char *)told.data);
    /* What is named although it is broken is not told a second time. */
    ck_assert_ptr_null(strstr((char *)told.data, "there is no detector 'd'"));
    ck_assert_ptr_null(strstr((char *)told.data, "there is no key 'k'"));
    ck_assert(masking.lockdown && masking.refuse_bad_config);
    tx_masking_deinit(&masking);
}
END_TEST

static void add(struct tx_bytes *text, const char *line) {
    ck_assert_int_eq(tx_bytes_append(text, line, strlen(line)), 0);
}

START_TEST(classes_multiply_up_to_a_limit_only) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT, told = TX_BYTES_INIT;
    struct tx_masking masking;
    char line[128];

    add(&text, "masking:\n  classes:\n    c: {fields: [");
    for (int i = 0; i < 900; i++) {
        snprintf(line, sizeof(line), "f%d, ", i);
        add(&text, line);
    }
    add(&text, "g]}\n  rules:\n");
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof(line),
                 "    - {id: r%d, match: {class: c, events: [e%d]}, action: drop}\n", i, i);
        add(&text, line);
    }
    ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
    ck_assert_int_eq(masking_parse((char *)text.data, &told, &masking), TX_CONF_E_MASKING);
    ck_assert_msg(strstr((char *)told.data, "more than 20000 patterns"), "%.1000s",
                  (char *)told.data);
    tx_masking_deinit(&masking);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: mistakes in masking");
    TCase *tests = tcase_create("mistakes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, settings);
    tcase_add_test(tests, presets_and_packs);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, detectors);
    tcase_add_test(tests, classes);
    tcase_add_test(tests, rules);
    tcase_add_test(tests, replaced_rules);
    tcase_add_test(tests, matches);
    tcase_add_test(tests, senders);
    tcase_add_test(tests, rules_that_do_nothing);
    tcase_add_test(tests, actions);
    tcase_add_test(tests, actions_with_keys);
    tcase_add_test(tests, allows);
    tcase_add_test(tests, tests_of_the_file);
    tcase_add_test(tests, all_mistakes_of_a_section_are_told);
    tcase_add_test(tests, classes_multiply_up_to_a_limit_only);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
