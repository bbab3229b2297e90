/* SPDX-License-Identifier: MIT */
#include "libtx/conf/streams.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libtx/base/limits.h"
#include "libtx/crypto/vkey.h"

void tx_conf_streams_begin(struct tx_stream streams[TX_STREAM_N], struct tx_conf_errors *errors) {
    char host[256] = "", *origin;

    if (gethostname(host, sizeof(host) - 1) < 0 ||
        !tx_key_name_valid((struct tx_text){host, strlen(host)}))
        strcpy(host, "localhost");
    if (asprintf(&origin, "%s/audit", host) < 0) {
        errors->failed = -ENOMEM;
        return;
    }
    streams[TX_STREAM_AUDIT].origin = origin;
    streams[TX_STREAM_AUDIT].origin_is_default = true;
}

void tx_conf_streams_named(struct tx_stream streams[TX_STREAM_N], const void *origin) {
    for (int i = 0; i < TX_STREAM_N; i++)
        if (origin == &streams[i].origin)
            streams[i].origin_is_default = false;
}

/* Beside that of the audit log: `audit` → `trace`, `<any>` → `<any>-trace`. */
static char *directory_beside(const char *of) {
    static const char audit[] = "/audit";
    size_t n = strlen(of), n_audit = sizeof(audit) - 1;
    char *path;

    while (n > 1 && of[n - 1] == '/')
        n--;
    bool is_audit = n > n_audit && strncmp(of + n - n_audit, audit, n_audit) == 0;
    int r = is_audit ? asprintf(&path, "%.*s/trace", (int)(n - n_audit), of)
                     : asprintf(&path, "%.*s-trace", (int)n, of);
    return r < 0 ? NULL : path;
}

static bool set_defaults(const struct tx_stream *audit, struct tx_stream *trace) {
    trace->on_disk_full = TX_DISK_DROP;
    if (!trace->log_dir)
        trace->log_dir = directory_beside(audit->log_dir);
    if (!trace->keys_dir)
        trace->keys_dir = directory_beside(audit->keys_dir);
    if (!trace->origin) {
        trace->origin = tx_stream_origin_beside(audit->origin, TX_STREAM_TRACE);
        trace->origin_is_default = true;
    }
    return trace->log_dir && trace->keys_dir && trace->origin;
}

/* Two ledgers in one directory would be one log with two writers. */
static void check(const struct tx_stream *audit, const struct tx_stream *trace,
                  struct tx_conf_place at, struct tx_conf_errors *errors) {
    if (strcmp(audit->log_dir, trace->log_dir) == 0)
        tx_conf_error(errors, at.line, at.column,
                      "log.dir and streams.trace.dir are one directory: %s", trace->log_dir);
    if (strcmp(audit->keys_dir, trace->keys_dir) == 0)
        tx_conf_error(errors, at.line, at.column,
                      "keys.dir and streams.trace.keys_dir are one directory: %s", trace->keys_dir);
    if (strcmp(audit->origin, trace->origin) == 0)
        tx_conf_error(errors, at.line, at.column,
                      "log.origin and streams.trace.origin are one name: %s", trace->origin);
    else if (strlen(trace->origin) > TX_LIMIT_ORIGIN_BYTES)
        tx_conf_error(errors, 0, 0,
                      "log.origin is so long that no name can be made of it for the log of trace "
                      "events: say streams.trace.origin");
}

void tx_conf_streams_complete(struct tx_stream streams[TX_STREAM_N], struct tx_conf_place at,
                              struct tx_conf_errors *errors) {
    const struct tx_stream *audit = &streams[TX_STREAM_AUDIT];
    struct tx_stream *trace = &streams[TX_STREAM_TRACE];

    if (!set_defaults(audit, trace))
        errors->failed = -ENOMEM;
    else
        check(audit, trace, at, errors);
}
