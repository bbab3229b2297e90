/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Latitude and longitude in degrees with at least four decimals (some ten metres), a comma between
 * them. Near 0, 0 is ocean, but numbers of another sort; so are seconds with a fraction. The anchor
 * is the run of digits before the first point.
 */

/* Of the Gulf of Guinea, around which Africa begins at 4.3 degrees north and 6.4 east. */
#define OCEAN_LATITUDE 4
#define OCEAN_LONGITUDE 6

#define DECIMALS_MIN 4
#define DECIMALS_MAX 16

/* A signed decimal at *at; *at is then behind it. False when it is none. */
static bool take_degrees(const struct tx_scan *s, size_t *at, double most, double ocean,
                         bool *ret_small) {
    size_t i = *at, n_whole = 0, n_decimals = 0;
    double v = 0, unit = 1;

    i += tx_scan_at(s, i) == '-' || tx_scan_at(s, i) == '+';
    for (; tx_is_digit(tx_scan_at(s, i)) && n_whole < 4; i++, n_whole++)
        v = v * 10 + (s->p[i] - '0');
    if (n_whole == 0 || n_whole > 3 || tx_scan_at(s, i) != '.')
        return false;
    for (i++; tx_is_digit(tx_scan_at(s, i)) && n_decimals < DECIMALS_MAX; i++, n_decimals++)
        v += (s->p[i] - '0') * (unit /= 10);
    *at = i;
    *ret_small = v < ocean;
    return n_decimals >= DECIMALS_MIN && v <= most;
}

static size_t skip_direction(const struct tx_scan *s, size_t at, const char *letters) {
    size_t i = at;
    if (tx_scan_is(s, i, "\xc2\xb0"))
        i += 2;
    if (tx_scan_at(s, i) == ' ' && tx_scan_at(s, i + 1) && strchr(letters, s->p[i + 1]))
        i++;
    return tx_scan_at(s, i) && strchr(letters, s->p[i]) ? i + 1 : i;
}

void tx_detect_gps(struct tx_scan *s, size_t at, size_t end) {
    bool small_latitude, small_longitude;

    if (end - at > 2 || at < s->gps_done || tx_scan_at(s, end) != '.' ||
        tx_is_word(tx_scan_before(s, at)) || tx_scan_before(s, at) == '.' ||
        !tx_scan_wants(s, TX_DETECT_GPS_COORDS))
        return;
    bool in_time = at > 1 && s->p[at - 1] == ':' && tx_is_digit(s->p[at - 2]);
    if (in_time)
        return;
    bool sign = tx_scan_before(s, at) == '-' || tx_scan_before(s, at) == '+';
    size_t i = at, start = sign ? at - 1 : at;
    if (!take_degrees(s, &i, 90, OCEAN_LATITUDE, &small_latitude))
        return;
    s->gps_done = i;
    i = skip_direction(s, i, "NS");
    while (tx_scan_at(s, i) == ' ' && i < s->gps_done + 4)
        i++;
    if (tx_scan_at(s, i) != ',')
        return;
    for (i++; tx_scan_at(s, i) == ' ' && i < s->gps_done + 8;)
        i++;
    if (!take_degrees(s, &i, 180, OCEAN_LONGITUDE, &small_longitude) ||
        (small_latitude && small_longitude))
        return;
    i = skip_direction(s, i, "EW");
    if (!tx_is_word(tx_scan_at(s, i)))
        tx_scan_claim(s, TX_DETECT_GPS_COORDS, start, i);
}
