/* SPDX-License-Identifier: MIT */
/* Every mistake that `masking:` can hold, with the place and the words that it is told with. */
#include "mistakes.h"

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
