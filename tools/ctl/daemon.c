/* SPDX-License-Identifier: MIT */
/* Questions to the running daemon, over its control socket. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auditd/ipc/control-socket.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/daemon.h"

void tx_ctl_say_no_answer(const char *path, int r) {
    const char *next = "";
    if (r == -ENOENT || r == -ECONNREFUSED)
        next = ": the daemon does not run, or with another configuration (-c)";
    else if (r == -EACCES)
        next = ": run it as root or as the daemon's user";
    tx_ctl_say("no answer from the daemon at %s: %s%s", path, strerror(-r), next);
}

json_t *tx_ctl_ask(const struct tx_ctl *ctl, struct tx_text request, struct tx_buf *b) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = tx_ctl_load(ctl);
    if (!conf)
        return NULL;
    int r = tx_control_socket_ask(conf->control_path, request, TX_CTL_TIMEOUT_MS, b);
    if (r < 0) {
        tx_ctl_say_no_answer(conf->control_path, r);
        return NULL;
    }
    return tx_ctl_parse_answer(b);
}

json_t *tx_ctl_parse_answer(const struct tx_buf *b) {
    json_error_t error;
    json_t *answer = json_loadb((const char *)b->data, b->len, JSON_REJECT_DUPLICATES, &error);
    if (!answer) {
        tx_ctl_say("the daemon's answer is not JSON: %s", error.text);
        return NULL;
    }
    if (json_is_true(json_object_get(answer, "ok")))
        return answer;
    const char *why = json_string_value(json_object_get(answer, "error"));
    tx_ctl_say("%s", why ? why : "the daemon refuses, without a reason");
    json_decref(answer);
    return NULL;
}

/* --- status --- */

static void put_scalar(json_t *value) {
    if (json_is_string(value))
        tx_ctl_put_safe((struct tx_text){json_string_value(value), json_string_length(value)});
    else if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        printf("%g", json_real_value(value));
    else
        fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", stdout);
}

/* The daemon's own words, nested a few levels deep (jansson bounds the depth). */
static void put_object(json_t *object, int indent) {
    const char *key;
    json_t *value, *item;
    size_t i;

    json_object_foreach(object, key, value) {
        printf("%*s", indent, "");
        tx_ctl_put_safe((struct tx_text){key, strlen(key)});
        if (json_is_object(value)) {
            puts("");
            put_object(value, indent + 2);
            continue;
        }
        fputs(": ", stdout);
        if (json_is_array(value)) {
            json_array_foreach(value, i, item) {
                fputs(i ? ", " : "", stdout);
                put_scalar(item);
            }
            fputs(json_array_size(value) ? "" : "none", stdout);
        } else {
            put_scalar(value);
        }
        puts("");
    }
}

int tx_ctl_status(const struct tx_ctl *ctl, int argc, char **argv) {
    static char memory[TX_CONTROL_SOCKET_ANSWER_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    bool json = false;
    int option;

    while ((option = getopt(argc, argv, "o:")) != -1) {
        if (option != 'o' || (strcmp(optarg, "json") != 0 && strcmp(optarg, "text") != 0))
            return TX_CTL_USAGE;
        json = strcmp(optarg, "json") == 0;
    }
    if (optind != argc)
        return TX_CTL_USAGE;
    json_t *answer = tx_ctl_ask(ctl, TX_TEXT("status"), &b);
    if (!answer)
        return TX_CTL_FAILED;
    json_object_del(answer, "ok");
    if (json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        puts("");
    } else {
        put_object(answer, 0);
    }
    json_decref(answer);
    return TX_CTL_OK;
}

int tx_ctl_reload(const struct tx_ctl *ctl, int argc, char **argv) {
    static char memory[TX_CONTROL_SOCKET_ANSWER_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    json_t *item;
    size_t i;

    (void)argv;
    if (argc != 1)
        return TX_CTL_USAGE;
    json_t *answer = tx_ctl_ask(ctl, TX_TEXT("reload"), &b);
    if (!answer)
        return TX_CTL_FAILED;
    puts("the masking rules of the configuration are in force");
    json_array_foreach(json_object_get(answer, "needs_restart"), i, item) {
        fputs("changed, but only a restart takes it over: ", stdout);
        put_scalar(item);
        puts("");
    }
    json_decref(answer);
    return TX_CTL_OK;
}
