/* SPDX-License-Identifier: MIT */
#include "libtx/mask/seen.h"

#include <string.h>
#include <sys/random.h>

#include "libtx/base/limits.h"
#include "libtx/crypto/secret.h"

/*
 * The digest is NH (Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC", CRYPTO 1999) with words of
 * 64 bits, done twice, the second time with the key moved by one pair (their Toeplitz extension).
 * Two different questions then have the same digest for at most one key in 2^128; nobody sees a
 * digest, so nobody can choose questions by it. Which pair of a question has which keys is fixed,
 * and the lengths come last, so that texts of different lengths differ in the last pair.
 */
__extension__ typedef unsigned __int128 wide;

enum {
    PAIR_BYTES = 16,
    TEXT_AT = 0,
    NAME_AT = TEXT_AT + TX_SEEN_TEXT_BYTES / PAIR_BYTES,
    WANTED_AT = NAME_AT + TX_LIMIT_NAME_BYTES / PAIR_BYTES,
    LENGTHS_AT = WANTED_AT + TX_DETECT_SET_WORDS / 2,
    N_PAIRS = LENGTHS_AT + 1,
};

/* Values of a name that seldom come again are not asked for each time: that would cost more than it
 * saves. */
enum { N_NAMES = 256, WORTH_AT_FIRST = 8, WORTH_MAX = 32, TRIED_EACH = 16 };

struct entry {
    uint64_t word[4];
};

struct tx_seen {
    uint64_t key[2 * (N_PAIRS + 1)];
    uint32_t n_passed;
    uint8_t worth[N_NAMES];
    /* In a set, those that came again stand before those that did not. */
    struct entry sets[TX_SEEN_SETS][TX_SEEN_WAYS];
};

int tx_seen_new(struct tx_seen **ret) {
    _cleanup_(tx_seen_freep) struct tx_seen *seen = tx_secret_alloc(sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    if (getrandom(seen->key, sizeof(seen->key), 0) != (ssize_t)sizeof(seen->key))
        return -EIO;
    memset(seen->worth, WORTH_AT_FIRST, sizeof(seen->worth));
    *ret = TX_STEAL(seen);
    return 0;
}

void tx_seen_free(struct tx_seen *seen) {
    if (seen)
        tx_secret_free(seen, sizeof(*seen));
}

/* --- digests --- */

struct sums {
    wide first, second;
};

static inline void add_pair(const struct tx_seen *seen, struct sums *s, size_t at, uint64_t a,
                            uint64_t b) {
    const uint64_t *key = &seen->key[2 * at];

    s->first += (wide)(a + key[0]) * (b + key[1]);
    s->second += (wide)(a + key[2]) * (b + key[3]);
}

static inline uint64_t load(const char *p, size_t n) {
    uint64_t word = 0;
    memcpy(&word, p, n);
    return word;
}

/* The last pair may overlap the one before, and its two words each other: with its length, which
 * has a pair of its own, a text is known all the same. */
static inline void add_text(const struct tx_seen *seen, struct sums *s, size_t at,
                            struct tx_text text) {
    const char *p = text.p;
    size_t n = text.n;

    for (; n > PAIR_BYTES; n -= PAIR_BYTES, p += PAIR_BYTES)
        add_pair(seen, s, at++, load(p, 8), load(p + 8, 8));
    if (text.n >= PAIR_BYTES)
        add_pair(seen, s, at, load(p + n - 16, 8), load(p + n - 8, 8));
    else if (n >= 8)
        add_pair(seen, s, at, load(p, 8), load(p + n - 8, 8));
    else if (n >= 4)
        add_pair(seen, s, at, load(p, 4), load(p + n - 4, 4));
    else if (n > 0)
        add_pair(seen, s, at, load(p, 1) | load(p + n / 2, 1) << 8, load(p + n - 1, 1));
}

static void digest_of(const struct tx_seen *seen, const struct tx_seen_question *question,
                      struct tx_seen_digest *ret) {
    const uint64_t *wanted = question->wanted->word;
    struct sums s = {.first = 0};

    add_text(seen, &s, TEXT_AT, question->text);
    add_text(seen, &s, NAME_AT, question->name);
    for (size_t i = 0; i < TX_DETECT_SET_WORDS / 2; i++)
        add_pair(seen, &s, WANTED_AT + i, wanted[2 * i], wanted[2 * i + 1]);
    add_pair(seen, &s, LENGTHS_AT, question->text.n,
             question->name.n << 1 | question->assume_context);
    *ret = (struct tx_seen_digest){.is_set = true,
                                   .word = {(uint64_t)s.first, (uint64_t)(s.first >> 64),
                                            (uint64_t)s.second, (uint64_t)(s.second >> 64)}};
}

/* --- the table --- */

static struct entry *set_of(struct tx_seen *seen, const struct tx_seen_digest *digest) {
    uint64_t mixed = (digest->word[0] ^ digest->word[1]) * UINT64_C(0x9e3779b97f4a7c15);
    return seen->sets[(mixed >> 32) % TX_SEEN_SETS];
}

static bool is_it(const struct entry *entry, const struct tx_seen_digest *digest) {
    return memcmp(entry->word, digest->word, sizeof(entry->word)) == 0;
}

static bool find(struct tx_seen *seen, const struct tx_seen_digest *digest) {
    struct entry *set = set_of(seen, digest);

    for (size_t i = 0; i < TX_SEEN_WAYS; i++) {
        if (!is_it(&set[i], digest))
            continue;
        if (i > 0) {
            struct entry before = set[i - 1];
            set[i - 1] = set[i];
            set[i] = before;
        }
        return true;
    }
    return false;
}

/* Names of which the first and last bytes are the same share what is known of their worth. */
static uint8_t *worth_of(struct tx_seen *seen, struct tx_text name) {
    size_t mixed = name.n;

    if (name.n > 0)
        mixed += 31u * (uint8_t)name.p[0] + 131u * (uint8_t)name.p[name.n - 1] +
                 7u * (uint8_t)name.p[name.n / 2];
    return &seen->worth[mixed % N_NAMES];
}

bool tx_seen_has(struct tx_seen *seen, const struct tx_seen_question *question,
                 struct tx_seen_digest *ret) {
    ret->is_set = false;
    if (question->text.n > TX_SEEN_TEXT_BYTES || question->name.n > TX_LIMIT_NAME_BYTES)
        return false;
    uint8_t *worth = worth_of(seen, question->name);
    if (*worth == 0 && ++seen->n_passed % TRIED_EACH != 0)
        return false;
    digest_of(seen, question, ret);
    bool has = find(seen, ret);
    if (has && *worth < WORTH_MAX)
        ++*worth;
    else if (!has && *worth > 0)
        --*worth;
    return has;
}

/* What is new takes the place of what came again least. */
void tx_seen_put(struct tx_seen *seen, const struct tx_seen_digest *digest) {
    if (!digest->is_set)
        return;
    struct entry *set = set_of(seen, digest);
    for (size_t i = 0; i + 1 < TX_SEEN_WAYS; i++)
        if (is_it(&set[i], &(struct tx_seen_digest){.word = {0}})) {
            memcpy(set[i].word, digest->word, sizeof(set[i].word));
            return;
        }
    memcpy(set[TX_SEEN_WAYS - 1].word, digest->word, sizeof(digest->word));
}
