/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/conf/conf.h"
#include "libtx/conf/errors.h"

static int refuse_file(const char *path, struct tx_bytes *errors, const char *why) {
    struct tx_conf_errors e = {.name = path, .to = errors};
    tx_conf_error(&e, 0, 0, "%s", why);
    return e.failed ? e.failed : TX_CONF_E_INVALID;
}

int tx_conf_load(const char *path, struct tx_bytes *errors, struct tx_bytes *ret_text,
                 struct tx_conf **ret) {
    _cleanup_(tx_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_(tx_bytes_deinit) struct tx_bytes text = TX_BYTES_INIT;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return refuse_file(path, errors, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse_file(path, errors, "this is not a regular file");
    if (st.st_uid == 0 && st.st_mode & (S_IWGRP | S_IWOTH))
        return refuse_file(path, errors,
                           "others than root may write this file: run chmod go-w on it");
    int r = tx_file_read_fd(fd, TX_LIMIT_CONFIG_BYTES, &text);
    if (r == -EFBIG)
        return refuse_file(path, errors, "a configuration has at most 1 MiB");
    if (r < 0)
        return refuse_file(path, errors, strerror(-r));
    r = tx_conf_parse(path, (struct tx_text){(char *)text.data, text.len}, errors, ret);
    if ((r == 0 || r == TX_CONF_E_MASKING) && ret_text) {
        *ret_text = text;
        text = TX_BYTES_INIT;
    }
    return r;
}
