/* SPDX-License-Identifier: MIT */
/* Destroying a subject's key. Who it is goes to the daemon and to nobody else. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "auditd/ipc/control-socket.h"
#include "auditd/ipc/vault.h"
#include "libtx/base/fd.h"
#include "libtx/crypto/secret.h"
#include "tools/ctl/daemon.h"

struct erase {
    char subject[TX_VAULT_PERSON_BYTES + 2]; /* wiped; one byte more than it may have, and a NUL */
    size_t n_subject;
    const char *reference;
};

/* Nobody shall read it in /proc/<pid>/cmdline longer than need be. */
static void take_argument(struct erase *erase, char *argument) {
    size_t n = strlen(argument);
    erase->n_subject = n < sizeof(erase->subject) ? n : sizeof(erase->subject) - 1;
    memcpy(erase->subject, argument, erase->n_subject);
    tx_wipe(argument, n);
}

/* A line, so that it stands on no command line at all. */
static int take_input(struct erase *erase) {
    int r = tx_fd_read_full(0, erase->subject, sizeof(erase->subject) - 1, &erase->n_subject);
    const char *end = memchr(erase->subject, '\n', erase->n_subject);
    if (r == 0 && end)
        erase->n_subject = (size_t)(end - erase->subject);
    return r;
}

static int parse_options(struct erase *erase, int argc, char **argv) {
    static const struct option names[] = {{"subject", required_argument, NULL, 's'},
                                          {"request", required_argument, NULL, 'r'},
                                          {NULL, 0, NULL, 0}};
    bool given = false;
    int option, r = 0;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'r')
            erase->reference = optarg;
        else if (option != 's')
            return -EINVAL;
        else if (strcmp(optarg, "-") == 0)
            r = take_input(erase);
        else
            take_argument(erase, optarg);
        given |= option == 's';
    }
    return r < 0 || !given || optind != argc ? -EINVAL : 0;
}

static enum tx_ctl_exit ask(const struct tx_ctl *ctl, const struct erase *erase) {
    char request[TX_CONTROL_SOCKET_REQUEST_BYTES], memory[4096];
    struct tx_buf b = tx_buf_of(request, sizeof(request)), a = tx_buf_of(memory, sizeof(memory));

    tx_buf_put(&b, "erase", 6); /* with its NUL */
    tx_buf_put(&b, erase->subject, erase->n_subject);
    tx_buf_char(&b, '\0');
    tx_buf_str(&b, erase->reference);
    if (b.full) {
        tx_ctl_say("the subject's id and the request's text are too long");
        return TX_CTL_FAILED;
    }
    json_t *answer = tx_ctl_ask(ctl, (struct tx_text){request, b.len}, &a);
    tx_wipe(request, sizeof(request));
    if (!answer)
        return TX_CTL_FAILED;
    const char *id = json_string_value(json_object_get(answer, "request"));
    const char *ref = json_string_value(json_object_get(answer, "ref"));
    const char *time = json_string_value(json_object_get(answer, "erased"));
    printf("erased %s\nrequest %s\nkey %s\n", time ? time : "", id ? id : "", ref ? ref : "");
    json_decref(answer);
    return TX_CTL_OK;
}

int tx_ctl_erase(const struct tx_ctl *ctl, int argc, char **argv) {
    struct erase erase = {.reference = ""};
    enum tx_ctl_exit status = TX_CTL_USAGE;

    if (parse_options(&erase, argc, argv) == 0) {
        if (memchr(erase.subject, '\0', erase.n_subject)) {
            tx_ctl_say("a subject's id has no NUL");
            status = TX_CTL_FAILED;
        } else {
            status = ask(ctl, &erase);
        }
    }
    tx_wipe(&erase, sizeof(erase));
    return (int)status;
}
