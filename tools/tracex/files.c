/* SPDX-License-Identifier: MIT */
#include "tools/tracex/files.h"

static void add_summary(struct tx_file_sum *sum, const struct tx_item *item) {
    sum->opens += tx_item_number(item, "file.opens");
    sum->reads += tx_item_number(item, "file.reads");
    sum->read_bytes += tx_item_number(item, "file.read_bytes");
    sum->writes += tx_item_number(item, "file.writes");
    sum->written_bytes += tx_item_number(item, "file.written_bytes");
    sum->ns += tx_item_number(item, "file.io_ns");
}

static void add_operation(struct tx_file_sum *sum, const struct tx_item *item) {
    uint64_t bytes = tx_item_number(item, "file.bytes");

    sum->ns += item->duration;
    if (tx_item_is(item, "file.open")) {
        sum->opens++;
    } else if (tx_item_is(item, "file.read")) {
        sum->reads++;
        sum->read_bytes += bytes;
    } else if (tx_item_is(item, "file.write")) {
        sum->writes++;
        sum->written_bytes += bytes;
    }
}

static int note_digest(struct tx_files *files, struct tx_file *file, const struct tx_item *item) {
    struct tx_text digest = tx_item_text(item, "file.written.sha256");
    if (!digest.p)
        digest = tx_item_text(item, "file.read.sha256");
    if (!digest.p)
        return 0;
    file->has_digest = true;
    return tx_names_add(&files->digests, digest, &file->digest);
}

int tx_files_add(struct tx_files *files, const struct tx_item *item) {
    struct tx_text path = tx_item_text(item, "file.path");
    uint32_t number;

    if (item->kind != TX_ITEM_FILE || !path.p)
        return 0;
    int r = tx_names_add(&files->paths, path, &number);
    if (r == 0)
        r = tx_names_make_room(&files->items, &files->cap, sizeof(*files->items), number);
    if (r < 0)
        return r;
    struct tx_file *file = &files->items[number];
    bool is_summary = tx_item_is(item, "file.io");
    struct tx_file_sum *sum = is_summary ? &file->summary : &file->operations;
    sum->count++;
    sum->failed += item->failed;
    if (!is_summary) {
        add_operation(sum, item);
        return 0;
    }
    add_summary(sum, item);
    return note_digest(files, file, item);
}

const struct tx_file_sum *tx_file_sum_of(const struct tx_file *file) {
    return file->summary.count > 0 ? &file->summary : &file->operations;
}

void tx_files_deinit(struct tx_files *files) {
    tx_names_deinit(&files->paths);
    tx_names_deinit(&files->digests);
    free(files->items);
}
