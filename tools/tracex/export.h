/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_EXPORT_H
#define TX_TRACEX_EXPORT_H

/*
 * Records in the formats of others, one after the other, without keeping them.
 */

#include "libtx/base/buf.h"
#include "tools/tracex/item.h"
#include "tools/tracex/names.h"

/* What one record takes at most: a line, with each byte escaped, and what stands around it. */
#define TX_EXPORT_BYTES (8u * TX_LIMIT_LINE_BYTES + 65536u)

/* Chrome's trace event format (JSON object form), for Perfetto and chrome://tracing. */
struct tx_chrome {
    struct tx_names processes; /* that have been named */
    bool any;
    int64_t base; /* ns since 1970 that the file's times are counted from */
};

void tx_chrome_begin(struct tx_buf *b);
/* -ENOMEM. */
TX_MUST_USE int tx_chrome_put(struct tx_chrome *chrome, const struct tx_item *item,
                              struct tx_buf *b);
void tx_chrome_end(const struct tx_chrome *chrome, struct tx_buf *b);
void tx_chrome_deinit(struct tx_chrome *chrome);

/* OTLP as JSON, a request of ExportTraceServiceRequest's or ExportLogsServiceRequest's form a line
 * (opentelemetry-proto 1.5; the collector's otlpjsonfile receiver reads it). Spans and functions
 * are spans, all else log records that name the span they happened in. */
struct tx_otlp {
    unsigned n_open;  /* in the line that is not ended yet */
    bool open_spans;  /* what it holds */
    uint64_t pid;     /* whose they are */
    uint8_t comm[16]; /* the same */
    size_t n_comm;
};

void tx_otlp_put(struct tx_otlp *otlp, const struct tx_item *item, struct tx_buf *b);
void tx_otlp_end(struct tx_otlp *otlp, struct tx_buf *b);

#endif
