/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_SIGNER_RIG_H
#define TX_TEST_SIGNER_RIG_H

#include "libtx/base/file.h"
#include "tests/unit/signer-model.h"
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* The signer in process, and a ledger that says what a taken-over one would. */

static char directory[64];
static struct tx_signer_options options;
static struct tx_signer *signer;
static struct model model;
static struct tx_vkey identity, epoch0;
static char why[TX_SIGNER_WHY_BYTES];

static inline void start(void) {
    ck_assert_int_eq(tx_signer_start(&options, &signer, why), 0);
    model.signer = signer;
}

static inline void restart(void) {
    tx_signer_free(signer);
    start();
}

static inline int start_result(void) {
    struct tx_signer *refused = NULL;
    why[0] = '\0';
    return tx_signer_start(&options, &refused, why);
}

static inline void setup(void) {
    strcpy(directory, "/tmp/tx-signer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    options = (struct tx_signer_options){
        .dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .origin = TX_TEXT(MODEL_ORIGIN),
        .limits = {.ns = INT64_C(900000000000), .records = 1000},
        .directory = directory,
        .config_name = "/etc/tracex.yaml",
    };
    model_init(&model);
    start();
    identity = signer->state.identity;
    epoch0 = signer->state.epoch0;
}

static inline void remove_files(void) {
    for (int epoch = 0; epoch < 20; epoch++) {
        char name[64];
        snprintf(name, sizeof(name), "epoch-%d.key", epoch);
        unlinkat(options.dirfd, name, 0);
    }
    unlinkat(options.dirfd, "identity.key", 0);
    unlinkat(options.dirfd, "signer.state", 0);
    unlinkat(options.dirfd, "saved.state", 0);
}

static inline void teardown(void) {
    tx_signer_free(signer);
    model_deinit(&model);
    remove_files();
    close(options.dirfd);
    ck_assert_int_eq(rmdir(directory), 0);
}

static inline bool exists(const char *name) {
    return faccessat(options.dirfd, name, F_OK, 0) == 0;
}

static inline struct tx_notary_state hello(void) {
    static struct tx_notary_reply reply;
    const struct tx_notary_request request = {.type = TX_NOTARY_HELLO};
    ck_assert_int_eq(model_ask(&model, &request, &reply), 0);
    ck_assert_int_eq(reply.type, TX_NOTARY_STATE);
    return reply.state;
}

/* The error that a request gets; the state is as before. */
static inline int error_of(const struct tx_notary_request *request) {
    static struct tx_state before;
    struct tx_notary_reply reply;
    before = signer->state;
    ck_assert_int_eq(model_ask(&model, request, &reply), 0);
    if (reply.type != TX_NOTARY_ERROR)
        return 0;
    ck_assert_mem_eq(&before, &signer->state, sizeof(before));
    return (int)reply.error;
}

#endif
