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

/* The character at p, of n bytes, does something to a terminal: controls, also C1 (U+0080 to
 * U+009F), and those that turn text around (U+202A to U+202E, U+2066 to U+2069). */
static bool is_active(const char *p, size_t n) {
    unsigned char c = (unsigned char)p[0];
    if (n == 1)
        return c < 0x20 || c == 0x7f;
    if (n == 2)
        return c == 0xc2 && (unsigned char)p[1] < 0xa0;
    return n == 3 && ((memcmp(p, "\xe2\x80\xaa", 3) >= 0 && memcmp(p, "\xe2\x80\xae", 3) <= 0) ||
                      (memcmp(p, "\xe2\x81\xa6", 3) >= 0 && memcmp(p, "\xe2\x81\xa9", 3) <= 0));
}

void tx_ctl_put_json(struct tx_text line) {
    for (size_t i = 0; i < line.n;) {
        const unsigned char *p = (const unsigned char *)line.p + i;
        size_t n = tx_utf8_char(line.p + i, line.n - i);
        if (n > 0 && is_active(line.p + i, n))
            printf("\\u%04x", n == 1 ? p[0]
                              : n == 2
                                  ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                                  : (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu));
        else
            fwrite(line.p + i, 1, n ? n : 1, stdout);
        i += n ? n : 1;
    }
}

void tx_ctl_put_safe(struct tx_text text) {
    for (size_t i = 0; i < text.n;) {
        size_t n = tx_utf8_char(text.p + i, text.n - i);
        if (n == 0 || is_active(text.p + i, n))
            for (size_t k = 0; k < (n ? n : 1); k++)
                printf("\\x%02x", (unsigned char)text.p[i + k]);
        else
            fwrite(text.p + i, 1, n, stdout);
        i += n ? n : 1;
    }
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
