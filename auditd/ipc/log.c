/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static const char *process_name = "tracex-auditd";
static bool with_level;

void tx_log_open(const char *process) {
    process_name = process;
    with_level = getenv("JOURNAL_STREAM") != NULL;
}

void tx_log(int level, const char *format, ...) {
    char line[2048];
    int saved = errno;
    int n = with_level ? snprintf(line, sizeof(line), "<%d>%s: ", level, process_name)
                       : snprintf(line, sizeof(line), "%s: ", process_name);
    va_list args;

    va_start(args, format);
    int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
    va_end(args);
    size_t length = (size_t)n + (m < 0 ? 0 : (size_t)m);
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    /* One write, so that lines of several processes do not mix; there is nobody to tell of a
     * failure. */
    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored;
    errno = saved;
}
