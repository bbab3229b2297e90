/* SPDX-License-Identifier: MIT */
#include "auditd/vault/lookup.h"

#include <assert.h>
#include <string.h>

#define ENTRIES_MIN 1024

/* Linear probing; slot1 is the slot's number + 1, 0: free. */
struct tx_lookup_entry {
    uint32_t hash;
    uint32_t slot1;
};

/* The ids are random, or the output of a keyed hash. */
static uint32_t hash_of(const uint8_t id[TX_LOOKUP_ID_BYTES]) {
    uint32_t hash;
    memcpy(&hash, id, sizeof(hash));
    return hash;
}

void tx_lookup_deinit(struct tx_lookup *lookup) {
    free(lookup->entries);
    *lookup = (struct tx_lookup){.entries = NULL};
}

static void put(struct tx_lookup_entry *entries, size_t n, struct tx_lookup_entry entry) {
    size_t at = entry.hash & (n - 1);
    while (entries[at].slot1)
        at = (at + 1) & (n - 1);
    entries[at] = entry;
}

int tx_lookup_reserve(struct tx_lookup *lookup, size_t n_more) {
    size_t n = lookup->n_entries ? lookup->n_entries : ENTRIES_MIN;
    while (n / 2 < lookup->n_used + n_more)
        n *= 2;
    if (n == lookup->n_entries)
        return 0;
    struct tx_lookup_entry *entries = calloc(n, sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < lookup->n_entries; i++)
        if (lookup->entries[i].slot1)
            put(entries, n, lookup->entries[i]);
    free(lookup->entries);
    lookup->entries = entries;
    lookup->n_entries = n;
    return 0;
}

int tx_lookup_add(struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES], uint32_t slot) {
    assert(slot < TX_LOOKUP_SLOTS_MAX);
    int r = tx_lookup_reserve(lookup, 1);
    if (r < 0)
        return r;
    put(lookup->entries, lookup->n_entries,
        (struct tx_lookup_entry){.hash = hash_of(id), .slot1 = slot + 1});
    lookup->n_used++;
    return 0;
}

bool tx_lookup_next(const struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES],
                    size_t *at, uint32_t *ret_slot) {
    size_t mask = lookup->n_entries - 1;
    uint32_t hash = hash_of(id);

    while (*at < lookup->n_entries) {
        const struct tx_lookup_entry *entry = &lookup->entries[(hash + (*at)++) & mask];
        if (!entry->slot1)
            return false;
        if (entry->hash == hash) {
            *ret_slot = entry->slot1 - 1;
            return true;
        }
    }
    return false;
}

/* The entries after the hole move up, unless they would come before their own place. */
static void close_hole(struct tx_lookup *lookup, size_t hole) {
    size_t mask = lookup->n_entries - 1;

    for (size_t at = (hole + 1) & mask; lookup->entries[at].slot1; at = (at + 1) & mask) {
        size_t home = lookup->entries[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        lookup->entries[hole] = lookup->entries[at];
        hole = at;
    }
    lookup->entries[hole] = (struct tx_lookup_entry){.slot1 = 0};
}

void tx_lookup_remove(struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES],
                      uint32_t slot) {
    size_t at = 0;
    uint32_t found;

    while (tx_lookup_next(lookup, id, &at, &found))
        if (found == slot) {
            close_hole(lookup, (hash_of(id) + at - 1) & (lookup->n_entries - 1));
            lookup->n_used--;
            return;
        }
}
