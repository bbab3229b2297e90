/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static char other[] = "other", unknown[] = "unknown", person[] = "person";

static struct tx_masking_action pseudonym(void) {
    return (struct tx_masking_action){
        .kind = TX_ACTION_PSEUDONYM,
        .pseudonym = {.domain = person, .bits = 128, .canonical = true}};
}

static struct tx_action_subject found(const char *text, enum tx_detector detector) {
    struct tx_action_subject subject = action_subject(text);
    subject.detector = detector;
    subject.detector_name = tx_detector_infos[detector].name;
    return subject;
}

static const char *pseudonym_of(const struct tx_masking_action *action,
                                const struct tx_action_subject *subject) {
    static char texts[4][512];
    static size_t next;
    int r;
    const char *got = apply(action, subject, &r);
    ck_assert_ptr_nonnull(got);
    ck_assert(tx_action_is_output(text_of(got)));
    next = (next + 1) % TX_COUNT_OF(texts);
    snprintf(texts[next], sizeof(texts[next]), "%s", got);
    return texts[next];
}

START_TEST(a_pseudonym_is_the_same_for_the_same_value_however_it_is_spelt) {
    struct tx_masking_action action = pseudonym(), exact = pseudonym();
    struct tx_action_subject a = found("Alice@Example.ORG", TX_DETECT_EMAIL),
                             b = found("alice@example.org", TX_DETECT_EMAIL),
                             c = found("bob@example.org", TX_DETECT_EMAIL);
    exact.pseudonym.canonical = false;
    ck_assert_str_eq(pseudonym_of(&action, &a), pseudonym_of(&action, &b));
    ck_assert_str_ne(pseudonym_of(&action, &a), pseudonym_of(&action, &c));
    ck_assert_str_ne(pseudonym_of(&exact, &a), pseudonym_of(&exact, &b));
    ck_assert_str_eq(pseudonym_of(&exact, &b), pseudonym_of(&action, &b));
    check_subject(&action, &a, pseudonym_of(&action, &a));
}
END_TEST

START_TEST(key_domain_scope_and_epoch_each_make_another) {
    struct tx_masking_action base = pseudonym(), key = base, domain = base, detector = base,
                             field = base, event = base;
    struct tx_action_subject a = found("a@example.org", TX_DETECT_EMAIL), later = a, same = a;
    key.pseudonym.key = other;
    domain.pseudonym.domain = other;
    detector.pseudonym.scope = TX_SCOPE_DETECTOR;
    field.pseudonym.scope = TX_SCOPE_FIELD;
    event.pseudonym.scope = TX_SCOPE_EVENT;
    a.field = a.event = text_of(a.detector_name); /* the kind of scope counts, too */
    const struct tx_masking_action *actions[] = {&base, &key, &domain, &detector, &field, &event};
    char texts[TX_COUNT_OF(actions)][128];
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++) {
        snprintf(texts[i], sizeof(texts[i]), "%s", pseudonym_of(actions[i], &a));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(strrchr(texts[i], ':'), strrchr(texts[k], ':'));
    }
    later.received += INT64_C(90) * 86400 * 1000000000;
    same.received += INT64_C(3600) * 1000000000;
    ck_assert_str_ne(strrchr(pseudonym_of(&base, &later), ':'), strrchr(texts[0], ':'));
    ck_assert_str_eq(pseudonym_of(&base, &same), texts[0]);
    ck_assert_int_eq(strncmp(texts[0], "email:k227:", 11), 0);
    ck_assert_int_eq(strncmp(texts[1], "email:k0:", 9), 0);
    ck_assert_str_eq(strrchr(pseudonym_of(&key, &later), ':'), strrchr(texts[1], ':'));
}
END_TEST

START_TEST(lengths_and_alphabets_are_as_told) {
    struct tx_masking_action action = pseudonym();
    struct tx_action_subject a = action_subject("alice");
    for (uint16_t bits = 64; bits <= 256; bits = (uint16_t)(bits + 16)) {
        action.pseudonym.bits = bits;
        action.pseudonym.hex = false;
        ck_assert_uint_eq(strlen(pseudonym_of(&action, &a)),
                          strlen("value:k227:") + (bits + 4) / 5);
        action.pseudonym.hex = true;
        ck_assert_uint_eq(strlen(pseudonym_of(&action, &a)), strlen("value:k227:") + bits / 4);
    }
}
END_TEST

