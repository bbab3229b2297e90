/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/ctl/ctl.h"

static const struct {
    const char *name;
    int (*run)(const struct tx_ctl *ctl, int argc, char **argv);
} commands[] = {
    {"status", tx_ctl_status}, {"log", tx_ctl_log},       {"keys", tx_ctl_keys},
    {"config", tx_ctl_config}, {"reload", tx_ctl_reload}, {"mask", tx_ctl_mask},
    {"erase", tx_ctl_erase},   {"reveal", tx_ctl_reveal},
};

void tx_ctl_say(const char *format, ...) {
    va_list args;
    fputs("tracexctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

struct tx_conf *tx_ctl_load(const struct tx_ctl *ctl) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    int r = tx_conf_load(ctl->config_path, &errors, NULL, &conf);
    if (r == 0)
        return TX_STEAL(conf);
    fwrite(errors.data, 1, errors.len, stderr);
    if (r < 0)
        tx_ctl_say("cannot read %s: %s", ctl->config_path, strerror(-r));
    return NULL;
}

int tx_ctl_open_log(const struct tx_ctl *ctl) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = NULL;
    const char *path = ctl->log_dir;

    if (!path) {
        conf = tx_ctl_load(ctl);
        if (!conf)
            return -1;
        path = conf->streams[TX_STREAM_AUDIT].log_dir;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        tx_ctl_say("cannot open the log directory %s: %s%s", path, strerror(errno),
                   errno == ENOENT    ? " (has the daemon run yet? -D names another one)"
                   : errno == EACCES  ? " (run it as root or as the daemon's user)"
                   : errno == ENOTDIR ? " (-D wants the directory, not a file)"
                                      : "");
    return fd;
}

static int usage(void) {
    tx_ctl_usage(stderr);
    return TX_CTL_USAGE;
}

int main(int argc, char **argv) {
    struct tx_ctl ctl = {.config_path = "/etc/tracex.yaml"};
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
    int option;

    setlocale(LC_CTYPE, "");
    while ((option = getopt_long(argc, argv, "+c:D:h", options, NULL)) != -1) {
        if (option == 'c')
            ctl.config_path = optarg, ctl.config_given = true;
        else if (option == 'D')
            ctl.log_dir = optarg;
        else if (option == 'V')
            return puts("tracexctl " TX_VERSION) < 0;
        else if (option == 'h')
            return tx_ctl_usage(stdout), ferror(stdout);
        else
            return usage();
    }
    if (optind == argc)
        return usage();
    for (size_t i = 0; i < TX_COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, argv[optind]) == 0) {
            int first = optind;
            optind = 0; /* getopt begins anew, with the command's own words */
            int status = commands[i].run(&ctl, argc - first, argv + first);
            if (status == TX_CTL_USAGE) {
                tx_ctl_usage_of(argv + first, stderr);
                return TX_CTL_USAGE;
            }
            if (fflush(stdout) != 0) {
                tx_ctl_say("cannot write: %s", strerror(errno));
                return TX_CTL_FAILED;
            }
            return status;
        }
    tx_ctl_say("there is no command '%s'", argv[optind]);
    return usage();
}
