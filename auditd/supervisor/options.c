/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/options.h"

#include <getopt.h>
#include <stdio.h>

#define DEFAULT_CONFIG "/etc/tracex.yaml"

static const char usage[] = "usage: tracex-auditd [-c FILE] [-t | -T | --new-log]\n"
                            "\n"
                            "  -c, --config FILE  the configuration (default " DEFAULT_CONFIG ")\n"
                            "  -t, --test         check the configuration and exit: 0 good, 1 bad\n"
                            "  -T, --show         print the effective configuration and exit\n"
                            "      --new-log      set the present log and its keys aside, begin a "
                            "new log that names the old\n"
                            "                     one, and run; --new-log=trace: the log of trace "
                            "events\n"
                            "      --help\n"
                            "      --version\n";

void tx_options_print_help(void) {
    fputs("The audit daemon of TraceX. It runs in the foreground; SIGTERM drains and ends it, "
          "SIGHUP\n"
          "reads the masking rules again.\n\n",
          stdout);
    fputs(usage, stdout);
}

int tx_options_read(int argc, char **argv, struct tx_options *ret) {
    enum { NEW_LOG = 256, HELP, VERSION };
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"show", no_argument, NULL, 'T'},
        {"new-log", optional_argument, NULL, NEW_LOG},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {NULL, 0, NULL, 0},
    };
    struct tx_options options = {.task = TX_TASK_RUN, .config = DEFAULT_CONFIG};
    int option;

    optind = 0; /* begins anew, also when it is called again */
    while ((option = getopt_long(argc, argv, "c:tT", names, NULL)) >= 0) {
        if (option == 'c')
            options.config = optarg;
        else if (option == 't')
            options.task = TX_TASK_CHECK;
        else if (option == 'T')
            options.task = TX_TASK_SHOW;
        else if (option == NEW_LOG &&
                 (!optarg || tx_stream_named(optarg, &options.new_log_of) == 0))
            options.new_log = true;
        else if (option == HELP)
            options.task = TX_TASK_HELP;
        else if (option == VERSION)
            options.task = TX_TASK_VERSION;
        else {
            fputs(usage, stderr);
            return -EINVAL;
        }
    }
    if (optind < argc || (options.new_log && options.task != TX_TASK_RUN)) {
        if (optind < argc)
            fprintf(stderr, "tracex-auditd: unexpected argument \"%s\"\n", argv[optind]);
        else
            fputs("tracex-auditd: --new-log runs the daemon; it does not go with -t or -T\n",
                  stderr);
        fputs(usage, stderr);
        return -EINVAL;
    }
    *ret = options;
    return 0;
}
