/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "libtx/base/fd.h"
#include "libtx/base/file.h"
#include "libtx/segment/control.h"
#include "tools/ctl/mask.h"
#include "tools/shared/terminal.h"

#define FILE_BYTES (2u * TX_LIMIT_NOTE_BYTES)

static void put_vkey(const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(vkey, &b);
    tx_terminal_put((struct tx_text){memory, b.len});
    puts("");
}

static int parse(struct tx_hasher *hasher, int fd, struct tx_bytes *file, struct tx_buf *scratch,
                 struct tx_control_log *ret) {
    int r = tx_file_read_at(fd, "log.json", FILE_BYTES, file);
    if (r < 0)
        return r;
    if (file->len == 0 || file->data[file->len - 1] != '\n')
        return -EBADMSG;
    return tx_control_parse_log(hasher, (struct tx_text){(char *)file->data, file->len - 1},
                                scratch, ret);
}

static int export(const struct tx_ctl *ctl) {
    _cleanup_(tx_hasher_freep) struct tx_hasher *hasher = NULL;
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    static char memory[FILE_BYTES];
    struct tx_buf scratch = tx_buf_of(memory, sizeof(memory));
    struct tx_control_log log;

    _cleanup_(tx_fd_closep) int fd = tx_ctl_open_log(ctl);
    if (fd < 0)
        return TX_CTL_FAILED;
    int r = tx_hasher_new(&hasher);
    if (r == 0)
        r = parse(hasher, fd, &file, &scratch, &log);
    if (r < 0) {
        tx_ctl_say("cannot read the keys from log.json: %s", strerror(-r));
        return TX_CTL_FAILED;
    }
    put_vkey(&log.identity);
    put_vkey(&log.epoch0);
    return TX_CTL_OK;
}

int tx_ctl_keys(const struct tx_ctl *ctl, int argc, char **argv) {
    return argc == 2 && strcmp(argv[1], "export") == 0 ? export(ctl) : TX_CTL_USAGE;
}

/* The file alone: keys are zeros, and need not be there. */
int tx_ctl_config(const struct tx_ctl *ctl, int argc, char **argv) {
    struct tx_ctl_policy policy;

    if (argc != 2 || strcmp(argv[1], "check") != 0)
        return TX_CTL_USAGE;
    struct tx_conf *conf = tx_ctl_load(ctl);
    if (!conf || tx_ctl_policy_make(conf, &policy) != TX_CTL_OK)
        return TX_CTL_FAILED;
    int status = tx_ctl_policy_try(ctl, &policy);
    if (status == TX_CTL_OK)
        printf("%s is valid\n", ctl->config_path);
    tx_ctl_policy_deinit(&policy);
    return status;
}
