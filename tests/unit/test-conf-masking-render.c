/* SPDX-License-Identifier: MIT */
/* The section as it is told again: the policy's text, and what a file says to mean the same. */
#include <fcntl.h>

#include "libtx/base/file.h"
#include "tests/unit/masking-check.h"

static char *text_of(struct tx_bytes *b, int r) {
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(tx_bytes_append(b, "", 1), 0);
    return (char *)b->data;
}

static char *policy_of(const struct tx_masking *masking) {
    struct tx_bytes b = TX_BYTES_INIT;
    int r = tx_masking_render(masking, &b);
    return text_of(&b, r);
}

static char *section_of(const struct tx_masking *masking) {
    struct tx_bytes b = TX_BYTES_INIT;
    int r = tx_bytes_append(&b, "masking:\n", 9);
    if (r == 0)
        r = tx_masking_render_section(masking, 1, &b);
    return text_of(&b, r);
}

static char *policy_of_text(const char *text) {
    struct tx_masking masking = masking_ok(text);
    char *policy = policy_of(&masking);
    tx_masking_deinit(&masking);
    return policy;
}

/* Everything that the language has, with texts that YAML has its own ideas of. */
static const char all_of_it[] =
    "masking:\n"
    "  preset: none\n"
    "  i_accept_unmasked: true\n"
    "  packs: [pci, us-ids@1]\n"
    "  on_error: drop_field\n"
    "  on_bad_config: refuse\n"
    "  limits: {max_field: 1KiB, oversize: redact_all, decode_depth: 4, max_json_depth: 8,\n"
    "           max_spans: 10, regex_states: 500}\n"
    "  normalise: {nfkc_digits: false, strip_zero_width: false, confusables: true}\n"
    "  decode: [hex, json]\n"
    "  keys:\n"
    "    default: {source: installation, epoch: 36h}\n"
    "    pn: {source: credential, name: pn.key, epoch: 90d, overlap: 90min}\n"
    "    old: {source: file, path: keys/old, epoch: none}\n"
    "  classes:\n"
    "    person: {fields: [email, \"/customer/**\"], types: [string, map]}\n"
    "  detectors:\n"
    "    token: {regex: 'tok_(\\w+)', literal: tok_, flags: iw, capture: 1, entropy: 3.25,\n"
    "            validator: {crc32_base62: {over: [0, 8], check: [8, 14]}}, confidence: 0.07,\n"
    "            context: {words: [b, a], exclude: [c], before: 3, after: 0, field_names: false},\n"
    "            examples: {true: [\"z \\x7f\\u2028\", a], false: [\"\\\"q\\\"\"]}}\n"
    "    words: {literal: [foo, \"bar\\tbaz\"], validator: luhn}\n"
    "  allow:\n"
    "    - {name: nets, detector: [ipv6, ipv4], cidr: [10.0.0.0/8, \"::1\", \"::ffff:0:0/96\",\n"
    "       1.2.3.4], reason: \"why: \\\"so\\\"\\n\", approved_by: x@y.z, expires: 2030-01-02}\n"
    "    - {name: some, detector: any, values: [b, a, b], sha256: "
    "[\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"],\n"
    "       domains: [Example.org], preset: public-test-pans, regex: 'x+', events: [t.**],\n"
    "       fields: [A-b, /x/y], reason: r, expires: \"2030-01-02T03:04:05.678Z\"}\n"
    "  rules:\n"
    "    - {id: r1, match: {class: person, events: [b.*, \"a.{x,y}\"], keys: [k*], labels: "
    "[secret],\n"
    "       sender: {uid: [7, root], gid: 0, unit: \"{x}-*.service\", exe: [\"/opt/**\"]},\n"
    "       any: [{fields: [z]}, {fields: [b], not: {types: bool}}], all: {events: [\"**\"]},\n"
    "       not: [{fields: [n2]}, {fields: [n1]}]}, except: {fields: [level]},\n"
    "       action: {mask: {keep_first: 1, keep_last: 2, char: \"\\u2588\", min_hidden: 1,\n"
    "                       fixed_length: 8, keep_separators: false}}, locked: true}\n"
    "    - {id: r2, match: {detect: [token, words, \"pack:pci\"], min_confidence: 0.29,\n"
    "       min_count: 3}, action: {replace: \"[${detector} ${rule} ${n}]\"}, mode: shadow,\n"
    "       until: 2031-01-01, on_type_change: \"null\"}\n"
    "    - {id: r3, match: {regex: '\\d{4}', fields: [x3]}, action: {pseudonym: {key: pn,\n"
    "       domain: staff, scope: event, bits: 96, encoding: hex, canonical: false,\n"
    "       keep_domain: true}}}\n"
    "    - {id: r4, match: {fields: [x4]}, action: {encrypt: {subject: /c/~0id, also_index: pn}}}\n"
    "    - {id: r5, match: {fields: [x5]}, action: {ip: {v4_prefix: 0, v6_prefix: 128}}}\n"
    "    - {id: r6, match: {fields: [x6]}, action: {date: {to: week}}}\n"
    "    - {id: r7, match: {fields: [x7]}, action: {bucket: {edges: [-1.5, 0, 0.1, 1e6]}}}\n"
    "    - {id: r8, match: {fields: [x8]}, action: {bucket: {width: 0.1}}}\n"
    "    - {id: r9, match: {fields: [x9]}, action: {round: {digits: 3}}}\n"
    "    - {id: r10, match: {fields: [x10]}, action: {url: {userinfo: redact, fragment: keep,\n"
    "       query: {keep: [b, a], others: drop}, path_ids: template}}}\n"
    "    - {id: r11, match: {fields: [x11]}, action: {keep_only: {keys: [b, a]}}}\n"
    "    - {id: r12, match: {fields: [x12]}, action: {commit: {key: old}}}\n"
    "    - {id: r13, match: {fields: [x13]}, action: drop_field}\n"
    "    - {id: r14, match: {events: [x14]}, action: drop_record}\n"
    "    - {id: r15, match: {fields: [x15]}, action: allow, reason: r, approved_by: me,\n"
    "       expires: 2030-01-01}\n"
    "    - {id: r16, match: {sender: {unit: x}}, action: {default: hash}, except: {fields: [a]}}\n"
    "  tests:\n"
    "    - {event: a.b, sender: {uid: root, gid: 3, unit: u, exe: /x}, in: {s: \"1\", i: 1, f: "
    "-1.5,\n"
    "       b: true, n: null, m: {k: [1, \"1\", x, {y: ~}]}, e: \"\"}, out: {s: \"\\e\", n: "
    "null},\n"
    "       out_regex: {i: 12}}\n"
    "    - {event: x14, in: {s: x}, dropped: true}\n";

