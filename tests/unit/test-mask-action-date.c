/* SPDX-License-Identifier: MIT */
#include "action-check.h"

static const struct tx_masking_action year = {.kind = TX_ACTION_DATE, .date = {TX_DATE_YEAR}};
static const struct tx_masking_action month = {.kind = TX_ACTION_DATE, .date = {TX_DATE_MONTH}};
static const struct tx_masking_action week = {.kind = TX_ACTION_DATE, .date = {TX_DATE_WEEK}};

START_TEST(a_date_becomes_its_year_month_or_week) {
    static const char *const texts[] = {
        "1984-02-29",
        "1984-2-29",
        "1984/02/29",
        "1984/2/29",
        "1984.02.29",
        "1984.2.29",
        "19840229",
        "29-02-1984",
        "29-2-1984",
        "29/02/1984",
        "29.2.1984",
        "02/29/1984",
        "2/29/1984",
        "1984-02-29T23:59:60.123456789Z",
        "1984-02-29t00:00:00+01:00",
        "1984-02-29 12:30",
        "1984-02-29 12:30:01 +0530",
    };
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        check_action(&year, texts[i], "1984");
        check_action(&month, texts[i], "1984-02");
        check_action(&week, texts[i], "1984-W09");
    }
}
END_TEST

/* The weeks are those of the Python standard library's isocalendar(). */
START_TEST(weeks_are_those_of_iso_8601) {
    static const char *const cases[][2] = {
        {"2026-11-23", "2026-W48"}, {"2026-11-29", "2026-W48"}, {"2021-01-03", "2020-W53"},
        {"2021-01-04", "2021-W01"}, {"2024-12-30", "2025-W01"}, {"2027-01-01", "2026-W53"},
        {"2000-01-01", "1999-W52"}, {"1900-03-01", "1900-W09"}, {"2024-02-29", "2024-W09"},
        {"1800-12-31", "1801-W01"}, {"2199-12-29", "2199-W52"},
    };
    for (size_t i = 0; i < TX_COUNT_OF(cases); i++)
        check_action(&week, cases[i][0], cases[i][1]);
}
END_TEST

START_TEST(where_day_and_month_are_not_told_apart_only_the_year_is_known) {
    check_action(&year, "03/04/1984", "1984");
    check_action(&year, "3.4.1984", "1984");
    check_shows(&month, "03/04/1984");
    check_shows(&week, "3.4.1984");
    check_action(&month, "04/04/1984", "1984-04");
    check_action(&month, "13/04/1984", "1984-04");
    check_action(&month, "04/13/1984", "1984-04");
}
END_TEST

START_TEST(what_is_coarser_already_stays) {
    check_action(&month, "1984", "1984");
    check_action(&week, "1984-03", "1984-03");
    check_action(&year, "1984-03", "1984");
    check_action(&year, "1984-W10", "1984");
    check_shows(&month, "1984-W10"); /* it may be in two */
}
END_TEST

START_TEST(what_is_no_date_shows) {
    static const char *const texts[] = {
        "",
        "1983-02-29",
        "2025-13-01",
        "1984-02-30",
        "1984-02/29",
        "1984-02-29T",
        "1984-02-29T25:00Z",
        "1984-02-29T12",
        "1984-02-29T12:60Z",
        "1984-02-29T12:00:00.Z",
        "1984-02-29T12:00:00+",
        "1984-02-29x",
        "84-02-29",
        "29.02.84",
        "1984-W54",
        "1984-W00",
        "1984-W1",
        "1984-00",
        "1984-13",
        "1234",
        "9999",
        "12345678",
        "1984-02-29-",
        " 1984",
        "31/11/1984",
        "1984-",
        "yesterday",
        "198402299",
    };
    for (size_t i = 0; i < TX_COUNT_OF(texts); i++) {
        check_shows(&year, texts[i]);
        check_shows(&month, texts[i]);
        check_shows(&week, texts[i]);
    }
}
END_TEST

int main(void) {
    const TTest *const tests[] = {
        a_date_becomes_its_year_month_or_week,
        weeks_are_those_of_iso_8601,
        where_day_and_month_are_not_told_apart_only_the_year_is_known,
        what_is_coarser_already_stays,
        what_is_no_date_shows,
    };
    return run_suite("mask-action-date", tests, TX_COUNT_OF(tests));
}
