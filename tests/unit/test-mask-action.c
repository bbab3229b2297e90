/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static char wrong[] = "${value}";
static char name[] = "[${detector} ${n} by ${rule}]", plain[] = "$ ${ $} $$n", word[] = "x",
            q[] = "q";

START_TEST(a_replacement_names_detector_rule_and_number) {
    struct tx_masking_action action = {.kind = TX_ACTION_REPLACE, .replace = {name}};
    struct tx_action_subject subject = action_subject("alice ${rule}");
    check_subject(&action, &subject, "[value 1 by a-rule]");
    subject.detector_name = "email";
    subject.n = 4294967295;
    check_subject(&action, &subject, "[email 4294967295 by a-rule]");
    action.replace.text = plain;
    check_subject(&action, &subject, "$ ${ $} $$n");
}
END_TEST

START_TEST(a_replacement_of_unknown_variables_is_not_valid) {
    static const char *const good[] = {
        "", "x", "$", "$$", "$x", "${n}${n}", "[${detector}]", "${rule}}", "größer"};
    static const char *const bad[] = {"${",    "${}",  "${x}",    "${n",  "${N}", "${value}",
                                      "${ n}", "a\nb", "\x1b[2J", "\x7f", "\xff", "$${x}"};
    for (size_t i = 0; i < TX_COUNT_OF(good); i++)
        ck_assert_msg(tx_action_replace_valid(text_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < TX_COUNT_OF(bad); i++)
        ck_assert_msg(!tx_action_replace_valid(text_of(bad[i])), "%s", bad[i]);
}
END_TEST

START_TEST(tools_refuse_a_replacement_that_is_not_valid) {
    struct tx_masking_rule rule = {.action = {.kind = TX_ACTION_REPLACE, .replace = {wrong}}};
    const struct tx_masking masking = {.n_rules = 1, .rules = &rule};
    struct tx_action_tools *tools;
    ck_assert_int_eq(tx_action_tools_new(&masking, NULL, 0, NULL, &tools), -EINVAL);
    rule.action.replace.text = name;
    ck_assert_int_eq(tx_action_tools_new(&masking, NULL, 0, NULL, &tools), 0);
    tx_action_tools_free(tools);
}
END_TEST

START_TEST(outputs_are_told_by_their_form) {
    static const char *const outputs[] = {
        "email:k0:abcdefghijklmnopqrstuvwxyz",
        "value:k227:abcdefghijklm",
        "k0:abcdefghijklm",
        "x:k1:0123456789abcdef",
        "k1:k2:abcdefghijklm",
        "email:k0:abcdefghijklm@[example.org]",
        "commit:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP1",
    };
    static const char *const others[] = {
        "",
        ":",
        "k",
        "k0",
        "k0:",
        ":k0:abcdefghijklm",
        "email:k0:abcdefghijklmn",
        "email:k0:abcdefghijkl",
        "email:k0:abcdefghijkl1",
        "email:k0:ABCDEFGHIJKLM",
        "email:k00:abcdefghijklm",
        "email:k:abcdefghijklm",
        "email:k999999999999999999999:abcdefghijklm",
        "e mail:k0:abcdefghijklm",
        "email:k0:abcdefghijklm ",
        " email:k0:abcdefghijklm",
        "email:k0:abcdefghijklm@[]",
        "email:k0:abcdefghijklm@[x y]",
        "email:k0:abcdefghijklm@example.org",
        "commit:abc",
        "commit:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP12",
        "commit:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO+/",
        "[redacted]",
        "alice",
        "192.0.2.0/24",
        "x:k1:0123456789abcde",
        "email:email:k0:abcdefghijklm",
    };
    for (size_t i = 0; i < TX_COUNT_OF(outputs); i++)
        ck_assert_msg(tx_action_is_output(text_of(outputs[i])), "%s", outputs[i]);
    for (size_t i = 0; i < TX_COUNT_OF(others); i++)
        ck_assert_msg(!tx_action_is_output(text_of(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(keys_that_rules_name_must_be_there_and_long_enough) {
    static char id[] = "a-key";
    struct tx_masking_rule rule = {
        .action = {.kind = TX_ACTION_PSEUDONYM, .pseudonym = {.key = id}}};
    struct tx_masking masking = {.n_rules = 1, .rules = &rule};
    struct tx_mask_key key = {"a-key", KEY_A, 31}, another = {"b", KEY_A, 32};
    struct tx_action_tools *tools;
    ck_assert_int_eq(tx_action_tools_new(&masking, NULL, 0, NULL, &tools), -ENOKEY);
    ck_assert_int_eq(tx_action_tools_new(&masking, &another, 1, NULL, &tools), -ENOKEY);
    ck_assert_int_eq(tx_action_tools_new(&masking, &key, 1, NULL, &tools), -EINVAL);
    key.n = 32;
    ck_assert_int_eq(tx_action_tools_new(&masking, &key, 1, NULL, &tools), 0);
    tx_action_tools_free(tools);
    rule.action = (struct tx_masking_action){.kind = TX_ACTION_COMMIT}; /* the default key */
    ck_assert_int_eq(tx_action_tools_new(&masking, &key, 1, NULL, &tools), -ENOKEY);
    rule.action = (struct tx_masking_action){.kind = TX_ACTION_REDACT};
    ck_assert_int_eq(tx_action_tools_new(&masking, NULL, 0, NULL, &tools), 0);
    tx_action_tools_free(tools);
    tx_action_tools_free(NULL);
}
END_TEST

/* --- what holds for any text --- */

static double edges[] = {0, 18, 65};
static char *kept_names[] = {q};

static const struct tx_masking_action actions[] = {
    {.kind = TX_ACTION_REPLACE, .replace = {word}},
    {.kind = TX_ACTION_MASK, .mask = {.keep_last = 4, .keep_separators = true, .character = "*"}},
    {.kind = TX_ACTION_MASK,
     .mask = {.keep_first = 2, .keep_last = 3, .keep_separators = true, .character = "*"}},
    {.kind = TX_ACTION_MASK,
     .mask = {.keep_first = 1,
              .keep_last = 2,
              .fixed_length = 3,
              .keep_separators = true,
              .character = "•"}},
    {.kind = TX_ACTION_MASK, .mask = {.keep_first = 3, .min_hidden = 6, .character = "-"}},
    {.kind = TX_ACTION_IP, .ip = {24, 48}},
    {.kind = TX_ACTION_IP, .ip = {13, 61}},
    {.kind = TX_ACTION_DATE, .date = {TX_DATE_YEAR}},
    {.kind = TX_ACTION_DATE, .date = {TX_DATE_MONTH}},
    {.kind = TX_ACTION_DATE, .date = {TX_DATE_WEEK}},
    {.kind = TX_ACTION_BUCKET, .bucket = {.width = 0.25}},
    {.kind = TX_ACTION_BUCKET, .bucket = {.n_edges = 3, .edges = edges}},
    {.kind = TX_ACTION_ROUND, .round = {0}},
    {.kind = TX_ACTION_ROUND, .round = {2}},
    {.kind = TX_ACTION_URL,
     .url = {TX_URL_DROP, TX_URL_REDACT, {1, kept_names}, TX_URL_DROP, true}},
    {.kind = TX_ACTION_URL, .url = {TX_URL_KEEP, TX_URL_DROP, {0, NULL}, TX_URL_REDACT, true}},
    {.kind = TX_ACTION_PSEUDONYM, .pseudonym = {.bits = 128, .canonical = true}},
    {.kind = TX_ACTION_PSEUDONYM,
     .pseudonym = {.bits = 64, .canonical = true, .hex = true, .keep_domain = true}},
    {.kind = TX_ACTION_COMMIT, .commit = {NULL}},
};

static struct tx_action_tools *tools_of_all(void) {
    struct tx_masking_rule rules[TX_COUNT_OF(actions)] = {{.id = NULL}};
    const struct tx_masking masking = {.n_rules = TX_COUNT_OF(actions), .rules = rules};
    const struct tx_mask_key key = {TX_MASKING_DEFAULT_KEY, KEY_A, 32};
    struct tx_action_tools *tools;
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++)
        rules[i].action = actions[i];
    ck_assert_int_eq(tx_action_tools_new(&masking, &key, 1, NULL, &tools), 0);
    return tools;
}

static unsigned seed = 3;

static size_t random_below(size_t n) {
    return (size_t)rand_r(&seed) % n;
}

/* Pieces that the actions read, and any bytes. */
static size_t random_text(char *to, size_t cap) {
    static const char *const pieces[] = {
        "1984-03-07",
        "29/02/1984",
        "1",
        "0",
        "12",
        "1984",
        "-",
        ".",
        "/",
        ":",
        "::",
        "[",
        "]",
        "%",
        "@",
        "?",
        "#",
        "&",
        "=",
        "https://",
        "example.org",
        "192.0.2.17",
        "2001:db8::1",
        "ffff",
        "W10",
        "T12:00Z",
        "+",
        "e5",
        ",",
        " ",
        "*",
        "•",
        "[redacted]",
        "{id}",
        "k0:",
        "email:k0:",
        "abcdefghijklm",
        "commit:",
        "é",
        "\xff",
        "%41",
        "q=1",
        "(-inf,0)",
        "[0,18)",
        "03-07",
        "/24",
        ";",
        "x",
        "\n",
        "°",
        "99999999999999999",
        "0.000001",
        "日本",
    };
    size_t n = 0;
    for (size_t k = random_below(random_below(12) + 1); k > 0; k--) {
        const char *piece = pieces[random_below(TX_COUNT_OF(pieces))];
        char byte[2] = {(char)rand_r(&seed), '\0'};
        if (random_below(20) == 0)
            piece = byte;
        if (n + strlen(piece) > cap)
            break;
        memcpy(to + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

/* Text and room are each exactly as large as told, for ASan. */
static int apply_exactly(struct tx_action_tools *tools, const struct tx_masking_action *action,
                         enum tx_detector detector, struct tx_text text, size_t room, char *ret,
                         size_t *ret_n) {
    struct tx_action_subject subject = action_subject("");
    _cleanup_(tx_freep) char *in = malloc(text.n + !text.n), *out = malloc(room + !room);
    ck_assert(in && out);
    memcpy(in, text.p, text.n);
    struct tx_buf b = tx_buf_of(out, room);
    subject.text = (struct tx_text){in, text.n};
    subject.detector = detector;
    int r = tx_action_apply(tools, action, &subject, &b);
    ck_assert(r >= 0 && b.len <= room && (r == 0 || b.len == 0) &&
              (r == 0 || r == TX_ACTION_E_SHOWS || b.full));
    memcpy(ret, out, b.len);
    *ret_n = b.len;
    return r;
}

START_TEST(an_action_on_what_it_wrote_changes_nothing) {
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_of_all();
    size_t done[TX_COUNT_OF(actions)] = {0};
    for (int round = 0; round < 15000; round++) {
        char text[256], once[1024], twice[1024], less[1024];
        size_t n = random_text(text, sizeof(text)), n_once, n_twice, n_less;
        enum tx_detector detector = (enum tx_detector)random_below(TX_DETECT_N + 1);
        for (size_t i = 0; i < TX_COUNT_OF(actions); i++) {
            int r = apply_exactly(tools, &actions[i], detector, (struct tx_text){text, n},
                                  sizeof(once), once, &n_once);
            if (r != 0)
                continue;
            done[i]++;
            r = apply_exactly(tools, &actions[i], TX_DETECT_N, (struct tx_text){once, n_once},
                              sizeof(twice), twice, &n_twice);
            ck_assert_msg(r == 0 && n_once == n_twice && memcmp(once, twice, n_once) == 0,
                          "action %zu: %.*s is %.*s and then %.*s", i, (int)n, text, (int)n_once,
                          once, (int)n_twice, twice);
            /* One byte too few. */
            if (n_once > 0)
                ck_assert_int_eq(apply_exactly(tools, &actions[i], detector,
                                               (struct tx_text){text, n}, random_below(n_once),
                                               less, &n_less),
                                 TX_ACTION_E_FAILED);
        }
    }
    for (size_t i = 0; i < TX_COUNT_OF(actions); i++)
        ck_assert_msg(done[i] > 40, "action %zu was done %zu times", i, done[i]);
}
END_TEST

/* A secret of letters and digits in a text of each action's kind: none of it is to be seen. */
START_TEST(of_what_an_action_hides_nothing_is_seen) {
    static const struct {
        size_t action;
        const char *before, *after;
    } cases[] = {
        {1, "", "-1234"},
        {2, "xx", "-xxx"},
        {3, "x", "xx"},
        {4, "abc", ""},
        {16, "", "@example.org"},
        {17, "", "@example.org"},
        {18, "", ""},
        {14, "https://", "@example.org/"},
        {14, "https://u:", "@example.org/"},
        {14, "https://example.org/a/", "9999/b"},
        {14, "https://example.org/?x=", ""},
        {14, "https://example.org/?", ""},
        {14, "https://example.org/#", ""},
        {15, "https://u:", "@example.org/"},
        {15, "/?q=", ""},
        {15, "/#", ""},
        {0, "", ""},
    };
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_of_all();
    for (int round = 0; round < 2000; round++)
        for (size_t i = 0; i < TX_COUNT_OF(cases); i++) {
            char secret[16], text[128], out[1024];
            size_t n_out;
            for (size_t k = 0; k < 12; k++)
                secret[k] = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"[random_below(34)];
            secret[12] = '\0';
            int n = snprintf(text, sizeof(text), "%s%s%s", cases[i].before, secret, cases[i].after);
            int r = apply_exactly(tools, &actions[cases[i].action], TX_DETECT_N,
                                  (struct tx_text){text, (size_t)n}, sizeof(out), out, &n_out);
            ck_assert_int_eq(r, 0);
            for (size_t k = 0; k + 5 <= 12; k++)
                ck_assert_msg(!memmem(out, n_out, secret + k, 5), "case %zu: %s became %.*s", i,
                              text, (int)n_out, out);
        }
}
END_TEST

/* The check above would see it. */
START_TEST(what_an_action_keeps_is_seen) {
    _cleanup_(tx_action_tools_freep) struct tx_action_tools *tools = tools_of_all();
    char out[1024];
    size_t n;
    ck_assert_int_eq(apply_exactly(tools, &actions[14], TX_DETECT_N, text_of("/a?q=ABCDE&x=FGHIJ"),
                                   sizeof(out), out, &n),
                     0);
    ck_assert_ptr_nonnull(memmem(out, n, "ABCDE", 5));
    ck_assert_ptr_null(memmem(out, n, "FGHIJ", 5));
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_replacement_names_detector_rule_and_number,
        a_replacement_of_unknown_variables_is_not_valid,
        tools_refuse_a_replacement_that_is_not_valid,
        outputs_are_told_by_their_form,
        keys_that_rules_name_must_be_there_and_long_enough,
        an_action_on_what_it_wrote_changes_nothing,
        of_what_an_action_hides_nothing_is_seen,
        what_an_action_keeps_is_seen,
    };
    return run_suite("mask-action", tests, TX_COUNT_OF(tests));
}
