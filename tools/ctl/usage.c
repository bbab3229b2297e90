/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/ctl/ctl.h"

/* The commands' lines begin with two spaces and a letter; what belongs to them is further in. */
static const char usage_text[] =
    "usage: tracexctl [-c FILE | -D LOGDIR] COMMAND [ARGUMENT...]\n"
    "\n"
    "  status [-o text|json]        how the daemon does, and what its sandboxes enforce\n"
    "  log [-f] [-n N] [-S TIME] [-U TIME] [-o short|json] [FIELD=VALUE...]\n"
    "                               the last N records (10); -f goes on as they come; TIME is\n"
    "                               2026-11-23T17:00:00Z, -15min, -2h, -1d, today or now;\n"
    "                               FIELD is event, outcome, uid, … or a name within data\n"
    "  keys export                  identity and epoch 0 public keys, one a line, for the auditor\n"
    "  config check                 every error of the configuration\n"
    "  reload [--allow-weaker]      takes over changed masking rules; what masks less than before\n"
    "                               only when allowed, and that is recorded\n"
    "  erase --subject ID|- [--request TEXT]\n"
    "                               destroys the key of what was encrypted for that subject; -: "
    "the id\n"
    "                               is a line of standard input; TEXT is a ticket's number, for "
    "the log\n"
    "  reveal --seq N --field F [--reason TEXT]\n"
    "                               what is encrypted in field F of record N, or in a member of "
    "it\n"
    "                               (order/customer/email); the log gets a record of it\n"
    "  mask test [--format text|json] [--packs all|NAME,...] [--context words|assume] [VALUE'S]\n"
    "                               standard input, a text a line, as the rules would write it:\n"
    "                               those of -c FILE, or the built-in set\n"
    "  mask explain --value TEXT|- [--format text|json] [--show] [VALUE'S]\n"
    "                               why a value is masked, or is not; -: it is on standard input\n"
    "      VALUE'S: [--event NAME] [--field NAME] [--type string|int|float|bool|bytes|json]\n"
    "               [--label pii|secret] [--sender uid=N,gid=N,unit=NAME,exe=PATH,comm=NAME]\n"
    "  mask lint [--strict]         what is valid in the masking of the configuration and looks "
    "wrong\n"
    "  mask diff OLD NEW [--corpus FILE] [--fail-on-weaker]\n"
    "                               what the masking of another configuration changes\n"
    "  mask bench [--format text|json] [FILE]\n"
    "                               what masking costs a record, of FILE's lines or built-in ones\n"
    "  mask list [--format text|json]\n"
    "                               the detectors, their packs, whether they need a word near,\n"
    "                               and what they find; with -c FILE its own, too\n"
    "  mask preset list | show NAME the presets and packs, and what is in one\n"
    "\n"
    "  -c FILE    configuration, default /etc/tracex.yaml\n"
    "  -D LOGDIR  a log directory, for log and keys, which then read no configuration, and for "
    "reveal\n"
    "\n"
    "Exit status: 0 done; 1 it could not be done, and standard error says why; 2 usage.\n";

static bool is_command(const char *line) {
    return line[0] == ' ' && line[1] == ' ' && line[2] >= 'a' && line[2] <= 'z';
}

/* Whether the line's words begin with these. */
static bool begins_with(const char *line, const char *word, const char *second) {
    const char *p = line + 2;
    size_t n = strlen(word);

    if (strncmp(p, word, n) != 0 || p[n] != ' ')
        return false;
    p += n + 1;
    n = second ? strlen(second) : 0;
    return !second || (n > 0 && strncmp(p, second, n) == 0 && p[n] == ' ');
}

static size_t put_commands(const char *word, const char *second, FILE *to) {
    size_t n_found = 0;
    bool is_wanted = false;

    for (const char *line = usage_text, *end; (end = strchr(line, '\n')); line = end + 1) {
        if (is_command(line))
            is_wanted = begins_with(line, word, second);
        else if (line == end)
            is_wanted = false;
        n_found += is_wanted && is_command(line);
        if (is_wanted)
            fwrite(line, 1, (size_t)(end - line) + 1, to);
    }
    return n_found;
}

void tx_ctl_usage(FILE *to) {
    fputs(usage_text, to);
}

void tx_ctl_usage_of(char *const *words, FILE *to) {
    fputs("usage: tracexctl [-c FILE | -D LOGDIR] COMMAND [ARGUMENT...]; of this command:\n\n", to);
    if (put_commands(words[0], words[1] ? words[1] : "", to) == 0)
        put_commands(words[0], NULL, to);
    fputs("\ntracexctl --help tells all of them.\n", to);
}
