/* SPDX-License-Identifier: MIT */
#include "auditd/forward/journal-names.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "TRACEX_DATA_"

void tx_journal_names_reset(struct tx_journal_names *names) {
    names->n_names = 0;
    memset(names->slots, 0, sizeof(names->slots));
}

/* FNV-1a. Names that a client chose to collide cost at most a walk over one record's names. */
static uint32_t hash_of(const char *name) {
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t find_slot(const struct tx_journal_names *names, const char *name) {
    size_t at = hash_of(name) % TX_COUNT_OF(names->slots);
    while (names->slots[at] && strcmp(names->names[names->slots[at] - 1], name) != 0)
        at = (at + 1) % TX_COUNT_OF(names->slots);
    return at;
}

static void convert(struct tx_text name, char ret[TX_JOURNAL_NAME_BYTES + 1]) {
    size_t n = sizeof(PREFIX) - 1;

    memcpy(ret, PREFIX, n);
    for (size_t i = 0; i < name.n && n < TX_JOURNAL_NAME_BYTES; i++) {
        char c = name.p[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        ret[n++] = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
    ret[n] = '\0';
}

static void put_number(const char *base, unsigned number, char ret[TX_JOURNAL_NAME_BYTES + 1]) {
    char suffix[16];
    size_t n_suffix = (size_t)snprintf(suffix, sizeof(suffix), "_%u", number);
    size_t n = strlen(base);

    if (n > TX_JOURNAL_NAME_BYTES - n_suffix)
        n = TX_JOURNAL_NAME_BYTES - n_suffix;
    memcpy(ret, base, n);
    memcpy(ret + n, suffix, n_suffix + 1);
}

const char *tx_journal_names_add(struct tx_journal_names *names, struct tx_text name) {
    if (names->n_names == TX_JOURNAL_DATA_FIELDS)
        return NULL;
    char *mine = names->names[names->n_names];
    convert(name, mine);
    size_t slot = find_slot(names, mine);
    if (names->slots[slot]) {
        size_t clashing = names->slots[slot] - 1u;
        do {
            put_number(names->names[clashing], names->next_number[clashing]++, mine);
            slot = find_slot(names, mine);
        } while (names->slots[slot]);
    }
    names->next_number[names->n_names] = 2;
    names->slots[slot] = (uint16_t)++names->n_names;
    return mine;
}
