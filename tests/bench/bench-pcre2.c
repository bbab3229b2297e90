/* SPDX-License-Identifier: MIT */
/* PCRE2 with its JIT: each pattern in turn on each record, all matches.
 *
 *   bench-pcre2 PATTERNS RECORDS-FILE N */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tests/bench/peer.h"

struct engine {
    size_t n;
    pcre2_code *code[PEER_PATTERNS_MAX];
    pcre2_match_data *match;
};

static uint64_t find_one(const struct engine *engine, const pcre2_code *code, struct tx_text text) {
    uint64_t found = 0;
    size_t at = 0;
    while (at <= text.n &&
           pcre2_jit_match(code, (PCRE2_SPTR)text.p, text.n, at, 0, engine->match, NULL) > 0) {
        const size_t *place = pcre2_get_ovector_pointer(engine->match);
        at = place[1] > place[0] ? place[1] : place[1] + 1;
        found++;
    }
    return found;
}

static uint64_t find_all(const struct peer_records *records, void *data) {
    const struct engine *engine = data;
    uint64_t found = 0;
    for (size_t i = 0; i < records->n; i++)
        for (size_t k = 0; k < engine->n; k++)
            found += find_one(engine, engine->code[k], peer_record(records, i));
    return found;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    struct peer_patterns patterns = peer_patterns(argv[1]);
    struct peer_records records = peer_read(argv[2], strtoull(argv[3], NULL, 10));
    struct engine engine = {.n = patterns.n, .match = pcre2_match_data_create(100, NULL)};
    for (size_t i = 0; i < patterns.n; i++) {
        int error;
        size_t at;
        uint32_t flags = patterns.ignore_case[i] ? PCRE2_CASELESS : 0;
        engine.code[i] = pcre2_compile((PCRE2_SPTR)patterns.pattern[i], PCRE2_ZERO_TERMINATED,
                                       flags, &error, &at, NULL);
        if (!engine.code[i] || pcre2_jit_compile(engine.code[i], PCRE2_JIT_COMPLETE) != 0) {
            fprintf(stderr, "%s: error %d at %zu\n", patterns.pattern[i], error, at);
            return 1;
        }
    }
    peer_print(peer_measure(&records, 1, find_all, &engine));
    return 0;
}
