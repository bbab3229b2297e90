/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/pace.h"

#define SMALL_BYTES (16u * 1024u)
#define MIB (INT64_C(1) << 20)
#define LEAST_NS 250000
/* A busy disk makes small syncs slow, too: it is not to be given the more for it. */
#define MOST_NS 500000
/* Of what is new, a sixteenth counts: one sync that had to wait for something else is no measure.
 */
#define WEIGHT 16

static void mix(int64_t *mean, int64_t value) {
    *mean = *mean == 0 ? value : *mean + (value - *mean) / WEIGHT;
}

void tx_pace_synced(struct tx_pace *pace, size_t n, int64_t took_ns) {
    if (took_ns <= 0 || n == 0)
        return;
    if (n <= SMALL_BYTES) {
        mix(&pace->small_ns, took_ns);
        return;
    }
    int64_t more = took_ns > pace->small_ns ? took_ns - pace->small_ns : 1;
    int64_t mib_ns = more / (int64_t)n * MIB + more % (int64_t)n * MIB / (int64_t)n;
    mix(&pace->mib_ns, mib_ns > 0 ? mib_ns : 1);
}

size_t tx_pace_window(const struct tx_pace *pace) {
    int64_t ns = pace->small_ns < LEAST_NS  ? LEAST_NS
                 : pace->small_ns < MOST_NS ? pace->small_ns
                                            : MOST_NS;

    if (pace->mib_ns <= 0)
        return TX_PACE_LEAST;
    if (ns >= pace->mib_ns)
        return TX_PACE_MOST;
    size_t n = (size_t)((double)ns / (double)pace->mib_ns * MIB);
    return n < TX_PACE_LEAST ? TX_PACE_LEAST : n;
}
