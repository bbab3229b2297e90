/* SPDX-License-Identifier: MIT */
#include "mask-check.h"

/*
 * What holds for any text: nothing that is found survives, whatever stands around it; what was
 * masked stays as it is when it is masked again; and memory is never read past a value's end (under
 * ASan).
 */

/* `secret` is the part that must not be seen. */
static const struct candidate {
    const char *text, *secret;
} candidates[] = {
    {"4111 1111 1111 1111", "4111 1111"},
    {"378282246310005", "3782822463"},
    {"5555-5555-5555-4444", "5555-5555"},
    {"DE89 3704 0044 0532 0130 00", "3704"},
    {"GB82WEST12345698765432", "WEST"},
    {"536-90-4399", "536-90"},
    {"198.51.100.77", "100.77"},
    {"2001:db8:85a3::8a2e:370:7334", "8a2e:370"},
    {"canary.alice@mail.example.org", "alice"},
    {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIi"},
    {"Bearer canary0123456789", "canary"},
    {"password=canary-hunter2", "hunter2"},
    {"api_key: \"canary hunter2\"", "hunter2"},
    {"-----BEGIN RSA PRIVATE KEY-----\nMIICANARY\n-----END RSA PRIVATE KEY-----", "MIICANARY"},
    {"postgres://app:canary-pw@db1/x", "canary-pw"},
};

/* Of these, any number may stand before and behind. */
static const char *const around[] = {
    "",       " ",   ", ",   ". ",  "(",     ") ",   "<",      "> ",           "\n",      "\t",
    "; ",     " = ", "; x=", " é ", "\xff ", " 12 ", " a ",    " / ",          "[ ",      " ]",
    " 1999 ", " @ ", " :: ", " - ", " \"",   "\" ",  " null ", " [redacted] ", " hmac: ", "  ",
};

static unsigned seed = 11;

static size_t put_around(char *to) {
    size_t n = 0;
    for (int k = rand_r(&seed) % 5; k > 0; k--) {
        const char *piece = around[(size_t)rand_r(&seed) % TX_COUNT_OF(around)];
        memcpy(to + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

/* In memory of exactly its size. */
static struct tx_field masked(struct tx_mask *mask, const char *text, size_t n, char **ret_memory) {
    char *memory = malloc(n + !n);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory, text, n);
    struct tx_field field = {.name = TX_TEXT("x"), .type = TX_VALUE_STR, .text = {memory, n}};
    mask_fields(mask, "t", &field, 1);
    *ret_memory = memory;
    return field;
}

static void check_stays(struct tx_mask *mask, struct tx_text once) {
    _cleanup_(tx_freep) char *memory = NULL;
    struct tx_field again = masked(mask, once.p, once.n, &memory);
    ck_assert_msg(tx_text_equal(again.text, once), "%.*s\nbecame\n%.*s", (int)once.n, once.p,
                  (int)again.text.n, again.text.p);
}

START_TEST(nothing_that_is_found_survives_and_what_was_masked_stays) {
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (int round = 0; round < 20000; round++) {
        const struct candidate *c = &candidates[(size_t)round % TX_COUNT_OF(candidates)];
        _cleanup_(tx_freep) char *memory = NULL;
        char text[512];
        size_t n = put_around(text);
        text[n++] = ' ';
        memcpy(text + n, c->text, strlen(c->text));
        n += strlen(c->text);
        text[n++] = '\n';
        n += put_around(text + n);
        struct tx_field field = masked(mask, text, n, &memory);
        ck_assert_msg(!memmem(field.text.p, field.text.n, c->secret, strlen(c->secret)),
                      "%.*s\nleaves\n%.*s", (int)n, text, (int)field.text.n, field.text.p);
        ck_assert_ptr_nonnull(field.masked);
        check_stays(mask, field.text);
        tx_mask_wipe(mask);
    }
}
END_TEST

/* A megabyte-like value is looked at to its end. */
START_TEST(padding_hides_nothing) {
    static const char *const padding[] = {
        "1", "1 ", "12-", "x", "@", "a@", ":", "1:", "\"", "\\", "é", "=", ".", "-", "e", "4111 "};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    static char text[100000];
    for (size_t p = 0; p < TX_COUNT_OF(padding); p++)
        for (size_t i = 0; i < TX_COUNT_OF(candidates); i++)
            for (size_t length = 10; length < sizeof(text) - 1000; length *= 7) {
                _cleanup_(tx_freep) char *memory = NULL;
                const struct candidate *c = &candidates[i];
                size_t n = 0;
                while (n < length) {
                    memcpy(text + n, padding[p], strlen(padding[p]));
                    n += strlen(padding[p]);
                }
                text[n++] = '\n';
                memcpy(text + n, c->text, strlen(c->text));
                n += strlen(c->text);
                struct tx_field field = masked(mask, text, n, &memory);
                ck_assert_msg(!memmem(field.text.p, field.text.n, c->secret, strlen(c->secret)),
                              "%s behind %zu bytes of '%s'", c->text, length, padding[p]);
                tx_mask_wipe(mask);
            }
}
END_TEST

/* The check above would see it: what is no candidate does survive. */
START_TEST(what_is_not_found_survives) {
    static const char *const harmless[] = {"4111 1111 1111 1112", "666-12-3456", "1.2.3.4.5",
                                           "root@localhost", "the password is required"};
    _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of("{}");
    for (size_t i = 0; i < TX_COUNT_OF(harmless); i++)
        check_masked(mask, "x", harmless[i], harmless[i], NULL);
}
END_TEST

/* Of these, any may stand in a file, in any order. */
static const char *const pool[] = {
    "{id: a, match: {fields: [x]}, action: {mask: {keep_last: 2, min_hidden: 1}}}",
    "{id: b, match: {detect: [email]}, action: pseudonym}",
    "{id: c, match: {detect: [email, kv_secret], min_confidence: 0.2}, action: {mask: {keep_first: "
    "1, min_hidden: 1}}}",
    "{id: d, match: {detect: [kv_secret]}, action: redact}",
    "{id: e, match: {detect: [\"pack:us-ids\", ipv4]}, action: {ip: {v4_prefix: 8}}}",
    "{id: f, match: {detect: [credit_card]}, action: {mask: {keep_first: 4, keep_last: 2}}}",
    "{id: g, match: {detect: [credit_card, iban]}, action: {mask: {keep_last: 4}}}",
    "{id: h, match: {fields: [y], types: [string]}, action: {replace: \"gone\"}}",
    "{id: i, match: {detect: [ipv4, email], min_count: 2}, action: drop_field}",
    "{id: j, match: {fields: [x], detect: [email]}, action: allow, reason: r}",
    "{id: k, match: {any: [{fields: [y]}, {labels: [pii]}], not: {types: [int]}}, action: commit}",
    "{id: l, match: {detect: [iban]}, action: redact, mode: shadow}",
};

static struct tx_mask *mask_of_pool(unsigned chosen, size_t first, size_t step) {
    char text[4096] = "{preset: none, i_accept_unmasked: true, rules: [";
    const char *separator = "";
    for (size_t i = 0; i < TX_COUNT_OF(pool); i++) {
        size_t k = (first + i * step) % TX_COUNT_OF(pool);
        if (chosen >> k & 1) {
            strcat(strcat(text, separator), pool[k]);
            separator = ", ";
        }
    }
    return mask_of(strcat(text, "]}"));
}

/* What comes out does not depend on it; nor does what comes out of that. */
START_TEST(the_order_of_rules_decides_nothing) {
    static const char *const names[] = {"x", "y", "z"};
    for (int round = 0; round < 60; round++) {
        unsigned chosen = (unsigned)rand_r(&seed) % (1u << TX_COUNT_OF(pool));
        /* Steps without a common divisor with the number of rules: each rule comes once. */
        static const size_t steps[] = {1, 5, 7, 11};
        _cleanup_(tx_mask_freep) struct tx_mask *one = mask_of_pool(chosen, 0, 1);
        _cleanup_(tx_mask_freep) struct tx_mask *other =
            mask_of_pool(chosen, (size_t)rand_r(&seed) % 12, steps[(size_t)rand_r(&seed) % 4]);
        for (int k = 0; k < 100; k++) {
            char text[1024];
            size_t n = 0;
            for (int pieces = rand_r(&seed) % 4; pieces >= 0; pieces--) {
                const struct candidate *c =
                    &candidates[(size_t)rand_r(&seed) % TX_COUNT_OF(candidates)];
                n += put_around(text + n);
                memcpy(text + n, c->text, strlen(c->text));
                n += strlen(c->text);
                text[n++] = "\n ,="[rand_r(&seed) % 4];
            }
            struct tx_field a = {.name = text_of(names[k % 3]),
                                 .label = k % 5 == 0 ? TX_LABEL_PII : TX_LABEL_NONE,
                                 .text = {text, n}},
                            b = a;
            mask_fields(one, "t", &a, 1);
            mask_fields(other, "t", &b, 1);
            ck_assert(a.dropped == b.dropped);
            ck_assert_msg(a.dropped || tx_text_equal(a.text, b.text),
                          "%x: %.*s\nbecomes\n%.*s\nand\n%.*s", chosen, (int)n, text, (int)a.text.n,
                          a.text.p, (int)b.text.n, b.text.p);
            tx_mask_wipe(one);
            tx_mask_wipe(other);
        }
    }
}
END_TEST

/* Records of any types, names and bytes. */
START_TEST(any_record_is_masked_without_harm) {
    static const char *const masking[] = {
        "{}",
        "{rules: [{id: a, match: {events: [\"t.*\"], detect: [credit_card]}, action: pseudonym},"
        "{id: b, match: {fields: [\"*a*\"]}, action: {mask: {keep_last: 3}}},"
        "{id: c, match: {labels: [pii]}, action: drop_field},"
        "{id: d, match: {fields: [b], detect: [email]}, action: drop_record}]}"};
    static const char *const names[] = {"a", "b", "password", "card.number", "x"};
    for (size_t m = 0; m < TX_COUNT_OF(masking); m++) {
        _cleanup_(tx_mask_freep) struct tx_mask *mask = mask_of(masking[m]);
        for (int round = 0; round < 5000; round++) {
            struct tx_field fields[4];
            char *memory[4];
            for (size_t i = 0; i < 4; i++) {
                size_t n = (size_t)rand_r(&seed) % 64;
                memory[i] = malloc(n + 1);
                ck_assert_ptr_nonnull(memory[i]);
                for (size_t k = 0; k < n; k++)
                    memory[i][k] = rand_r(&seed) % 4
                                       ? "0123456789@.:-= \"\\{}[],e"[rand_r(&seed) % 24]
                                       : (char)rand_r(&seed);
                fields[i] = field_of(names[(size_t)rand_r(&seed) % TX_COUNT_OF(names)],
                                     (enum tx_value_type)(rand_r(&seed) % TX_VALUE_N), "");
                fields[i].label = (enum tx_value_label)(rand_r(&seed) % TX_LABEL_N);
                if (fields[i].type == TX_VALUE_STR || fields[i].type == TX_VALUE_BYTES ||
                    fields[i].type == TX_VALUE_JSON)
                    fields[i].text = (struct tx_text){memory[i], n};
                else
                    fields[i].u64 = (uint64_t)rand_r(&seed) * (uint64_t)rand_r(&seed);
                fields[i].type = fields[i].type == TX_VALUE_BOOL ? TX_VALUE_I64 : fields[i].type;
            }
            mask_fields(mask, round % 2 ? "t.x" : "t", fields, 4);
            for (size_t i = 0; i < 4; i++) {
                bool text = fields[i].type == TX_VALUE_STR || fields[i].type == TX_VALUE_JSON;
                ck_assert(!text || tx_utf8_valid(fields[i].text.p, fields[i].text.n));
                ck_assert(!fields[i].dropped || fields[i].type == TX_VALUE_NULL);
            }
            tx_mask_wipe(mask);
            for (size_t i = 0; i < 4; i++)
                free(memory[i]);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask: what holds for any text");
    TCase *tests = tcase_create("properties");
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, nothing_that_is_found_survives_and_what_was_masked_stays);
    tcase_add_test(tests, padding_hides_nothing);
    tcase_add_test(tests, what_is_not_found_survives);
    tcase_add_test(tests, the_order_of_rules_decides_nothing);
    tcase_add_test(tests, any_record_is_masked_without_harm);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
