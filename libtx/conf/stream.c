/* SPDX-License-Identifier: MIT */
#include "libtx/conf/stream.h"

#include <stdio.h>
#include <string.h>

#include "libtx/mask/policy/glob.h"

static const char *const names[TX_STREAM_N] = {
    [TX_STREAM_AUDIT] = "audit", [TX_STREAM_TRACE] = "trace"};

const char *tx_stream_name(enum tx_stream_id id) {
    return names[id];
}

int tx_stream_named(const char *name, enum tx_stream_id *ret) {
    for (int i = 0; i < TX_STREAM_N; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum tx_stream_id)i;
            return 0;
        }
    return -EINVAL;
}

enum tx_stream_id tx_stream_of(const struct tx_stream streams[TX_STREAM_N], enum tx_lane lane,
                               struct tx_text event) {
    for (int i = 0; i < TX_STREAM_N; i++) {
        const struct tx_masking_list *globs = &streams[i].from[lane];
        for (size_t k = 0; k < globs->n; k++)
            if (tx_glob_match_event(globs->item[k], event))
                return (enum tx_stream_id)i;
    }
    return TX_STREAM_AUDIT;
}

char *tx_stream_origin_beside(const char *audit, enum tx_stream_id id) {
    static const char suffix[] = "/audit";
    size_t n = strlen(audit), n_suffix = sizeof(suffix) - 1;
    char *origin;

    if (n > n_suffix && strcmp(audit + n - n_suffix, suffix) == 0)
        n -= n_suffix;
    return asprintf(&origin, "%.*s/%s", (int)n, audit, names[id]) < 0 ? NULL : origin;
}

void tx_stream_deinit_list(struct tx_masking_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    free(list->item);
    *list = (struct tx_masking_list){.n = 0};
}

void tx_stream_deinit(struct tx_stream *stream) {
    free(stream->log_dir);
    free(stream->keys_dir);
    free(stream->origin);
    for (int i = 0; i < TX_LANE_N; i++)
        tx_stream_deinit_list(&stream->from[i]);
    *stream = (struct tx_stream){.log_dir = NULL};
}
