/* SPDX-License-Identifier: MIT */
/* The lines of a log, of which the clients' numbers are taken: each says something of one client at
 * most. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "tools/auditverify/numbers.h"

static uint64_t count(const struct tx_numbers_totals *totals) {
    uint64_t n = 0;
    for (size_t i = 0; i < TX_NUMBERS_STATUS_N; i++)
        n += totals->clients[i];
    return n;
}

static void check(const struct tx_numbers *numbers, uint64_t n_lines) {
    struct tx_numbers_totals totals;

    tx_numbers_total(numbers, &totals);
    assert(count(&totals) <= n_lines && totals.n_faults <= n_lines);
    assert(totals.n_listed <= TX_NUMBERS_FAULTS_MAX && totals.unseen == 0);
    assert((totals.n_faults > 0) == (totals.clients[TX_NUMBERS_UNDECLARED] > 0));
    for (size_t i = 0; i < totals.n_listed; i++)
        assert(totals.faults[i].first <= totals.faults[i].last && totals.faults[i].seq < n_lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct tx_numbers *numbers;
    uint64_t seq = 0;

    if (n == 0 || tx_numbers_new(data[0] == '#' ? 1 : 0, &numbers) < 0)
        return 0;
    for (const uint8_t *at = data, *end = data + n; at < end; seq++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n_line = (size_t)((newline ? newline : end) - at);
        struct tx_text line = {.p = (const char *)at, .n = n_line};
        if (tx_numbers_take(numbers, seq, line) < 0)
            break;
        at += n_line + 1;
    }
    check(numbers, seq + 1);
    tx_numbers_free(numbers);
    return 0;
}
