/* SPDX-License-Identifier: MIT */
/* Rows of short numbers are passed by; what stands among them is found all the same. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/detect.h"

#define CAP 65536
#define BYTES 4096

static struct tx_detect_memory *memory;
static struct tx_matches found;
static const struct tx_detect_options all = {.wanted = {.word = {UINT64_MAX, UINT64_MAX}}};

static void set_up(void) {
    ck_assert_int_eq(tx_detect_memory_new(CAP, &memory), 0);
}
static void tear_down(void) {
    tx_detect_memory_free(memory);
}

static const char *const rows[] = {"1 ",  "4 ",   "1-",     "4-",    "1.",   "1/",
                                   "62 ", "44-",  "11.",    "123 ",  "123-", "123.",
                                   "1 1", "12-3", "4 44 4", "12345 "};

/* n bytes of a row, and the item at its place among them. */
static size_t put(char *text, const char *row, size_t n, const char *item, size_t at) {
    size_t n_row = strlen(row), n_item = strlen(item);
    for (size_t i = 0; i < at; i++)
        text[i] = row[(n_row - at % n_row + i) % n_row]; /* up to a whole one */
    memcpy(text + at, item, n_item);
    for (size_t i = at + n_item, k = 0; i < n; i++, k++)
        text[i] = k == 0 ? ' ' : row[(k - 1) % n_row];
    return n;
}

static bool finds(enum tx_detector detector, size_t start, size_t end) {
    for (size_t i = 0; i < found.n; i++)
        if (found.match[i].detector == detector && found.match[i].start <= start &&
            found.match[i].end >= end)
            return true;
    return false;
}

START_TEST(what_stands_among_rows_is_found) {
    static const struct {
        const char *item;
        size_t from;
        enum tx_detector detector;
    } items[] = {
        {", 4111 1111 1111 1111,", 2, TX_DETECT_CREDIT_CARD},
        {", 4111111111111111,", 2, TX_DETECT_CREDIT_CARD},
        {", 3782-822463-10005,", 2, TX_DETECT_CREDIT_CARD},
        {", card 41 11 11 11 11 11 11 11,", 7, TX_DETECT_CREDIT_CARD},
        {", card 4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1,", 7, TX_DETECT_CREDIT_CARD},
        {", 93.05.18-223.61,", 2, TX_DETECT_BE_NN},
        {", 00-1a-2b-3c-4d-5e,", 2, TX_DETECT_MAC},
        {", 12-34-56-78-90-12,", 2, TX_DETECT_MAC},
        {", ssn 219-09-9871,", 6, TX_DETECT_US_SSN},
        {", dob 2.3.1984,", 6, TX_DETECT_DATE_OF_BIRTH},
        {", 943 476 5870,", 2, TX_DETECT_UK_NHS},
    };
    static char text[BYTES];
    for (size_t r = 0; r < TX_COUNT_OF(rows); r++)
        for (size_t i = 0; i < TX_COUNT_OF(items); i++)
            for (size_t at = 0; at < 700; at = at < 80 ? at + 1 : at + 97) {
                size_t n = put(text, rows[r], 1400, items[i].item, at);
                size_t start = at + items[i].from, end = at + strlen(items[i].item) - 1;
                tx_detect(memory, (struct tx_text){text, n}, &all, &found);
                ck_assert_msg(found.overflow || finds(items[i].detector, start, end),
                              "%s at %zu among %s", items[i].item, at, rows[r]);
            }
}
END_TEST

/* The same separators, so that nothing but the digits' number tells where the row ends. */
START_TEST(a_card_goes_on_from_a_row) {
    static const char *const cards[] = {"4111 1111 1111 1111", "5500 0000 0000 0004"};
    static char text[BYTES];
    for (size_t r = 0; r < TX_COUNT_OF(rows); r++)
        for (size_t i = 0; i < TX_COUNT_OF(cards); i++)
            for (size_t at = 0; at < 400; at++) {
                if (strchr(rows[r], ' ') != rows[r] + strlen(rows[r]) - 1 ||
                    at % strlen(rows[r]) != 0)
                    continue;
                size_t n = put(text, rows[r], 800, cards[i], at);
                tx_detect(memory, (struct tx_text){text, n}, &all, &found);
                ck_assert_msg(finds(TX_DETECT_CREDIT_CARD, at, at + 19), "%s at %zu behind %s",
                              cards[i], at, rows[r]);
            }
}
END_TEST

START_TEST(rows_alone_are_nothing) {
    static char text[BYTES];
    for (size_t r = 0; r < TX_COUNT_OF(rows); r++) {
        size_t n = put(text, rows[r], 1400, "", 0);
        tx_detect(memory, (struct tx_text){text, n}, &all, &found);
        ck_assert_msg(found.n == 0, "%s", rows[r]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("detect-id-rows");
    TCase *tests = tcase_create("id-rows");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, what_stands_among_rows_is_found);
    tcase_add_test(tests, a_card_goes_on_from_a_row);
    tcase_add_test(tests, rows_alone_are_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
