/* SPDX-License-Identifier: MIT */
/* Hyperscan in block mode: all patterns at once, the ends of all matches.
 *
 *   bench-hyperscan PATTERNS RECORDS-FILE N */
#include <hs.h>

#include "tests/bench/peer.h"

struct engine {
    hs_database_t *database;
    hs_scratch_t *scratch;
    uint64_t found;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *data) {
    struct engine *engine = data;
    (void)id, (void)from, (void)to, (void)flags;
    engine->found++;
    return 0;
}

static uint64_t find_all(const struct peer_records *records, void *data) {
    struct engine *engine = data;
    engine->found = 0;
    for (size_t i = 0; i < records->n; i++) {
        struct tx_text record = peer_record(records, i);
        hs_scan(engine->database, record.p, (unsigned)record.n, 0, engine->scratch, on_match,
                engine);
    }
    return engine->found;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    struct peer_patterns patterns = peer_patterns(argv[1]);
    struct peer_records records = peer_read(argv[2], strtoull(argv[3], NULL, 10));
    struct engine engine = {.scratch = NULL};
    unsigned flags[PEER_PATTERNS_MAX], ids[PEER_PATTERNS_MAX];
    hs_compile_error_t *error;
    for (size_t i = 0; i < patterns.n; i++) {
        flags[i] = patterns.ignore_case[i] ? HS_FLAG_CASELESS : 0;
        ids[i] = (unsigned)i;
    }
    if (hs_compile_multi((const char *const *)patterns.pattern, flags, ids, (unsigned)patterns.n,
                         HS_MODE_BLOCK, NULL, &engine.database, &error) != HS_SUCCESS) {
        fprintf(stderr, "%s: %s\n",
                error->expression >= 0 ? patterns.pattern[error->expression] : "", error->message);
        return 1;
    }
    if (hs_alloc_scratch(engine.database, &engine.scratch) != HS_SUCCESS)
        return 1;
    peer_print(peer_measure(&records, 2, find_all, &engine));
    return 0;
}
