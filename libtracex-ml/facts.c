/* SPDX-License-Identifier: MIT */
/* What is in a run: parameters, metrics, data sets and models. */
#include <limits.h>
#include <stdlib.h>

#include "libtracex-ml/record.h"

int tx_param(struct tx_kv param) {
    struct tx_ml_record record;

    if (!param.name)
        return -EINVAL;
    tx_ml_record_begin(&record, "ml.param");
    tx_ml_record_text(&record, "ml.name", param.name);
    param.name = "ml.value";
    tx_ml_record_add(&record, param);
    return tx_ml_record_emit(&record);
}

int tx_metric(const char *name, double value, int64_t step) {
    struct tx_ml_record record;

    if (!name)
        return -EINVAL;
    tx_ml_record_begin(&record, "ml.metric");
    tx_ml_record_text(&record, "ml.name", name);
    tx_ml_record_add(&record, TX_F64("ml.value", value));
    tx_ml_record_add(&record, TX_I64("ml.step", step));
    return tx_ml_record_emit(&record);
}

/* --- files --- */

struct file {
    char absolute[PATH_MAX];
    struct tx_file_digest digest;
};

/* What is known of a file, or why it cannot be read. */
static int add_file(struct tx_ml_record *record, const char *path, struct file *file) {
    int saved_errno = errno;

    if (!path)
        return 0;
    tx_ml_record_text(record, "ml.path", realpath(path, file->absolute) ? file->absolute : path);
    errno = saved_errno;
    int r = tx_digest_file(path, &file->digest);
    if (r < 0) {
        record->event.outcome = TX_FAILURE;
        tx_ml_record_text(record, "error", strerrorname_np(-r));
        return r;
    }
    tx_ml_record_add(record, TX_U64("ml.bytes", file->digest.bytes));
    tx_ml_record_digest(record, "ml.sha256", file->digest.sha256);
    tx_ml_record_add(record, TX_U64("ml.chunk_bytes", file->digest.chunk_bytes));
    tx_ml_record_digest(record, "ml.chunks_root", file->digest.chunks_root);
    if (file->digest.is_changed)
        tx_ml_record_add(record, TX_BOOL("ml.changed", true));
    return 0;
}

int tx_dataset(const char *name, enum tx_dataset_role role, const char *path, int64_t rows,
               int64_t columns) {
    static const char *const roles[] = {"train", "validation", "test",
                                        "input", "output",     "reference"};
    struct tx_ml_record record;
    struct file file;

    if (!name || (unsigned)role > TX_DATASET_REFERENCE)
        return -EINVAL;
    tx_ml_record_begin(&record, "ml.dataset");
    tx_ml_record_text(&record, "ml.name", name);
    tx_ml_record_text(&record, "ml.role", roles[role]);
    tx_ml_record_count(&record, "ml.rows", rows);
    tx_ml_record_count(&record, "ml.columns", columns);
    int of_file = add_file(&record, path, &file);
    int r = tx_ml_record_emit(&record);
    return of_file < 0 ? of_file : r;
}

int tx_model(const char *name, const char *version, const char *path,
             struct tx_file_digest *ret_digest) {
    struct tx_ml_record record;
    struct file file;

    if (!name)
        return -EINVAL;
    tx_ml_record_begin(&record, "ml.model");
    tx_ml_record_text(&record, "ml.name", name);
    tx_ml_record_text(&record, "ml.version", version);
    int of_file = add_file(&record, path, &file);
    int r = tx_ml_record_emit(&record);
    if (path && of_file == 0 && ret_digest)
        *ret_digest = file.digest;
    return of_file < 0 ? of_file : r;
}