START_TEST(what_is_told_reads_back_the_same) {
    struct tx_masking masking = masking_ok(all_of_it);
    _cleanup_(tx_freep) char *once = section_of(&masking), *policy = policy_of(&masking);
    struct tx_masking again = masking_ok(once);
    _cleanup_(tx_freep) char *twice = section_of(&again), *same_policy = policy_of(&again);
    ck_assert_str_eq(once, twice);
    ck_assert_str_eq(policy, same_policy);
    ck_assert_uint_eq(masking.n_rules, again.n_rules);
    ck_assert_uint_eq(masking.n_detectors, again.n_detectors);
    ck_assert_str_eq(masking.tests[0].in[5].value, "{\"k\": [1, \"1\", \"x\", {\"y\": null}]}");
    ck_assert_str_eq(again.tests[0].in[5].value, masking.tests[0].in[5].value);
    ck_assert_str_eq(again.keys[2].name, "/etc/keys/old");
    tx_masking_deinit(&masking);
    tx_masking_deinit(&again);
}
END_TEST

START_TEST(the_examples_read_back_the_same) {
    static const char *const names[] = {"shop", "bank", "saas"};
    for (size_t i = 0; i < TX_COUNT_OF(names); i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
        char path[512];
        snprintf(path, sizeof(path), EXAMPLES "example-%s.yaml", names[i]);
        int r = tx_file_read_at(AT_FDCWD, path, 65536, &text);
        struct tx_masking masking = masking_ok(text_of(&text, r));
        _cleanup_(tx_freep) char *once = section_of(&masking), *policy = policy_of(&masking);
        struct tx_masking again = masking_ok(once);
        _cleanup_(tx_freep) char *twice = section_of(&again), *same_policy = policy_of(&again);
        ck_assert_str_eq(once, twice);
        ck_assert_str_eq(policy, same_policy);
        tx_masking_deinit(&masking);
        tx_masking_deinit(&again);
    }
}
END_TEST

START_TEST(a_lockdown_reads_back_as_one) {
    struct tx_masking masking = masking_ok("masking: {mode: lockdown, on_bad_config: refuse}\n");
    _cleanup_(tx_freep) char *once = section_of(&masking), *policy = policy_of(&masking);
    struct tx_masking again = masking_ok(once);
    ck_assert(again.lockdown && again.refuse_bad_config);
    ck_assert_str_eq(policy, "tracex_policy: 2\nengine: 3\nmode: lockdown\n");
    tx_masking_deinit(&masking);
    tx_masking_deinit(&again);
}
END_TEST

