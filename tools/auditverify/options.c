/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "libtx/base/file.h"

#define KEY_FILE_BYTES (64u * 1024u)
#define THREADS_MAX 256u

static const char usage[] =
    "usage: tracex-auditverify [OPTIONS] PATH...\n"
    "Proves TraceX logs, or names what was changed in them.\n"
    "PATH is a log directory, or a segment (N.jsonl or N.jsonl.zst).\n"
    "\n"
    "  --identity VKEY|FILE   the log's identity key, as it was handed to you\n"
    "  --epoch0 VKEY|FILE     the key of its epoch 0, the same\n"
    "  --state FILE           remember the last verified checkpoint there, and notice\n"
    "                         a log that shrank or was rewritten since\n"
    "  --receipt FILE         is what these receipts were given for still there, as it was?\n"
    "                         one a line; - for standard input; repeatable\n"
    "  --upto-checkpoint      what no checkpoint covers yet is no finding\n"
    "  --whole                PATH is said to be all of the log: segments that are gone, and\n"
    "                         of which no tracex.pruned record tells, are tampering\n"
    "  --clients              does each client's numbering stand there without a gap that\n"
    "                         nothing declares? Reads the log once more\n"
    "  --accept-break E       the key of epoch E was lost, and you know why; repeatable\n"
    "  -j, --jobs N           threads; default: the processors that may be used\n"
    "  -o, --output FORMAT    text or json (one object a line for each PATH)\n"
    "      --progress WHEN    auto, always or never\n"
    "  -q, --quiet            print nothing; the exit code tells\n"
    "  -h, --help\n"
    "  -V, --version\n"
    "\n"
    "Exit codes: 0 proven, 1 tampered, 2 usage, 4 cannot decide (unreadable),\n"
    "5 intact but incomplete, 6 not to be trusted (wrong or unknown key, broken epoch);\n"
    "the gravest counts, in the order 1, 6, 4, 5.\n";

enum {
    OPTION_IDENTITY = 256,
    OPTION_EPOCH0,
    OPTION_STATE,
    OPTION_RECEIPT,
    OPTION_UPTO,
    OPTION_WHOLE,
    OPTION_CLIENTS,
    OPTION_BREAK,
    OPTION_PROGRESS
};

static const struct option longs[] = {
    {"identity", required_argument, NULL, OPTION_IDENTITY},
    {"epoch0", required_argument, NULL, OPTION_EPOCH0},
    {"state", required_argument, NULL, OPTION_STATE},
    {"receipt", required_argument, NULL, OPTION_RECEIPT},
    {"upto-checkpoint", no_argument, NULL, OPTION_UPTO},
    {"whole", no_argument, NULL, OPTION_WHOLE},
    {"clients", no_argument, NULL, OPTION_CLIENTS},
    {"accept-break", required_argument, NULL, OPTION_BREAK},
    {"jobs", required_argument, NULL, 'j'},
    {"output", required_argument, NULL, 'o'},
    {"progress", required_argument, NULL, OPTION_PROGRESS},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int complain(const char *what, const char *value) {
    fprintf(stderr, "tracex-auditverify: %s%s%s\n", what, value ? ": " : "", value ? value : "");
    return TX_OPTIONS_E_USAGE;
}

static struct tx_text text_of(const char *text) {
    return (struct tx_text){.p = text, .n = strlen(text)};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The first word of the text that is a key of that type. */
static int find_key(struct tx_hasher *hasher, struct tx_text text, uint8_t type,
                    struct tx_vkey *ret) {
    for (size_t i = 0; i < text.n;) {
        size_t n = 0;
        while (i + n < text.n && !is_space(text.p[i + n]))
            n++;
        if (n > 0 && tx_vkey_parse(hasher, (struct tx_text){text.p + i, n}, ret) == 0 &&
            ret->type == type)
            return 0;
        i += n + 1;
    }
    return -EBADMSG;
}

/* A key as it is, or the first one in a file. */
static int take_key(struct tx_hasher *hasher, const char *value, uint8_t type,
                    struct tx_vkey *ret) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    if (tx_vkey_parse(hasher, text_of(value), ret) == 0) {
        if (ret->type == type)
            return 0;
        return complain(type == TX_KEY_ED25519 ? "this is not an identity key (type 1)"
                                               : "this is not an epoch's key (type 4)",
                        value);
    }
    int r = tx_file_read_at(AT_FDCWD, value, KEY_FILE_BYTES, &file);
    if (r < 0)
        return complain("neither a key (NAME+ID+BASE64) nor a file that can be read", value);
    r = find_key(hasher, (struct tx_text){(const char *)file.data, file.len}, type, ret);
    return r < 0 ? complain("no key of the right type is in this file", value) : 0;
}

static int take_number(const char *name, const char *value, uint64_t max, uint64_t *ret) {
    char what[96];
    if (tx_dec_decode(text_of(value), ret) == 0 && *ret <= max)
        return 0;
    snprintf(what, sizeof(what), "%s wants a whole number of at most %llu", name,
             (unsigned long long)max);
    return complain(what, value);
}

static int take_word(const char *name, const char *value, const char *const *words, unsigned *ret) {
    char what[96];
    size_t n = (size_t)snprintf(what, sizeof(what), "%s is one of", name);
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *ret = i;
            return 0;
        }
        n += (size_t)snprintf(what + n, sizeof(what) - n, " %s", words[i]);
    }
    return complain(what, value);
}

