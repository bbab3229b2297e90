/* SPDX-License-Identifier: MIT */
/* Every mistake that a rule can hold. */
#include "mistakes.h"

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

int main(void) {
    Suite *suite = suite_create("conf: mistakes in rules");
    TCase *tests = tcase_create("mistakes");
    tcase_add_test(tests, rules);
    tcase_add_test(tests, replaced_rules);
    tcase_add_test(tests, matches);
    tcase_add_test(tests, senders);
    tcase_add_test(tests, rules_that_do_nothing);
    tcase_add_test(tests, actions);
    tcase_add_test(tests, actions_with_keys);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
