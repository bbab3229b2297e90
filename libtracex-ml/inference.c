/* SPDX-License-Identifier: MIT */
/* What a model is used for, and what people decided on it. */
#include <openssl/evp.h>

#include "libtracex-ml/record.h"

#define SIZE_MOST 4096 /* no struct of ours will be so large; a size that was forgotten is */

/* A struct of an older program is as if it ended in zeros; of a newer one, what is not known must
 * be. */
static int read_sized(const struct tx_inference *from, struct tx_inference *ret) {
    static const struct tx_inference defaults = TX_INFERENCE_INIT;
    size_t n = from->size;

    if (n < sizeof(n) || n > SIZE_MOST)
        return n > SIZE_MOST ? -E2BIG : -EINVAL;
    for (size_t i = sizeof(*ret); i < n; i++)
        if (((const uint8_t *)from)[i] != 0)
            return -E2BIG;
    *ret = defaults;
    memcpy(ret, from, n < sizeof(*ret) ? n : sizeof(*ret));
    return 0;
}

static int add_hash(struct tx_ml_record *record, const char *name, const void *p, size_t n) {
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (!p)
        return n > 0 ? -EINVAL : 0;
    if (EVP_Digest(p, n, digest, NULL, EVP_sha256(), NULL) != 1)
        return -EIO;
    tx_ml_record_digest(record, name, digest);
    return 0;
}

static void add_fields(struct tx_ml_record *record, const struct tx_inference *inference) {
    const struct tx_kv *fields = inference->fields;

    for (size_t i = 0;
         fields && i < inference->n_fields && i < TX_ML_MORE_FIELDS && fields[i].type != TX_KV_END;
         i++)
        tx_ml_record_add(record, fields[i]);
}

static int fill(struct tx_ml_record *record, const struct tx_inference *inference) {
    tx_ml_record_text(record, "ml.model.name", inference->model);
    tx_ml_record_text(record, "ml.model.version", inference->version);
    tx_ml_record_digest(record, "ml.model.sha256", inference->model_sha256);
    int r = add_hash(record, "ml.input.sha256", inference->input, inference->n_input);
    if (r == 0)
        r = add_hash(record, "ml.output.sha256", inference->output, inference->n_output);
    tx_ml_record_count(record, "duration_ns", inference->duration_ns);
    if (inference->confidence >= 0)
        tx_ml_record_add(record, TX_F64("ml.confidence", inference->confidence));
    tx_ml_record_text(record, "ml.reference", inference->reference);
    if (inference->match != TX_MATCH_NONE_ASKED)
        tx_ml_record_add(record, TX_BOOL("ml.match", inference->match == TX_MATCH_YES));
    add_fields(record, inference);
    return r;
}

int tx_inference(const struct tx_inference *inference) {
    struct tx_inference known;
    struct tx_ml_record record;
    char id[TX_ML_ID_SIZE];

    int r = inference ? read_sized(inference, &known) : -EINVAL;
    if (r == 0)
        r = (unsigned)known.match > TX_MATCH_YES ? -EINVAL : tx_ml_id_make(id);
    if (r < 0)
        return r;
    tx_ml_record_begin(&record, "ml.inference");
    tx_ml_record_text(&record, "ml.inference.id", id);
    record.event.time_ns = known.time_ns;
    r = fill(&record, &known);
    if (r == 0)
        r = tx_ml_record_emit(&record);
    if (r == 0 && known.ret_id)
        memcpy(known.ret_id, id, sizeof(id));
    return r;
}

int tx_human_review(const char *inference_id, const char *reviewer, enum tx_decision decision,
                    const char *reason) {
    static const char *const names[] = {"accepted", "overridden", "stopped"};
    struct tx_ml_record record;

    if (!inference_id || !reviewer || (unsigned)decision > TX_REVIEW_STOPPED)
        return -EINVAL;
    tx_ml_record_begin(&record, "ml.review");
    tx_ml_record_text(&record, "ml.inference.id", inference_id);
    tx_ml_record_text(&record, "ml.reviewer", reviewer);
    tx_ml_record_text(&record, "ml.decision", names[decision]);
    tx_ml_record_text(&record, "ml.reason", reason);
    return tx_ml_record_emit(&record);
}
