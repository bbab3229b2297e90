/* SPDX-License-Identifier: MIT */
/* Questions to the running daemon, over its control socket. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auditd/ipc/control-socket.h"
#include "tools/ctl/ctl.h"
#include "tools/ctl/daemon.h"
#include "tools/shared/terminal.h"

#define RELOAD_TIMEOUT_MS 45000

void tx_ctl_say_no_answer(const char *path, int r) {
    const char *next = "";
    if (r == -ENOENT || r == -ECONNREFUSED)
        next = ": the daemon does not run, or with another configuration (-c)";
    else if (r == -EACCES)
        next = ": run it as root or as the daemon's user";
    tx_ctl_say("no answer from the daemon at %s: %s%s", path, strerror(-r), next);
}

/* The daemon goes on with the rules before, or in lockdown, when those of the file are wrong: it
 * can still be asked. */
static struct tx_conf *load_to_ask(const struct tx_ctl *ctl) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes errors = TX_BYTES_INIT;
    struct tx_conf *conf = NULL;
    int r = tx_conf_load(ctl->config_path, &errors, NULL, &conf);
    return r == 0 || r == TX_CONF_E_MASKING ? conf : tx_ctl_load(ctl);
}

static json_t *ask_daemon(const struct tx_ctl *ctl, struct tx_text request, int timeout_ms,
                          struct tx_buf *b) {
    _cleanup_(tx_conf_freep) struct tx_conf *conf = load_to_ask(ctl);
    if (!conf)
        return NULL;
    int r = tx_control_socket_ask(conf->control_path, request, timeout_ms, b);
    if (r < 0) {
        tx_ctl_say_no_answer(conf->control_path, r);
        return NULL;
    }
    return tx_ctl_parse_answer(b);
}

json_t *tx_ctl_ask(const struct tx_ctl *ctl, struct tx_text request, struct tx_buf *b) {
    return ask_daemon(ctl, request, TX_CTL_TIMEOUT_MS, b);
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
        tx_terminal_put((struct tx_text){json_string_value(value), json_string_length(value)});
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
        tx_terminal_put((struct tx_text){key, strlen(key)});
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

/* First, since nobody must overlook it. */
static void put_lockdown(json_t *answer) {
    json_t *masking = json_object_get(json_object_get(answer, "supervisor"), "masking");

    if (!json_is_true(json_object_get(masking, "lockdown")))
        return;
    fputs("LOCKDOWN: every string is masked, since the rules cannot be used: ", stdout);
    put_scalar(json_object_get(masking, "why"));
    puts("");
}

static void put_weakened(json_t *answer) {
    json_t *masking = json_object_get(json_object_get(answer, "supervisor"), "masking"), *item;
    size_t i;

    json_array_foreach(json_object_get(masking, "weakened"), i, item) {
        fputs(i == 0 ? "WEAKER: the rules mask less than when the daemon ran last: " : "  ",
              stdout);
        put_scalar(item);
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
    if (!json) {
        put_lockdown(answer);
        put_weakened(answer);
    }
    if (json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        puts("");
    } else {
        put_object(answer, 0);
    }
    json_decref(answer);
    return TX_CTL_OK;
}

static void put_each(const char *what, json_t *list) {
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item) {
        fputs(what, stdout);
        put_scalar(item);
        puts("");
    }
}

int tx_ctl_reload(const struct tx_ctl *ctl, int argc, char **argv) {
    static char memory[TX_CONTROL_SOCKET_ANSWER_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    bool weaker = argc == 2 && strcmp(argv[1], "--allow-weaker") == 0;

    if (argc != 1 && !weaker)
        return TX_CTL_USAGE;
    /* The daemon tries them first, which may take a while. */
    json_t *answer = ask_daemon(ctl, weaker ? TX_TEXT("reload\0allow-weaker") : TX_TEXT("reload"),
                                RELOAD_TIMEOUT_MS, &b);
    if (!answer)
        return TX_CTL_FAILED;
    puts("the masking rules of the configuration are in force");
    put_each("masks less than before, as allowed: ", json_object_get(answer, "weakened"));
    put_each("changed, but only a restart takes it over: ",
             json_object_get(answer, "needs_restart"));
    json_decref(answer);
    return TX_CTL_OK;
}
