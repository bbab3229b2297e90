/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_ML_H
#define TRACEX_ML_H

/*
 * What an ML pipeline or an AI system did: runs, their stages, parameters and metrics, the data
 * sets and models with the digest of their whole content, inferences, and what people decided on
 * them. Link with `pkg-config --libs tracex-ml`; docs/ml.md says which event serves which paragraph
 * of the EU's AI Act.
 *
 *     struct tx_run run = TX_RUN_INIT;
 *     tx_run_begin(&run, "credit-score");
 *     tx_param(TX_KV("rate", 0.1));
 *     tx_dataset("applications", TX_DATASET_TRAIN, "train.parquet", 120000, 17);
 *     tx_metric("auc", 0.91, 3);
 *     tx_run_end(&run, TX_RUN_FINISHED);
 *
 * Each call is one audit record (tx_audit_emit), with the ids of the thread's run, stage, trace and
 * span. Every function returns 0 or -errno, keeps errno and never ends the program; what
 * tx_audit_emit() returns, these do too.
 */

#include <tracex/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- runs and stages --- */

/* Of the caller; they must not move while they are open. `size` as for struct tx_span. */
struct tx_run {
    size_t size;
    uint64_t opaque_[223];
};

struct tx_stage {
    size_t size;
    uint64_t opaque_[223];
};

#define TX_RUN_INIT                                                                                \
    {                                                                                              \
        sizeof(struct tx_run), {                                                                   \
            0                                                                                      \
        }                                                                                          \
    }
#define TX_STAGE_INIT                                                                              \
    {                                                                                              \
        sizeof(struct tx_stage), {                                                                 \
            0                                                                                      \
        }                                                                                          \
    }

#define TX_ML_ID_SIZE 37 /* a UUID and its NUL */

enum tx_run_status { TX_RUN_FINISHED, TX_RUN_FAILED, TX_RUN_KILLED };

/* From here to its end it is this thread's run, and its span what the thread works in. */
TX_PUBLIC_ int tx_run_begin(struct tx_run *run, const char *name);
/* -EALREADY: it has ended, or was never begun. */
TX_PUBLIC_ int tx_run_end(struct tx_run *run, enum tx_run_status status);
/* Makes it the run of another thread, which works in its span from then on. NULL: none. -EALREADY.
 */
TX_PUBLIC_ int tx_run_attach(struct tx_run *run);
/* -EALREADY. */
TX_PUBLIC_ int tx_run_id(const struct tx_run *run, char ret_id[TX_ML_ID_SIZE]);

/* A part of the thread's run. Rows and columns that nobody knows are -1. */
TX_PUBLIC_ int tx_stage_begin(struct tx_stage *stage, const char *name, int64_t rows_in,
                              int64_t columns_in);
TX_PUBLIC_ int tx_stage_end(struct tx_stage *stage, int64_t rows_out, int64_t columns_out);

/* --- what is in them --- */

/* By any field: TX_KV("depth", 7), TX_STR("loss", "log"). */
TX_PUBLIC_ int tx_param(struct tx_kv param);
TX_PUBLIC_ int tx_metric(const char *name, double value, int64_t step);

enum tx_dataset_role {
    TX_DATASET_TRAIN,
    TX_DATASET_VALIDATION,
    TX_DATASET_TEST,
    TX_DATASET_INPUT,
    TX_DATASET_OUTPUT,
    TX_DATASET_REFERENCE /* what input is compared with */
};

/* The digests of a file's whole content. */
struct tx_file_digest {
    uint8_t sha256[32];
    uint8_t chunks_root[32]; /* of the RFC 6962 tree over chunks of chunk_bytes bytes */
    uint64_t chunk_bytes;
    uint64_t bytes;
    int is_changed; /* 1: it changed while it was read; the digests are of what was read */
};

/* What open(2) and read(2) say; -EISDIR, -EINVAL: it is no regular file. */
TX_PUBLIC_ int tx_digest_file(const char *path, struct tx_file_digest *ret_digest);

/* Reads the file (NULL: there is none to read) and records it. When it cannot be read, the record
 * says so, and the error is returned. Unknown rows and columns are -1. */
TX_PUBLIC_ int tx_dataset(const char *name, enum tx_dataset_role role, const char *path,
                          int64_t rows, int64_t columns);
/* ret_digest may be NULL. */
TX_PUBLIC_ int tx_model(const char *name, const char *version, const char *path,
                        struct tx_file_digest *ret_digest);

/* --- what it is used for --- */

enum tx_match { TX_MATCH_NONE_ASKED, TX_MATCH_NO, TX_MATCH_YES };

/* What is not known is 0 or NULL. Of input and output the record has their SHA-256 alone; whoever
 * needs them in the log names them in `fields`. */
struct tx_inference {
    size_t size; /* sizeof(struct tx_inference) */
    const char *model;
    const char *version;
    const uint8_t *model_sha256; /* 32 bytes */
    const void *input;
    size_t n_input;
    const void *output;
    size_t n_output;
    int64_t time_ns;       /* when it began, ns since 1970; 0: now */
    int64_t duration_ns;   /* -1: unknown */
    double confidence;     /* NaN, or below 0: unknown */
    const char *reference; /* the data set that the input was compared with */
    enum tx_match match;   /* whether it led to a match there */
    const struct tx_kv *fields;
    size_t n_fields; /* at most 64, or fewer up to a TX_KV_END */
    char *ret_id;    /* TX_ML_ID_SIZE bytes: for tx_human_review(); or NULL */
};

#define TX_INFERENCE_INIT                                                                          \
    {                                                                                              \
        sizeof(struct tx_inference), NULL, NULL, NULL, NULL, 0, NULL, 0, 0, -1, -1.0, NULL,        \
            TX_MATCH_NONE_ASKED, NULL, 0, NULL                                                     \
    }

/* In C++ the function hides the struct's constructor, as with stat(2); that is meant. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
TX_PUBLIC_ int tx_inference(const struct tx_inference *inference);
#pragma GCC diagnostic pop

enum tx_decision { TX_REVIEW_ACCEPTED, TX_REVIEW_OVERRIDDEN, TX_REVIEW_STOPPED };

/* What a person decided on an inference. One call for each person. reason: or NULL. */
TX_PUBLIC_ int tx_human_review(const char *inference_id, const char *reviewer,
                               enum tx_decision decision, const char *reason);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
