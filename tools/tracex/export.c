/* SPDX-License-Identifier: MIT */
#include "tools/tracex/export.h"

#include <stdio.h>

#include "tools/tracex/tracex.h"

struct export {
    enum tx_format format;
    struct tx_chrome chrome;
    struct tx_otlp otlp;
    struct tx_buf b;
};

static int put_out(struct export *export) {
    if (export->b.full)
        return -E2BIG;
    if (fwrite(export->b.data, 1, export->b.len, stdout) != export->b.len)
        return -EIO;
    export->b.len = 0;
    return 0;
}

static int take(void *data, const struct tx_read *record, struct tx_text line) {
    struct export *export = data;
    struct tx_item item;
    int r = 0;

    (void)line;
    if (tx_item_read(record, &item) != 0)
        return 0;
    if (export->format == TX_FORMAT_CHROME)
        r = tx_chrome_put(&export->chrome, &item, &export->b);
    else
        tx_otlp_put(&export->otlp, &item, &export->b);
    return r < 0 ? r : put_out(export);
}

int tx_tracex_export(const struct tx_options *options) {
    struct export export = {.format = options->format};
    struct tx_source_counts counts;

    if (options->format == TX_FORMAT_NONE) {
        tx_tracex_say("export wants --format chrome, folded or otlp");
        return TX_TRACEX_USAGE;
    }
    if (options->format == TX_FORMAT_FOLDED)
        return tx_tracex_flame(options);
    _cleanup_(tx_freep) void *memory = malloc(TX_EXPORT_BYTES);
    if (!memory) {
        tx_tracex_say("no memory is left");
        return TX_TRACEX_FAILED;
    }
    export.b = tx_buf_of(memory, TX_EXPORT_BYTES);
    if (options->format == TX_FORMAT_CHROME)
        tx_chrome_begin(&export.b);
    int status = tx_tracex_read(options, take, &export, &counts);
    if (options->format == TX_FORMAT_CHROME)
        tx_chrome_end(&export.chrome, &export.b);
    else
        tx_otlp_end(&export.otlp, &export.b);
    if (put_out(&export) < 0)
        status = TX_TRACEX_FAILED;
    tx_chrome_deinit(&export.chrome);
    return status;
}
