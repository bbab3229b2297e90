/* SPDX-License-Identifier: MIT */
#include "libtx/mask/policy/masking-write.h"

/* ENGINE is raised when what a detector finds or an action does changes, so that the policy's hash
 * names that too. */
#define HEAD "tracex_policy: 2\nengine: 3\n"

int tx_masking_render(const struct tx_masking *masking, struct tx_bytes *b) {
    struct tx_masking_writer w = {.b = b, .masking = masking, .is_policy = true};

    tx_masking_write(&w, HEAD);
    if (masking->lockdown) { /* nothing else counts */
        tx_masking_write(&w, "mode: lockdown\n");
        return w.failed;
    }
    tx_masking_write_settings(&w);
    tx_masking_write_keys(&w);
    tx_masking_write_detectors(&w);
    tx_masking_write_allows(&w);
    tx_masking_write_rules(&w);
    return w.failed;
}

int tx_masking_render_section(const struct tx_masking *masking, size_t indent, struct tx_bytes *b) {
    struct tx_masking_writer w = {.b = b, .masking = masking, .indent = indent};

    tx_masking_write_settings(&w);
    tx_masking_write_keys(&w);
    tx_masking_write_detectors(&w);
    tx_masking_write_allows(&w);
    tx_masking_write_rules(&w);
    tx_masking_write_tests(&w);
    return w.failed;
}
