/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_MISTAKES_H
#define TX_TEST_MISTAKES_H

/* Sections `masking:` with a mistake, and the place and the words that it is told with. */

#include "tests/unit/masking-check.h"

struct mistake {
    const char *text, *error;
};

static inline void check_mistakes(const struct mistake *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        _cleanup_(tx_bytes_deinit) struct tx_bytes told = TX_BYTES_INIT;
        struct tx_masking masking;
        int r = masking_parse(cases[i].text, &told, &masking);
        ck_assert_msg(r == TX_CONF_E_MASKING, "%s is taken", cases[i].text);
        ck_assert_msg(strstr((char *)told.data, cases[i].error), "%s\nexpected: %s\ngot: %s",
                      cases[i].text, cases[i].error, (char *)told.data);
        ck_assert(masking.lockdown && masking.n_rules == 0);
        tx_masking_deinit(&masking);
    }
}

#define CHECK(cases) check_mistakes(cases, TX_COUNT_OF(cases))

/* The first rule's own text begins in column 7 of line 3. */
#define RULES "masking:\n  rules:\n    - "
#define RULE(match, action) RULES "{id: a, match: {" match "}, action: " action "}\n"
#define PARTS_9 "/a/a/a/a/a/a/a/a/a"
#define PARTS_63 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9 PARTS_9
#define ACTION(action) RULES "{id: a, action: " action ", match: {fields: [x]}}\n"

#endif