#define RULE(match, action) "masking: {rules: [{id: a, match: {" match "}, action: " action "}]}\n"

START_TEST(one_meaning_has_one_text) {
    static const char *const same[][2] = {
        {"version: 1\n", "masking: {preset: secure-default, rules: [], packs: []}\n"},
        {RULE("fields: [x, y]", "drop"), RULE("fields: [y, x, y]", "drop_field")},
        {RULE("fields: [\"A-b*\"]", "mask"), RULE("fields: \"a.b**\"", "{mask: {keep_last: 0}}")},
        {RULE("tags: [pii, secret]", "hash"), RULE("labels: [secret, pii]", "pseudonym")},
        {RULE("events: [\"*\"]", "hash"), RULE("events: [\"**\"]", "{pseudonym: {bits: 128}}")},
        {RULE("fields: [\"{a,b}_c\"]", "hash"), RULE("fields: [a_c, b-c]", "{hash: {}}")},
        {RULE("not: [{fields: [a]}, {fields: [b]}]", "drop"),
         RULE("not: [{fields: [b]}, {fields: [a]}, {fields: [a, a]}]", "drop")},
        {RULE("detect: [email, iban]", "{replace: x}"),
         RULE("detect: [iban, email]", "{replace: x}")},
        {RULE("sender: {uid: [1, 0]}", "drop"), RULE("sender: {uid: [root, 1, 1]}", "drop")},
        {"masking: {tests: [{event: a, in: {x: y}, out: {x: y}}]}\n", "version: 1\n"},
        {"masking: {limits: {max_field: 64KiB}}\n", "version: 1\n"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(same); i++) {
        _cleanup_(tx_freep) char *one = policy_of_text(same[i][0]);
        _cleanup_(tx_freep) char *other = policy_of_text(same[i][1]);
        ck_assert_str_eq(one, other);
    }
}
END_TEST

START_TEST(what_masks_differently_has_another_text) {
    static const char *const different[] = {
        "version: 1\n",
        "masking: {preset: none, i_accept_unmasked: true}\n",
        "masking: {mode: shadow, i_accept_unmasked: true}\n",
        "masking: {packs: [pci]}\n",
        "masking: {packs: [secrets]}\n",
        "masking: {packs: [secrets, pci]}\n",
        "masking: {on_error: drop_field}\n",
        "masking: {limits: {decode_depth: 1}}\n",
        "masking: {decode: []}\n",
        "masking: {normalise: {confusables: true}}\n",
        "masking: {keys: {default: {source: file, path: /x}}}\n",
        "masking: {keys: {default: {source: file, path: /y}}}\n",
        "masking: {keys: {default: {source: file, path: /y, epoch: 1d}}}\n",
        "masking: {allow: [{name: a, detector: any, values: [x], reason: r}]}\n",
        "masking: {allow: [{name: a, detector: any, values: [x], reason: s}]}\n",
        "masking: {allow: [{name: a, detector: email, values: [x], reason: r}]}\n",
        RULE("fields: [x]", "drop"),
        RULE("fields: [y]", "drop"),
        RULE("fields: [/y]", "drop"),
        RULE("keys: [x]", "drop"),
        RULE("events: [x]", "drop"),
        RULE("events: [x, y]", "drop"),
        RULE("fields: [x]", "redact"),
        RULE("fields: [x]", "mask"),
        RULE("fields: [x]", "{mask: {keep_last: 1}}"),
        RULE("fields: [x]", "{mask: {keep_first: 1}}"),
        RULE("fields: [x]", "{mask: {char: x}}"),
        RULE("fields: [x], types: int", "drop"),
        RULE("fields: [x], labels: pii", "drop"),
        RULE("fields: [x], detect: [credit_card]", "drop"),
        RULE("fields: [x], detect: [credit_card], min_count: 2", "drop"),
        RULE("fields: [x], regex: x", "drop"),
        RULE("fields: [x], regex: y", "drop"),
        RULE("fields: [x], not: {events: [y]}", "drop"),
        RULE("fields: [x], any: {events: [y]}", "drop"),
        RULE("fields: [x, 'y\"\\']", "drop"),
        "masking: {rules: [{id: b, match: {fields: [x]}, action: drop}]}\n",
        "masking: {rules: [{id: a, match: {fields: [x]}, action: drop, locked: true}]}\n",
        "masking: {rules: [{id: a, match: {fields: [x]}, action: drop, mode: shadow}]}\n",
        "masking: {rules: [{id: a, match: {fields: [x]}, action: drop, replaces: "
        "secure-default/card}]}\n",
    };
    char *texts[TX_COUNT_OF(different)];
    for (size_t i = 0; i < TX_COUNT_OF(different); i++) {
        texts[i] = policy_of_text(different[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(texts[i], texts[k]) != 0, "%s and %s", different[i], different[k]);
    }
    for (size_t i = 0; i < TX_COUNT_OF(different); i++)
        free(texts[i]);
}
END_TEST

START_TEST(the_policy_says_what_is_in_force) {
    struct tx_masking masking = masking_ok(all_of_it);
    _cleanup_(tx_freep) char *policy = policy_of(&masking);
    _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
    struct tx_conf_errors errors = {
        .name = "policy", .text = {policy, strlen(policy)}, .to = &told};
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root =
        tx_conf_tree_new(errors.text, &errors);
    ck_assert_msg(root, "%.*s\n%s", (int)told.len, (char *)told.data, policy);
    static const char *const parts[] = {"tracex_policy: 2\nengine: 3\npreset: none\n",
                                        "\"pn\": {source: credential, name: \"pn.key\"",
                                        "\"r3/regex\": {regex: \"\\\\d{4}\"",
                                        "{id: \"pci/card\", from: pack,",
                                        "{id: \"r13\", from: file,",
                                        "uid: [0, 7]",
                                        "approved_by: \"x@y.z\""};
    for (size_t i = 0; i < TX_COUNT_OF(parts); i++)
        ck_assert_msg(strstr(policy, parts[i]), "%s\n%s", parts[i], policy);
    ck_assert(strstr(policy, "\"r1\"") < strstr(policy, "pci/card"));
    ck_assert_ptr_null(strstr(policy, "examples"));
    ck_assert_ptr_null(strstr(policy, "tests"));
    tx_masking_deinit(&masking);
}
END_TEST

static bool parses(const char *text, size_t n, struct tx_masking *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
    struct tx_conf_errors errors = {.name = "t.yaml", .text = {text, n}, .to = &told};
    _cleanup_(tx_conf_tree_freep) struct tx_conf_node *root =
        tx_conf_tree_new(errors.text, &errors);
    bool is_section = root && root->kind == TX_CONF_MAP && root->n == 1;

    if (!is_section)
        return false;
    int r = tx_conf_masking_read(root->entries[0].value, TX_TEXT("/etc"), &errors, ret);
    ck_assert(r == 0 || r == TX_CONF_E_MASKING);
    ck_assert_int_eq(r == 0, errors.n == 0);
    ck_assert(r == 0 || ret->lockdown);
    return true;
}

/* Whatever bytes change: what is still accepted is told as a file that means the same. */
START_TEST(damaged_sections_are_refused_or_read_back_the_same) {
    char text[sizeof(all_of_it)];
    unsigned seed = 1, accepted = 0;

    for (int round = 0; round < 4000; round++) {
        struct tx_masking masking;
        memcpy(text, all_of_it, sizeof(text));
        for (int k = rand_r(&seed) % 3; k >= 0; k--) {
            size_t at = (size_t)rand_r(&seed) % (sizeof(text) - 1);
            size_t from = (size_t)rand_r(&seed) % (sizeof(text) - 1);
            text[at] = round % 2 ? all_of_it[from] : (char)rand_r(&seed);
        }
        if (!parses(text, sizeof(text) - 1, &masking))
            continue;
        if (!masking.lockdown) {
            _cleanup_(tx_freep) char *once = section_of(&masking), *policy = policy_of(&masking);
            struct tx_masking again = masking_ok(once);
            _cleanup_(tx_freep) char *same_policy = policy_of(&again);
            ck_assert_str_eq(policy, same_policy);
            tx_masking_deinit(&again);
            accepted++;
        }
        tx_masking_deinit(&masking);
    }
    ck_assert_uint_gt(accepted, 100);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: masking told again");
    TCase *tests = tcase_create("render");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_told_reads_back_the_same);
    tcase_add_test(tests, the_examples_read_back_the_same);
    tcase_add_test(tests, a_lockdown_reads_back_as_one);
    tcase_add_test(tests, one_meaning_has_one_text);
    tcase_add_test(tests, what_masks_differently_has_another_text);
    tcase_add_test(tests, the_policy_says_what_is_in_force);
    tcase_add_test(tests, damaged_sections_are_refused_or_read_back_the_same);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
