/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_FILES_H
#define TX_TRACEX_FILES_H

/*
 * What was read from and written to each file, by its path. A program that sums up its files itself
 * (`file.io`) is taken at its word; what else is known is the sum of the single operations.
 */

#include "tools/tracex/item.h"
#include "tools/tracex/names.h"

struct tx_file_sum {
    uint64_t count; /* records it is made of */
    uint64_t opens;
    uint64_t reads;
    uint64_t read_bytes;
    uint64_t writes;
    uint64_t written_bytes;
    uint64_t ns;
    uint64_t failed;
};

struct tx_file {
    struct tx_file_sum summary;
    struct tx_file_sum operations;
    bool has_digest;
    uint32_t
        digest; /* in `digests`: of what was written, else of what was read, the latest known */
};

struct tx_files {
    struct tx_names paths;
    struct tx_names digests;
    struct tx_file *items; /* owned; one for each path */
    size_t cap;
};

/* Takes records of `file.*` and passes by all others. -ENOMEM. */
TX_MUST_USE int tx_files_add(struct tx_files *files, const struct tx_item *item);
/* The one of its sums that counts. */
const struct tx_file_sum *tx_file_sum_of(const struct tx_file *file);
void tx_files_deinit(struct tx_files *files);

#endif
