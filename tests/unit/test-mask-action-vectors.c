/* SPDX-License-Identifier: MIT */
#include "action-check.h"
#include "auditd/vault/token.h"
#include "libtx/crypto/aead.h"

/* The known answers of docs/format.md section 8, which tests/lib/masked_values.py computes. */

#define COLUMNS_MAX 13

static size_t split(char *line, char **ret) {
    size_t n = 0;
    for (char *p = line; p && n < COLUMNS_MAX;)
        ret[n++] = strsep(&p, "\t\n");
    return n;
}

static void from_hex(const char *text, uint8_t *ret, size_t n) {
    ck_assert_int_eq(tx_hex_decode(text_of(text), ret, n), 0);
}

static void check_pseudonym(char **c) {
    static char id[] = "a-key";
    static const char *const scopes[] = {"domain", "detector", "field", "event"};
    struct tx_masking_key key = {.id = id, .epoch_ns = atoll(c[2])};
    struct tx_masking_rule rule = {
        .action = {.kind = TX_ACTION_PSEUDONYM,
                   .pseudonym = {.key = id, .domain = c[4], .bits = (uint16_t)atoi(c[8])}}};
    const struct tx_masking masking = {.n_keys = 1, .keys = &key, .n_rules = 1, .rules = &rule};
    const struct tx_mask_key bytes = {id, c[1], strlen(c[1])};
    struct tx_action_subject subject = action_subject(c[10]);
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = NULL;
    char text[256];
    struct tx_buf b = tx_buf_of(text, sizeof(text));

    while (strcmp(scopes[rule.action.pseudonym.scope], c[5]) != 0)
        rule.action.pseudonym.scope++;
    rule.action.pseudonym.hex = strcmp(c[9], "hex") == 0;
    subject.received = atoll(c[3]);
    subject.detector_name = c[7];
    subject.event = subject.field = text_of(c[6]);
    ck_assert_int_eq(tx_action_tools_new(&masking, &bytes, 1, NULL, &tools), 0);
    ck_assert_int_eq(tx_action_apply(tools, &rule.action, &subject, &b), 0);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(text, c[11]);
}

static void check_commit(char **c) {
    const struct tx_mask_key key = {"a-key", c[1], strlen(c[1])};
    uint8_t record[16], salt[TX_ACTION_SALT_BYTES];
    char text[256];
    struct tx_buf b = tx_buf_of(text, sizeof(text));
    from_hex(c[2], record, sizeof(record));
    ck_assert_int_eq(tx_action_commit_again(&key, record, text_of(c[3]), (uint32_t)atoi(c[4]),
                                            text_of(c[5]), &b, salt),
                     0);
    tx_buf_char(&b, '\0');
    ck_assert_str_eq(text, c[6]);
}

static void check_encrypt(char **c) {
    _cleanup_(tx_aead_freep) struct tx_aead *aead = NULL;
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *context = NULL;
    struct tx_vault_reveal reveal = {.field = text_of(c[6])};
    uint8_t key[32], ref[16], nonce[12], memory[512], bound_memory[TX_TOKEN_BOUND_BYTES];
    struct tx_buf bound = tx_buf_of(bound_memory, sizeof(bound_memory));
    struct tx_token token;

    from_hex(c[1], key, sizeof(key));
    from_hex(c[2], ref, sizeof(ref));
    from_hex(c[3], nonce, sizeof(nonce));
    from_hex(c[4], reveal.record, sizeof(reveal.record));
    from_hex(c[5], reveal.policy, sizeof(reveal.policy));
    ck_assert_int_eq(tx_token_parse(text_of(c[9]), memory, &token), 0);
    ck_assert_mem_eq(token.ref, ref, sizeof(ref));
    ck_assert_mem_eq(token.nonce, nonce, sizeof(nonce));
    tx_token_render_bound(&reveal, (uint16_t)atoi(c[7]), &bound);
    ck_assert_int_eq(tx_aead_new(&aead), 0);
    ck_assert_int_eq(tx_aead_key_new(aead, key, &context), 0);
    ck_assert_int_eq(tx_aead_open(context, nonce, bound.data, bound.len, token.sealed,
                                  token.n_sealed, token.sealed),
                     0);
    ck_assert_uint_eq(token.n_sealed - TX_AEAD_TAG_BYTES, strlen(c[8]));
    ck_assert_mem_eq(token.sealed, c[8], strlen(c[8]));
}

START_TEST(known_answers_are_given) {
    static const struct {
        const char *kind;
        size_t n;
        void (*check)(char **columns);
    } kinds[] = {{"pseudonym", 13, check_pseudonym},
                 {"commit", 8, check_commit},
                 {"encrypt", 11, check_encrypt}};
    size_t done[TX_COUNT_OF(kinds)] = {0};
    FILE *file = fopen(TX_TEST_VECTORS "/masking/values.txt", "re");
    char line[1024];
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        char *columns[COLUMNS_MAX];
        if (line[0] == '#')
            continue;
        size_t n = split(line, columns), kind = 0;
        while (kind < TX_COUNT_OF(kinds) && strcmp(kinds[kind].kind, columns[0]) != 0)
            kind++;
        ck_assert_uint_lt(kind, TX_COUNT_OF(kinds));
        ck_assert_uint_eq(n, kinds[kind].n); /* with what follows the newline */
        kinds[kind].check(columns);
        done[kind]++;
    }
    fclose(file);
    for (size_t i = 0; i < TX_COUNT_OF(kinds); i++)
        ck_assert_uint_gt(done[i], 0);
}
END_TEST

int main(void) {
    const TTest *const tests[] = {known_answers_are_given};
    return run_suite("mask-action-vectors", tests, TX_COUNT_OF(tests));
}
