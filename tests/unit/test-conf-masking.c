/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "libtx/base/file.h"
#include "libtx/mask/policy/masking-cover.h"
#include "tests/unit/masking-check.h"

static char *example(const char *name) {
    struct tx_bytes text = TX_BYTES_INIT;
    char path[512];
    snprintf(path, sizeof(path), EXAMPLES "example-%s.yaml", name);
    ck_assert_int_eq(tx_file_read_at(AT_FDCWD, path, 65536, &text), 0);
    ck_assert_int_eq(tx_bytes_append(&text, "", 1), 0);
    return (char *)text.data;
}

static struct tx_masking masking_of_example(const char *name) {
    _cleanup_(tx_freep) char *text = example(name);
    return masking_ok(text);
}

START_TEST(a_file_without_the_section_has_the_preset) {
    struct tx_masking masking = masking_ok("version: 1\n");
    ck_assert_str_eq(masking.preset, "secure-default@1");
    ck_assert_uint_eq(masking.packs.n, 0);
    ck_assert(!masking.lockdown && !masking.shadow && !masking.refuse_bad_config);
    ck_assert_int_eq(masking.on_error, TX_ON_ERROR_MASK_FIELD);
    ck_assert_uint_eq(masking.limits.field_bytes, 65536);
    ck_assert_uint_eq(masking.limits.decode_depth, 2);
    ck_assert_uint_eq(masking.decode, 15);
    ck_assert_uint_eq(masking.n_keys, 1);
    ck_assert_str_eq(masking.keys[0].id, TX_MASKING_DEFAULT_KEY);
    ck_assert_uint_gt(masking.n_rules, 20);
    for (size_t i = 0; i < masking.n_rules; i++)
        ck_assert_int_eq(masking.rules[i].source, TX_FROM_PRESET);
    const struct tx_masking_rule *card = rule_of(&masking, "secure-default/card");
    ck_assert(!card->locked);
    ck_assert_int_eq(card->action.kind, TX_ACTION_MASK);
    ck_assert_uint_eq(card->action.mask.keep_last, 4);
    ck_assert(rule_of(&masking, "secure-default/private-key")->locked);
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(the_vault_is_needed_when_a_rule_in_force_encrypts) {
    static const struct {
        const char *rule;
        bool encrypts;
    } cases[] = {{"action: redact", false},
                 {"action: {encrypt: {subject: id}}", true},
                 {"mode: shadow, action: {encrypt: {subject: id}}", false}};
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "version: 1\nmasking:\n  rules:\n  - {id: r, match: {fields: [x]}, %s}\n",
                 cases[i].rule);
        struct tx_masking masking = masking_ok(text);
        ck_assert_int_eq(tx_masking_encrypts(&masking), cases[i].encrypts);
        tx_masking_deinit(&masking);
    }
}
END_TEST

/* Which rules of a preset or pack claim what a detector finds; fails when none does. */
static const struct tx_masking_rule *claiming(const struct tx_masking *masking,
                                              enum tx_detector detector) {
    char *name = (char *)tx_detector_infos[detector].name;
    const struct tx_masking_match found = {.detectors = {.n = 1, .item = &name}};
    const struct tx_masking_rule *rule = NULL;

    for (size_t i = 0; i < masking->n_rules; i++)
        if (tx_masking_covers(&masking->rules[i].match, &found))
            rule = &masking->rules[i];
    ck_assert_msg(rule, "no rule claims %s", name);
    ck_assert(!rule->shadow && rule->action.kind != TX_ACTION_ALLOW);
    return rule;
}

