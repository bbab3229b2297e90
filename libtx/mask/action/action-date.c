/* SPDX-License-Identifier: MIT */
#include "libtx/detect/checksum.h"
#include "libtx/mask/action/action-parts.h"

/*
 * A date becomes its year (1984), month (1984-03) or ISO 8601 week (1984-W10). Dates are read as
 * the detector date_of_birth takes them, and with a time behind as RFC 3339 writes it; the day is
 * the one that is written, in whatever zone. Where day and month cannot be told apart, only the
 * year is known. What is coarser than asked for already stays.
 */

#define YEAR_MIN 1800
#define YEAR_MAX 2199

enum known { YEAR, MONTH, WEEK, DAY };

struct date {
    enum known known;
    unsigned year, month, day, week;
};

struct reader {
    struct tx_text text;
    size_t at;
};

static char peek(const struct reader *r) {
    return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool take(struct reader *r, char c) {
    if (r->at == r->text.n || r->text.p[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* At most `n_max` digits; how many there were. */
static size_t take_number(struct reader *r, size_t n_max, unsigned *ret) {
    size_t n = 0;
    unsigned v = 0;
    for (; n < n_max && peek(r) >= '0' && peek(r) <= '9'; n++, r->at++)
        v = v * 10 + (unsigned)(peek(r) - '0');
    *ret = v;
    return n;
}

static bool take_two(struct reader *r, unsigned most) {
    unsigned v;
    return take_number(r, 2, &v) == 2 && v <= most;
}

static bool is_end(const struct reader *r) {
    return r->at == r->text.n;
}

/* "Z", "+01:00", "+0100" */
static bool take_zone(struct reader *r) {
    if (take(r, 'Z') || take(r, 'z'))
        return true;
    if (!take(r, '+') && !take(r, '-'))
        return false;
    if (!take_two(r, 23))
        return false;
    take(r, ':');
    return take_two(r, 59);
}

/* "T17:00", "T17:00:15.25Z"; the zone may be missing, and there may be a space before it. */
static bool take_time(struct reader *r) {
    unsigned fraction;
    if (!take(r, 'T') && !take(r, 't') && !take(r, ' '))
        return false;
    if (!take_two(r, 24) || !take(r, ':') || !take_two(r, 59))
        return false;
    if (take(r, ':') && !take_two(r, 60))
        return false;
    if (take(r, '.') && take_number(r, 9, &fraction) == 0)
        return false;
    if (is_end(r))
        return true;
    take(r, ' ');
    return take_zone(r);
}

/* Behind the year and a separator: "03-07", with a time or without; "03"; "W10". */
static bool parse_year_first(struct reader *r, struct date *date) {
    char separator = peek(r);
    r->at++;
    if (separator == '-' && take(r, 'W')) {
        date->known = WEEK;
        return take_number(r, 2, &date->week) == 2 && date->week >= 1 && date->week <= 53 &&
               is_end(r);
    }
    size_t n_month = take_number(r, 2, &date->month);
    if (n_month == 2 && separator == '-' && is_end(r)) {
        date->known = MONTH;
        return date->month >= 1 && date->month <= 12;
    }
    if (n_month == 0 || !take(r, separator) || take_number(r, 2, &date->day) == 0)
        return false;
    date->known = DAY;
    return tx_is_date(date->year, date->month, date->day) && (is_end(r) || take_time(r));
}

/* Behind the first of day and month, in either order. */
static bool parse_year_last(struct reader *r, unsigned first, struct date *date) {
    char separator = peek(r);
    unsigned second;
    r->at++;
    if (take_number(r, 2, &second) == 0 || !take(r, separator) ||
        take_number(r, 4, &date->year) != 4 || !is_end(r))
        return false;
    bool day_first = tx_is_date(date->year, second, first);
    bool month_first = tx_is_date(date->year, first, second);
    date->known = day_first && month_first && first != second ? YEAR : DAY;
    date->day = day_first ? first : second;
    date->month = day_first ? second : first;
    return day_first || month_first;
}

static bool parse(struct tx_text text, struct date *date) {
    struct reader r = {.text = text};
    unsigned first;
    size_t n = take_number(&r, 8, &first);

    if (n == 8 && is_end(&r)) {
        *date = (struct date){DAY, first / 10000, first / 100 % 100, first % 100, 0};
        return tx_is_date(date->year, date->month, date->day);
    }
    if (n == 4 && is_end(&r)) {
        *date = (struct date){.known = YEAR, .year = first};
        return true;
    }
    if (peek(&r) != '-' && peek(&r) != '/' && peek(&r) != '.')
        return false;
    date->year = first;
    if (n == 4)
        return parse_year_first(&r, date);
    return n >= 1 && n <= 2 && parse_year_last(&r, first, date);
}

static bool is_leap(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1 January of year 1 to that of `year`. */
static unsigned days_before(unsigned year) {
    unsigned y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

/* ISO 8601: a week begins on Monday and belongs to the year that its Thursday is in. 1 January of
 * year 1 was a Monday. */
static void find_week(struct date *date) {
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned leap = date->month > 2 && is_leap(date->year);
    unsigned day = days_before(date->year) + before[date->month - 1] + leap + date->day - 1;
    unsigned thursday = day - day % 7 + 3;

    if (thursday < days_before(date->year))
        date->year--;
    else if (thursday >= days_before(date->year + 1))
        date->year++;
    date->week = (thursday - days_before(date->year)) / 7 + 1;
    date->known = WEEK;
}

static void put_digits(unsigned v, unsigned n, struct tx_buf *out) {
    for (unsigned unit = n == 4 ? 1000 : 10; unit > 0; unit /= 10)
        tx_buf_char(out, (char)('0' + v / unit % 10));
}

int tx_action_date(struct tx_action_tools *tools, const struct tx_masking_action *action,
                   const struct tx_action_subject *subject, struct tx_buf *out) {
    static const enum known wanted[] = {
        [TX_DATE_YEAR] = YEAR, [TX_DATE_MONTH] = MONTH, [TX_DATE_WEEK] = WEEK};
    enum known want = wanted[action->date.to];
    struct date date = {.known = YEAR};

    (void)tools;
    if (!parse(subject->text, &date))
        return TX_ACTION_E_SHOWS;
    if (date.known == DAY && want == WEEK && date.year <= YEAR_MAX)
        find_week(&date);
    if (date.year < YEAR_MIN || date.year > YEAR_MAX)
        return TX_ACTION_E_SHOWS;
    bool only_year = subject->text.n == 4;
    if ((date.known == YEAR && want != YEAR && !only_year) || (date.known == WEEK && want == MONTH))
        return TX_ACTION_E_SHOWS;
    put_digits(date.year, 4, out);
    if (want == YEAR || date.known == YEAR)
        return 0;
    tx_buf_str(out, date.known == WEEK ? "-W" : "-");
    put_digits(date.known == WEEK ? date.week : date.month, 2, out);
    return 0;
}
