/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_LEAK_CHECK_H
#define TX_TEST_LEAK_CHECK_H

/* What comes out of a mask, for tests that look for a secret in it. */

#include "mask-check.h"
#include <fcntl.h>
#include <unistd.h>

#define NONE "preset: none, i_accept_unmasked: true"
#define RULE(match, action) "{" NONE ", rules: [{id: r, match: {" match "}, action: " action "}]}"

static inline struct tx_mask *nothing_masked(void) {
    return mask_of("{" NONE "}");
}

/* The value after masking, copied, with a NUL. */
static inline const char *come_out(struct tx_mask *mask, struct tx_field field) {
    static char out[200000];
    mask_fields(mask, "t.e", &field, 1);
    struct tx_text text = field.dropped || field.type == TX_VALUE_NULL ? TX_TEXT("") : field.text;
    ck_assert_uint_lt(text.n, sizeof(out));
    memcpy(out, text.n ? text.p : "", text.n);
    out[text.n] = '\0';
    tx_mask_wipe(mask);
    return out;
}

static inline bool shows(struct tx_mask *mask, struct tx_field field, const char *secret) {
    return strstr(come_out(mask, field), secret) != NULL;
}

#endif
