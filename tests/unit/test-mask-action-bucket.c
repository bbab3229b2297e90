/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static struct tx_masking_action width(double v) {
    return (struct tx_masking_action){.kind = TX_ACTION_BUCKET, .bucket = {.width = v}};
}

static double edges_memory[] = {-1.5, 0, 18, 65, 1e6};
static const struct tx_masking_action edges = {
    .kind = TX_ACTION_BUCKET,
    .bucket = {.n_edges = TX_COUNT_OF(edges_memory), .edges = edges_memory}};

START_TEST(a_number_becomes_the_bucket_of_a_width) {
    struct tx_masking_action hundred = width(100), tenth = width(0.1), odd = width(2.5);
    check_action(&hundred, "100", "[100,200)");
    check_action(&hundred, "199.999999999999999999999", "[100,200)");
    check_action(&hundred, "0", "[0,100)");
    check_action(&hundred, "-0", "[0,100)");
    check_action(&hundred, "-1", "[-100,0)");
    check_action(&hundred, "-100", "[-100,0)");
    check_action(&hundred, "-100.0000000000000000000000001", "[-200,-100)");
    check_action(&hundred, "-1e-30", "[-100,0)");
    check_action(&hundred, "+1.5E2", "[100,200)");
    check_action(&hundred, "123456789012345678", "[123456789012345600,123456789012345700)");
    check_action(&tenth, "0.3", "[0.3,0.4)"); /* 0.3 / 0.1 is less than 3 in doubles */
    check_action(&tenth, "0.7", "[0.7,0.8)");
    check_action(&tenth, ".25", "[0.2,0.3)");
    check_action(&tenth, "-0.05", "[-0.1,0)");
    check_action(&odd, "7", "[5,7.5)");
}
END_TEST

START_TEST(a_number_becomes_the_bucket_between_edges) {
    check_action(&edges, "17.99", "[0,18)");
    check_action(&edges, "18", "[18,65)");
    check_action(&edges, "-1", "[-1.5,0)");
    check_action(&edges, "-1.6", "(-inf,-1.5)");
    check_action(&edges, "-1.50000000000000000000001", "(-inf,-1.5)");
    check_action(&edges, "1e6", "[1000000,inf)");
    check_action(&edges, "999999.5", "[65,1000000)");
}
END_TEST

START_TEST(another_bucket_does_not_pass_for_one) {
    struct tx_masking_action hundred = width(100);
    check_shows(&hundred, "[101,200)");
    check_shows(&hundred, "[100,201)");
    check_shows(&hundred, "[100,200]");
    check_shows(&hundred, "[100,200) ");
    check_shows(&hundred, "[100.0,200)");
    check_shows(&hundred, "(-inf,100)");
    check_shows(&edges, "(-inf,0)");
    check_shows(&edges, "[18,inf)");
}
END_TEST

START_TEST(what_is_no_number_shows) {
    static const char *const texts[] = {
        "",
        "x",
        "1,000",
        "1 000",
        "0x10",
        "1e",
        "1e+",
        "--1",
        "1.2.3",
        ".",
        "-",
        "inf",
        "nan",
        "1_000",
        "12 ",
        " 12",
        "1.",
        "e5",
        "1000000000000000000",
        "1e18",
        "1e99999",
        "1e999999999999999999999",
        "١٢",
        "4111 1111",
    };
    struct tx_masking_action hundred = width(100), none = width(0), tiny = width(1e-30);
    struct tx_masking_action round = {.kind = TX_ACTION_ROUND, .round = {2}};
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        check_shows(&hundred, texts[i]);
        check_shows(&edges, texts[i]);
        if (strcmp(texts[i], "1 000") != 0 && strcmp(texts[i], "4111 1111") != 0 &&
            strcmp(texts[i], "12 ") != 0)
            check_shows(&round, texts[i]);
    }
    check_shows(&none, "1");
    check_shows(&tiny, "1");
}
END_TEST

START_TEST(numbers_are_rounded_as_on_paper) {
    struct tx_masking_action two = {.kind = TX_ACTION_ROUND, .round = {2}},
                             none = {.kind = TX_ACTION_ROUND, .round = {0}},
                             many = {.kind = TX_ACTION_ROUND, .round = {30}};
    check_action(&two, "48.858370", "48.86");
    check_action(&two, "0.285", "0.29"); /* 0.28 by doubles */
    check_action(&two, "1.005", "1.01");
    check_action(&two, "-0.285", "-0.29");
    check_action(&two, "-0.004", "0");
    check_action(&two, "0.005", "0.01");
    check_action(&two, "99.999", "100");
    check_action(&two, "7", "7");
    check_action(&two, "4.885837e1", "48.86");
    check_action(&two, "1e-400", "0");
    check_action(&none, "-2.5", "-3");
    check_action(&none, "123456789012345678.4", "123456789012345678");
    check_action(&many, "0.1234567890123456789", "0.123456789012345678");
}
END_TEST

START_TEST(coordinates_are_rounded_in_place) {
    struct tx_masking_action two = {.kind = TX_ACTION_ROUND, .round = {2}},
                             none = {.kind = TX_ACTION_ROUND, .round = {0}};
    check_action(&two, "48.858370, 2.294481", "48.86, 2.29");
    check_action(&two, "-33.8688,151.2093", "-33.87, 151.21");
    check_action(&two, "48.858370° N, 2.294481° E", "48.86° N, 2.29° E");
    check_action(&two, "48.858370N;2.294481E", "48.86N;2.29E");
    check_action(&two, "48.858370, 2.294481, 35.123", "48.86, 2.29, 35.12");
    check_action(&none, "48.858370,2.294481", "49, 2");
    check_shows(&two, "1,999.99");
    check_shows(&two, "48.85,2");
    check_shows(&two, "48.8E.8E"); /* 48.8E0.8E would be another number */
    check_shows(&two, "48.858370, 2.294481, 3, 4");
    check_shows(&two, "48.858370, 2.294481 Paris");
    check_shows(&two, "48.858370,              2.294481");
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_number_becomes_the_bucket_of_a_width, a_number_becomes_the_bucket_between_edges,
        another_bucket_does_not_pass_for_one,   what_is_no_number_shows,
        numbers_are_rounded_as_on_paper,        coordinates_are_rounded_in_place,
    };
    return run_suite("mask-action-bucket", tests, TX_COUNT_OF(tests));
}
