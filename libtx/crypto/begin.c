/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/begin.h"

#include <openssl/evp.h>

int tx_crypto_begin(void) {
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    int r = md && cipher ? 0 : -ENOTSUP;

    EVP_MD_free(md);
    EVP_CIPHER_free(cipher);
    return r;
}