START_TEST(the_domain_of_an_address_may_stay) {
    struct tx_masking_action action = pseudonym();
    struct tx_action_subject a = found("Alice@Example.ORG", TX_DETECT_EMAIL);
    char expected[256];
    snprintf(expected, sizeof(expected), "%s@[example.org]", pseudonym_of(&action, &a));
    action.pseudonym.keep_domain = true;
    check_subject(&action, &a, expected);
    a = action_subject("mail alice@example.org or 0171 2345678");
    ck_assert_ptr_null(strchr(pseudonym_of(&action, &a), '@'));
    a = action_subject("no address");
    ck_assert_ptr_null(strchr(pseudonym_of(&action, &a), '@'));
}
END_TEST

START_TEST(a_tag_is_a_word) {
    struct tx_masking_action action = pseudonym();
    struct tx_action_subject a = action_subject("alice");
    a.detector_name = "acme token: \n";
    ck_assert_int_eq(strncmp(pseudonym_of(&action, &a), "acme_token___:k227:", 19), 0);
}
END_TEST

/* Many domains, more than are kept set up. */
START_TEST(a_key_that_was_set_up_before_gives_the_same) {
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = action_tools();
    struct tx_masking_action action = pseudonym();
    char first[100][64], memory[100][8];
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < TX_COUNT_OF(memory); i++) {
            char text[64];
            struct tx_action_subject a = action_subject("alice");
            struct tx_buf b = tx_buf_of(text, sizeof(text));
            snprintf(memory[i], sizeof(memory[i]), "d%zu", i);
            action.pseudonym.domain = memory[i];
            ck_assert_int_eq(tx_action_apply(tools, &action, &a, &b), 0);
            tx_buf_char(&b, '\0');
            if (round == 0)
                strcpy(first[i], text);
            ck_assert_str_eq(text, first[i]);
            ck_assert(i == 0 || strcmp(first[i], first[i - 1]) != 0);
        }
}
END_TEST

START_TEST(without_its_key_nothing_is_written) {
    struct tx_masking_action action = pseudonym(), commit = {.kind = TX_ACTION_COMMIT};
    struct tx_action_subject a = action_subject("alice");
    static char long_name[2000];
    int r;
    action.pseudonym.key = commit.commit.key = unknown;
    ck_assert_ptr_null(apply(&action, &a, &r));
    ck_assert_int_eq(r, TX_ACTION_E_FAILED);
    ck_assert_ptr_null(apply(&commit, &a, &r));
    ck_assert_int_eq(r, TX_ACTION_E_FAILED);
    action = pseudonym();
    action.pseudonym.scope = TX_SCOPE_FIELD;
    memset(long_name, 'x', sizeof(long_name) - 1);
    a.field = text_of(long_name);
    ck_assert_ptr_null(apply(&action, &a, &r));
    ck_assert_int_eq(r, TX_ACTION_E_FAILED);
}
END_TEST

START_TEST(a_commitment_is_another_for_each_value_and_can_be_opened) {
    const struct tx_masking_action action = {.kind = TX_ACTION_COMMIT, .commit = {.key = other}};
    const struct tx_mask_key key = {"other", KEY_B, strlen(KEY_B)}, short_key = {"x", KEY_B, 31};
    struct tx_action_subject a = action_subject("alice"), second = a, field = a, record = a;
    uint8_t salt[TX_ACTION_SALT_BYTES], other_record[16] = {1};
    char text[128], memory[4096];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    int r;
    second.n = 2;
    field.field = text_of("b");
    record.record_id = other_record;
    snprintf(memory, sizeof(memory), "%s", apply(&action, &a, &r));
    check_subject(&action, &a, memory);
    ck_assert(tx_action_is_output(text_of(memory)));
    ck_assert_str_ne(apply(&action, &second, &r), memory);
    ck_assert_str_ne(apply(&action, &field, &r), memory);
    ck_assert_str_ne(apply(&action, &record, &r), memory);
    ck_assert_int_eq(tx_action_commit_again(&key, a.record_id, a.field, 1, a.text, &b, salt), 0);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(text, memory);
    b.len = 0;
    ck_assert_int_eq(
        tx_action_commit_again(&key, a.record_id, a.field, 1, text_of("bob"), &b, salt), 0);
    tx_buf_char(&b, '\0');
    ck_assert_str_ne(text, memory);
    ck_assert_int_eq(tx_action_commit_again(&short_key, a.record_id, a.field, 1, a.text, &b, salt),
                     -EINVAL);
}
END_TEST

