/* SPDX-License-Identifier: MIT */
/* RE2::Set: which patterns match a record, but not where.
 *
 *   bench-re2 PATTERNS RECORDS-FILE N */
#include <re2/set.h>

#include <string>
#include <vector>

extern "C" {
#include "tests/bench/peer.h"
}

static uint64_t find_all(const struct peer_records *records, void *data) {
    const re2::RE2::Set *set = static_cast<const re2::RE2::Set *>(data);
    std::vector<int> which;
    uint64_t found = 0;
    for (size_t i = 0; i < records->n; i++) {
        struct tx_text record = peer_record(records, i);
        set->Match(re2::StringPiece(record.p, record.n), &which);
        found += which.size();
    }
    return found;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    struct peer_patterns patterns = peer_patterns(argv[1]);
    struct peer_records records = peer_read(argv[2], strtoull(argv[3], nullptr, 10));
    re2::RE2::Options options;
    options.set_max_mem(64 << 20);
    re2::RE2::Set set(options, re2::RE2::UNANCHORED);
    for (size_t i = 0; i < patterns.n; i++) {
        std::string pattern =
            (patterns.ignore_case[i] ? "(?i)" : "") + std::string(patterns.pattern[i]);
        std::string error;
        if (set.Add(pattern, &error) < 0) {
            fprintf(stderr, "%s: %s\n", pattern.c_str(), error.c_str());
            return 1;
        }
    }
    if (!set.Compile())
        return 1;
    peer_print(peer_measure(&records, 2, find_all, &set));
    return 0;
}
