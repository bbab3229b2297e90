/* SPDX-License-Identifier: MIT */
/* Tokens that begin in each other, whose bytes are counted for all of them, against each counted
 * alone. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/detect/detect.h"
#include "libtx/detect/scan.h"
#include "tests/unit/detect-texts.h"

#define CAP 65536

static struct tx_detect_memory *memory;
static struct tx_matches found;

static void set_up(void) {
    ck_assert_int_eq(tx_detect_memory_new(CAP, &memory), 0);
}
static void tear_down(void) {
    tx_detect_memory_free(memory);
}

static bool is_dashed(char c) {
    return tx_is_alnum((uint8_t)c) || c == '-';
}

/* Where the token ends that begins at `at`; 0: none does. */
static size_t token_end(const char *text, size_t n, size_t at) {
    size_t counts[256] = {0}, n_digits = 0, n_upper = 0, end = at + 5;
    double bits = 0;
    if (at + 5 > n || strncmp(text + at, "xox", 3) != 0 || !strchr("abeoprs", text[at + 3]) ||
        text[at + 4] != '-' || (at > 0 && tx_is_word((uint8_t)text[at - 1])))
        return 0;
    for (; end < n && end - at - 5 < 255 && is_dashed(text[end]); end++) {
        counts[(uint8_t)text[end]]++;
        n_digits += tx_is_digit((uint8_t)text[end]);
        n_upper += text[end] >= 'A' && text[end] <= 'Z';
    }
    for (size_t c = 0; c < 256; c++) {
        double share = (double)counts[c] / (double)(end - at - 5);
        bits -= counts[c] ? share * log2(share) : 0;
    }
    bool random = n_digits >= 3 || (n_digits > 0 && n_upper > 1);
    return end - at >= 15 && random && bits >= 2 ? end : 0;
}

static size_t make_text(uint64_t *state, char *text, size_t cap) {
    static const char *const pieces[] = {"xoxb-", "xoxp-1-", "-xoxe-", "---------", "1",    "7A",
                                         "qQ",    " ",       "_",      "11111111",  "xox-", "b-"};
    size_t n = 0, kinds = 2 + detect_random(state, 11), first = detect_random(state, 12);
    while (n + 16 < cap) {
        const char *piece = pieces[(first + detect_random(state, kinds)) % 12];
        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return n;
}

START_TEST(each_token_is_judged_as_alone) {
    static char text[1200];
    struct tx_detect_options options = {.wanted = {.word = {0}}};
    uint64_t state = 5, n_tokens = 0, n_none = 0;

    tx_detectors_add(&options.wanted, TX_DETECT_SLACK_TOKEN);
    for (size_t round = 0; round < 3000; round++) {
        size_t n = make_text(&state, text, 64 + detect_random(&state, sizeof(text) - 64)), k = 0;
        tx_detect(memory, (struct tx_text){text, n}, &options, &found);
        ck_assert(!found.overflow);
        for (size_t at = 0; at < n; at++) {
            size_t end = token_end(text, n, at);
            n_none += end == 0 && strncmp(text + at, "xox", 3) == 0;
            if (end == 0)
                continue;
            ck_assert_msg(k < found.n && found.match[k].start == at && found.match[k].end == end,
                          "%zu to %zu in: %.*s", at, end, (int)n, text);
            k++;
            n_tokens++;
        }
        ck_assert_msg(k == found.n, "%u to %u in: %.*s", found.match[k].start, found.match[k].end,
                      (int)n, text);
    }
    ck_assert_uint_gt(n_tokens, 10000);
    ck_assert_uint_gt(n_none, 10000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-tokens");
    TCase *tests = tcase_create("tokens");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, each_token_is_judged_as_alone);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