START_TEST(canonical_spellings_are_these) {
    static const struct {
        enum tx_detector detector;
        const char *in, *out;
    } cases[] = {
        {TX_DETECT_EMAIL, "Alice.SMITH@Example.org", "alice.smith@example.org"},
        {TX_DETECT_CREDIT_CARD, "4111 1111-1111.1111", "4111111111111111"},
        {TX_DETECT_CREDIT_CARD, "４１１１ 1111 1111 1111", "4111111111111111"},
        {TX_DETECT_IBAN, "gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"},
        {TX_DETECT_US_SSN, "536-90-4399", "536904399"},
        {TX_DETECT_BR_CNPJ, "16.727.230/0001-97", "16727230000197"},
        {TX_DETECT_FI_HETU, "131052+308T", "131052+308T"},
        {TX_DETECT_NZ_IRD, "49-091-850", "49091850"},
        {TX_DETECT_PHONE_E164, "+49 (0)30 90 18 20", "+4930901820"},
        {TX_DETECT_PHONE_E164, "+1 (415) 555-2671", "+14155552671"},
        {TX_DETECT_PHONE_NANP, "(415) 555-2671", "+14155552671"},
        {TX_DETECT_PHONE_NANP, "1-415-555-2671", "+14155552671"},
        {TX_DETECT_PHONE_NATIONAL, "(030) 90 18-20", "030901820"},
        {TX_DETECT_PASSPORT, "c01x 00t47", "C01X00T47"},
        {TX_DETECT_HK_ID, "a123456(3)", "A1234563"},
        {TX_DETECT_IPV4, "192.0.2.17", "0000:0000:0000:0000:0000:ffff:c000:0211"},
        {TX_DETECT_IPV6, "::FFFF:192.0.2.17", "0000:0000:0000:0000:0000:ffff:c000:0211"},
        {TX_DETECT_IPV6, "2001:DB8::1%eth0", "2001:0db8:0000:0000:0000:0000:0000:0001"},
        {TX_DETECT_IPV6, "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"},
        {TX_DETECT_MAC, "00-1A:2b.3C:4d:5E", "001a2b3c4d5e"},
        {TX_DETECT_ETH_ADDRESS, "0x52908400098527886E0F7030069857D2E4169EE7",
         "0x52908400098527886e0f7030069857d2e4169ee7"},
        {TX_DETECT_BTC_ADDRESS, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
         "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
        {TX_DETECT_KV_SECRET, "A-b C", "A-b C"},
        {TX_DETECT_N, "A-b C", "A-b C"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
        char text[256];
        struct tx_buf b = tx_buf_of(text, sizeof(text));
        tx_action_canonical(cases[i].detector, text_of(cases[i].in), &b);
        tx_buf_char(&b, '\0');
        ck_assert_str_eq(text, cases[i].out);
        ck_assert_uint_le(b.len - 1, TX_CANONICAL_BYTES);
    }
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_pseudonym_is_the_same_for_the_same_value_however_it_is_spelt,
        key_domain_scope_and_epoch_each_make_another,
        lengths_and_alphabets_are_as_told,
        the_domain_of_an_address_may_stay,
        a_tag_is_a_word,
        a_key_that_was_set_up_before_gives_the_same,
        without_its_key_nothing_is_written,
        a_commitment_is_another_for_each_value_and_can_be_opened,
        canonical_spellings_are_these,
    };
    return run_suite("mask-action-pseudonym", tests, TX_COUNT_OF(tests));
}