START_TEST(the_preset_claims_what_any_detector_finds) {
    struct tx_masking masking = masking_ok("version: 1\n");
    for (size_t d = 0; d < TX_DETECT_N; d++) {
        const struct tx_masking_rule *rule = claiming(&masking, (enum tx_detector)d);
        if (tx_detector_infos[d].pack == TX_PACK_SECRETS)
            ck_assert_msg(rule->locked && rule->action.kind == TX_ACTION_REDACT, "%s", rule->id);
    }
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(a_pack_claims_what_its_detectors_find_and_is_locked) {
    for (size_t i = 0; tx_presets[i].name; i++) {
        char text[128];
        if (!tx_presets[i].is_pack)
            continue;
        snprintf(text, sizeof(text),
                 "masking: {preset: none, i_accept_unmasked: true, packs: [%s]}\n",
                 tx_presets[i].name);
        struct tx_masking masking = masking_ok(text);
        size_t n = 0;
        for (size_t d = 0; d < TX_DETECT_N; d++)
            if (strcmp(tx_pack_names[tx_detector_infos[d].pack], tx_presets[i].name) == 0)
                n += claiming(&masking, (enum tx_detector)d)->locked;
        ck_assert_uint_gt(n, 0);
        for (size_t k = 0; k < masking.n_rules; k++)
            ck_assert(masking.rules[k].locked && masking.rules[k].source == TX_FROM_PACK);
        tx_masking_deinit(&masking);
    }
}
END_TEST

START_TEST(a_shops_file_is_read) {
    struct tx_masking masking = masking_of_example("shop");
    ck_assert_uint_eq(masking.n_keys, 2);
    ck_assert_int_eq(masking.keys[1].source, TX_KEY_CREDENTIAL);
    ck_assert_int_eq(masking.keys[1].epoch_ns, INT64_C(90) * 86400 * 1000000000);
    ck_assert_uint_eq(masking.n_allows, 2);
    ck_assert_uint_eq(masking.allows[0].n_cidrs, 2);
    ck_assert_uint_eq(masking.allows[0].cidrs[0].bits, 104);
    ck_assert_int_eq(masking.allows[0].expires, INT64_C(1798675200) * 1000000000);
    ck_assert(masking.allows[1].public_test_pans);
    ck_assert_uint_eq(masking.n_tests, 2);
    ck_assert_str_eq(masking.tests[1].in[0].name, "ip");
    ck_assert_int_eq(masking.tests[1].in[0].type, TX_TYPE_STRING);
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(a_banks_file_is_read) {
    struct tx_masking masking = masking_of_example("bank");
    ck_assert_int_eq(masking.on_error, TX_ON_ERROR_REJECT_RECORD);
    ck_assert_uint_eq(masking.limits.decode_depth, 3);
    ck_assert_uint_eq(masking.packs.n, 3);
    ck_assert_str_eq(masking.packs.item[1], "pci@1");
    const struct tx_masking_rule *rule = &masking.rules[0];
    ck_assert_str_eq(rule->id, "pan-fields");
    ck_assert_uint_eq(rule->match.types, TX_TYPE_STRING | TX_TYPE_INT);
    ck_assert_uint_eq(rule->match.n_all, 1);
    ck_assert_uint_eq(rule->match.all[0].fields.n, 3);
    ck_assert_str_eq(rule->match.all[0].fields.item[2], "/payment/**/number");
    ck_assert(masking.rules[1].locked);
    ck_assert_str_eq(masking.rules[2].action.encrypt.subject, "/customer/id");
    ck_assert_str_eq(masking.rules[2].action.encrypt.also_index, "pn");
    ck_assert_str_eq(masking.rules[3].action.pseudonym.domain, "person");
    ck_assert_uint_eq(masking.rules[6].match.min_count, 20);
    ck_assert_int_eq(masking.rules[7].source, TX_FROM_PACK);
    ck_assert_int_eq(masking.rules[masking.n_rules - 1].source, TX_FROM_PRESET);
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(a_platforms_file_is_read) {
    struct tx_masking masking = masking_of_example("saas");
    ck_assert_uint_eq(masking.n_detectors, 2);
    ck_assert_str_eq(masking.detectors[0].required_literal, "acme_");
    ck_assert_int_eq(masking.detectors[0].validator, TX_VALID_CRC32_BASE62);
    ck_assert_uint_eq(masking.detectors[0].over_to, 37);
    ck_assert_uint_eq(masking.detectors[1].confidence, 60);
    ck_assert_uint_eq(masking.detectors[1].before, 40);
    ck_assert(masking.rules[1].shadow);
    ck_assert_int_gt(masking.rules[1].expires, 0);
    ck_assert_uint_eq(masking.rules[2].action.keep_only.keys.n, 4);
    ck_assert_uint_eq(masking.rules[3].action.url.query_keep.n, 2);
    ck_assert(masking.rules[3].action.url.path_ids);
    ck_assert_int_eq(masking.rules[4].action.kind, TX_ACTION_REDACT);
    ck_assert_uint_eq(masking.rules[4].match.n_none, 1);
    ck_assert_uint_eq(masking.rules[5].match.sender.uids.id[0], 0);
    ck_assert_str_eq(masking.rules[5].reason, "HR-77, works council agreement");
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(words_of_before_mean_the_same) {
    struct tx_masking masking =
        masking_ok("masking:\n"
                   "  rules:\n"
                   "    - {id: a, match: {labels: pii, fields: card}, action: hash}\n"
                   "    - {id: b, match: {tags: [secret, pii]}, action: drop}\n"
                   "    - {id: c, match: {detect: email}, action: {mask: {keep_first: 2}}}\n"
                   "    - {id: d, match: {events: debug.**}, action: mask}\n");
    ck_assert(masking.rules[0].match.label_pii && !masking.rules[0].match.label_secret);
    ck_assert_int_eq(masking.rules[0].action.kind, TX_ACTION_PSEUDONYM);
    ck_assert_str_eq(masking.rules[0].action.pseudonym.key, "default");
    ck_assert_str_eq(masking.rules[0].action.pseudonym.domain, "default");
    ck_assert(masking.rules[1].match.label_pii && masking.rules[1].match.label_secret);
    ck_assert_int_eq(masking.rules[1].action.kind, TX_ACTION_DROP_FIELD);
    ck_assert_uint_eq(masking.rules[2].action.mask.keep_first, 2);
    ck_assert_uint_eq(masking.rules[2].action.mask.min_hidden, 6);
    ck_assert_int_eq(masking.rules[3].action.kind, TX_ACTION_MASK);
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(braces_and_brackets_are_written_out) {
    struct tx_masking masking =
        masking_ok("masking:\n"
                   "  rules:\n"
                   "    - {id: a, match: {fields: [\"{card,pan}_[1-3x]{,.*}\"]}, action: drop}\n");
    const struct tx_masking_list *fields = &masking.rules[0].match.fields;
    ck_assert_uint_eq(fields->n, 16);
    ck_assert_str_eq(fields->item[0], "card_1");
    ck_assert_str_eq(fields->item[1], "card_1.*");
    ck_assert_str_eq(fields->item[15], "pan_x.*");
    tx_masking_deinit(&masking);
}
END_TEST

START_TEST(they_are_in_pointers_and_senders_too) {
    struct tx_masking masking = masking_ok(
        "masking:\n"
        "  rules:\n"
        "    - id: a\n"
        "      match: {fields: [\"/p/{iban,pan}/*\"], sender: {unit: [\"shop-[12].service\"],\n"
        "              exe: [\"/opt/{a,b}/**\"]}}\n"
        "      action: drop\n");
    const struct tx_masking_match *match = &masking.rules[0].match;
    ck_assert_uint_eq(match->fields.n, 2);
    ck_assert_str_eq(match->fields.item[0], "/p/iban/*");
    ck_assert_str_eq(match->fields.item[1], "/p/pan/*");
    ck_assert_uint_eq(match->sender.units.n, 2);
    ck_assert_str_eq(match->sender.units.item[1], "shop-2.service");
    ck_assert_uint_eq(match->sender.exes.n, 2);
    ck_assert_str_eq(match->sender.exes.item[0], "/opt/a/**");
    tx_masking_deinit(&masking);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conf: masking");
    TCase *tests = tcase_create("masking");
    tcase_add_test(tests, a_file_without_the_section_has_the_preset);
    tcase_add_test(tests, the_vault_is_needed_when_a_rule_in_force_encrypts);
    tcase_add_test(tests, the_preset_claims_what_any_detector_finds);
    tcase_add_test(tests, a_pack_claims_what_its_detectors_find_and_is_locked);
    tcase_add_test(tests, a_shops_file_is_read);
    tcase_add_test(tests, a_banks_file_is_read);
    tcase_add_test(tests, a_platforms_file_is_read);
    tcase_add_test(tests, words_of_before_mean_the_same);
    tcase_add_test(tests, braces_and_brackets_are_written_out);
    tcase_add_test(tests, they_are_in_pointers_and_senders_too);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