static int take_break(struct tx_options *o, const char *value) {
    if (o->n_accepted_breaks == TX_ACCEPTED_BREAKS_MAX)
        return complain("too many --accept-break", NULL);
    int r =
        take_number("--accept-break", value, INT64_MAX, &o->accepted_breaks[o->n_accepted_breaks]);
    o->n_accepted_breaks += r == 0;
    return r;
}

static int take_receipt(struct tx_options *o, const char *value) {
    if (o->n_receipts == TX_RECEIPT_FILES_MAX)
        return complain("too many --receipt; one file may hold many receipts", NULL);
    o->receipts[o->n_receipts++] = value;
    return 0;
}

static int take_option(struct tx_options *o, struct tx_hasher *hasher, int option,
                       const char *value) {
    static const char *const outputs[] = {"text", "json", NULL};
    static const char *const modes[] = {"auto", "always", "never", NULL};
    uint64_t number = 0;
    unsigned word = 0;
    int r = 0;

    switch (option) {
    case OPTION_IDENTITY:
        o->has_identity = true;
        return take_key(hasher, value, TX_KEY_ED25519, &o->identity);
    case OPTION_EPOCH0:
        o->has_epoch0 = true;
        return take_key(hasher, value, TX_KEY_COSIGNATURE, &o->epoch0);
    case OPTION_STATE:
        o->state = value;
        return 0;
    case OPTION_RECEIPT:
        return take_receipt(o, value);
    case OPTION_UPTO:
        o->upto_checkpoint = true;
        return 0;
    case OPTION_WHOLE:
        o->whole = true;
        return 0;
    case OPTION_CLIENTS:
        o->clients = true;
        return 0;
    case OPTION_BREAK:
        return take_break(o, value);
    case OPTION_PROGRESS:
        r = take_word("--progress", value, modes, &word);
        o->progress = (enum tx_progress_mode)word;
        return r;
    case 'o':
        r = take_word("--output", value, outputs, &word);
        o->output = (enum tx_output)word;
        return r;
    case 'j':
        r = take_number("--jobs", value, THREADS_MAX, &number);
        if (r == 0 && number == 0)
            return complain("--jobs wants at least 1", NULL);
        o->n_threads = (unsigned)number;
        return r;
    case 'q':
        o->quiet = true;
        return 0;
    case 'h':
        fputs(usage, stdout);
        return TX_OPTIONS_E_DONE;
    case 'V':
        puts("tracex-auditverify " TX_VERSION);
        return TX_OPTIONS_E_DONE;
    default:
        fprintf(stderr, "%s", usage);
        return TX_OPTIONS_E_USAGE;
    }
}

static unsigned count_processors(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}

int tx_options_parse(int argc, char **argv, struct tx_hasher *hasher, struct tx_options *ret) {
    struct tx_options o = {.n_threads = count_processors()};
    int option;
    while ((option = getopt_long(argc, argv, "j:o:qhV", longs, NULL)) >= 0) {
        int r = take_option(&o, hasher, option, optarg);
        if (r != 0)
            return r;
    }
    o.n_paths = (size_t)(argc - optind);
    o.paths = argv + optind;
    if (o.n_paths == 0) {
        fprintf(stderr, "tracex-auditverify: which log? PATH is missing\n%s", usage);
        return TX_OPTIONS_E_USAGE;
    }
    if (o.state && o.n_paths > 1)
        return complain("--state remembers one log; give one PATH", NULL);
    if (o.n_receipts > 0 && o.n_paths > 1)
        return complain("receipts are of one log; give one PATH", NULL);
    if (o.has_epoch0 && o.has_identity &&
        strncmp(o.epoch0.name, o.identity.name, o.identity.n_name) != 0)
        return complain("--identity and --epoch0 are of different logs", NULL);
    *ret = o;
    return 0;
}
