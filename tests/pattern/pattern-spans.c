/* SPDX-License-Identifier: MIT */
/*
 * Runs patterns on texts for test_differential.py. Lines of standard input:
 *   P FLAGS HEX    compiles a pattern; flags i, w, v (whole value), c (capture), - for none
 *   T HEX          finds all its matches in a text
 * A line for each: "ok" or "refused AT REASON"; "START-END ..." of the matches.
 */
#include <stdio.h>
#include <string.h>

#include "libtx/pattern/pattern.h"

#define LINE_BYTES (1u << 20)

static size_t unhex(const char *hex, char *ret) {
    size_t n = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        ret[n++] = (char)byte;
    return n;
}

static bool print_span(void *userdata, size_t start, size_t end) {
    (void)userdata;
    printf("%zu-%zu ", start, end);
    return true;
}

static void compile(const char *flags, struct tx_text text, struct tx_pattern **pattern) {
    struct tx_pattern_options options = {.ignore_case = strchr(flags, 'i') != NULL,
                                         .whole_words = strchr(flags, 'w') != NULL,
                                         .whole_value = strchr(flags, 'v') != NULL,
                                         .capture = strchr(flags, 'c') != NULL};
    struct tx_pattern_error error;

    tx_pattern_free(*pattern);
    *pattern = NULL;
    int r = tx_pattern_new(text, &options, &error, pattern);
    if (r == TX_PATTERN_E_REFUSED)
        printf("refused %zu %s\n", error.at, error.reason);
    else if (r == 0)
        puts("ok");
    else
        exit(1);
}

int main(void) {
    static char line[LINE_BYTES], bytes[LINE_BYTES], flags[16];
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory = NULL;
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (tx_pattern_memory_new(LINE_BYTES, &memory) < 0)
        return 1;
    while (fgets(line, sizeof(line), stdin)) {
        if (line[0] == 'P' && sscanf(line, "P %15s", flags) == 1) {
            const char *hex = strchr(line + 2, ' ');
            struct tx_text text = {bytes, hex ? unhex(hex + 1, bytes) : 0};
            compile(flags, text, &pattern);
        } else if (line[0] == 'T') {
            struct tx_text text = {bytes, line[1] == ' ' ? unhex(line + 2, bytes) : 0};
            if (pattern && tx_pattern_find_all(pattern, memory, text, print_span, NULL) < 0)
                return 1;
            putchar('\n');
        }
    }
    return 0;
}
