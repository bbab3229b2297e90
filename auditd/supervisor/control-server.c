/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/control-server.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/control-socket.h"
#include "auditd/supervisor/status.h"
#include "auditd/supervisor/supervisor.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define SECOND_NS INT64_C(1000000000)
#define RELOAD_SECONDS (TX_TRIAL_NS / SECOND_NS + 10)
#define PARTS_MAX 6 /* of a request */

void tx_control_server_hang_up(struct tx_caller *caller) {
    struct tx_loop *loop = caller->supervisor->loop;
    tx_tasks_forget_caller(&caller->supervisor->tasks, caller);
    tx_loop_remove(loop, caller->source);
    tx_loop_remove(loop, caller->timer);
    tx_fd_closep(&caller->fd);
    *caller = (struct tx_caller){.fd = -1};
}

/* What it still says is taken first: a close with something unread would take the answer along. A
 * caller that does not read its answer gets none. */
void tx_control_server_answer(struct tx_caller *caller, struct tx_text text) {
    char unread[64];

    shutdown(caller->fd, SHUT_RD);
    while (recv(caller->fd, unread, sizeof(unread), MSG_DONTWAIT) > 0)
        ;
    ssize_t ignored = send(caller->fd, text.p, text.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored;
    tx_control_server_hang_up(caller);
}

void tx_control_server_answer_error(struct tx_caller *caller, const char *error) {
    _cleanup_(tx_freep) char *memory = malloc(TX_CONTROL_SOCKET_ANSWER_BYTES);
    struct tx_buf b = tx_buf_of(memory, TX_CONTROL_SOCKET_ANSWER_BYTES);
    size_t n = strlen(error), limit = TX_CONTROL_SOCKET_ANSWER_BYTES / 8;

    /* Escapes may make six bytes of one; a character is not cut in two. */
    n = n < limit ? n : limit;
    while (n > 0 && !tx_utf8_valid(error, n))
        n--;
    if (!memory) {
        tx_control_server_answer(caller, TX_TEXT("{\"ok\":false,\"error\":\"no memory\"}"));
        return;
    }
    tx_buf_str(&b, "{\"ok\":false,\"error\":");
    tx_buf_json_string(&b, error, n);
    tx_buf_char(&b, '}');
    tx_control_server_answer(caller, (struct tx_text){.p = memory, .n = b.len});
}

static void answer_status(struct tx_caller *caller) {
    _cleanup_(tx_freep) char *memory = malloc(TX_CONTROL_SOCKET_ANSWER_BYTES);
    if (!memory) {
        tx_control_server_answer_error(caller, "no memory");
        return;
    }
    struct tx_buf b = tx_buf_of(memory, TX_CONTROL_SOCKET_ANSWER_BYTES);
    tx_status_render(caller->supervisor, &b);
    if (b.full)
        tx_control_server_answer_error(caller, "the status is too long");
    else
        tx_control_server_answer(caller, (struct tx_text){.p = memory, .n = b.len});
}

/* --- waiting --- */

static int on_late(void *data, uint32_t events) {
    struct tx_caller *caller = data;
    (void)events;
    if (caller->state == TX_CALLER_WAITS_STATUS)
        answer_status(caller);
    else if (caller->state == TX_CALLER_WAITS_VAULT)
        tx_tasks_late(&caller->supervisor->tasks, caller);
    else if (caller->state == TX_CALLER_WAITS_RELOAD)
        tx_control_server_answer_error(caller,
                                       "ingest has not answered; see the daemon's messages");
    else
        tx_control_server_hang_up(caller);
    return 0;
}

static bool any_child_is_asked(const struct tx_supervisor *s) {
    for (int i = 0; i < TX_CHILD_N; i++)
        if (s->children.all[i].status_pending)
            return true;
    return false;
}

int tx_control_server_status(struct tx_supervisor *s) {
    if (any_child_is_asked(s))
        return 0;
    for (size_t i = 0; i < TX_CONTROL_SERVER_CALLERS; i++)
        if (s->control.callers[i].state == TX_CALLER_WAITS_STATUS)
            answer_status(&s->control.callers[i]);
    return 0;
}

static void render_outcome(const struct tx_reload_outcome *outcome, struct tx_buf *b) {
    tx_buf_str(b, "{\"ok\":true,\"needs_restart\":");
    tx_buf_str(b, outcome->needs_restart[0] ? outcome->needs_restart : "[]");
    if (outcome->n_weakened > 0)
        tx_buf_str(b, ",\"weakened\":[");
    for (size_t i = 0; i < outcome->n_weakened; i++) {
        struct tx_text text = outcome->weakened[i];
        tx_buf_str(b, i > 0 ? "," : "");
        if (tx_utf8_valid(text.p, text.n))
            tx_buf_json_string(b, text.p, text.n);
        else
            tx_buf_str(b, "null");
    }
    tx_buf_str(b, outcome->n_weakened > 0 ? "]}" : "}");
}

int tx_control_server_reloaded(struct tx_control_server *server,
                               const struct tx_reload_outcome *outcome) {
    for (size_t i = 0; i < TX_CONTROL_SERVER_CALLERS; i++) {
        struct tx_caller *caller = &server->callers[i];
        if (caller->state != TX_CALLER_WAITS_RELOAD)
            continue;
        if (outcome->error) {
            tx_control_server_answer_error(caller, outcome->error);
            continue;
        }
        _cleanup_(tx_freep) char *memory = malloc(TX_CONTROL_SOCKET_ANSWER_BYTES);
        struct tx_buf b = tx_buf_of(memory, TX_CONTROL_SOCKET_ANSWER_BYTES);
        if (!memory)
            return -ENOMEM;
        render_outcome(outcome, &b);
        if (b.full)
            tx_control_server_answer(caller, TX_TEXT("{\"ok\":true,\"needs_restart\":[]}"));
        else
            tx_control_server_answer(caller, (struct tx_text){.p = memory, .n = b.len});
    }
    return 0;
}

int tx_control_server_wait(struct tx_caller *caller, enum tx_caller_state state, int seconds) {
    caller->state = state;
    /* What else the caller does is of no interest; that it hung up is found when it is answered. */
    tx_loop_remove(caller->supervisor->loop, caller->source);
    caller->source = NULL;
    return tx_loop_set_timer(caller->timer, tx_clock_boot() + seconds * SECOND_NS, 0);
}

/* --- requests --- */

static int on_ping(struct tx_caller *caller, const struct tx_text *arguments) {
    (void)arguments;
    tx_control_server_answer(caller, TX_TEXT("{\"ok\":true}"));
    return 0;
}

static int on_status(struct tx_caller *caller, const struct tx_text *arguments) {
    struct tx_supervisor *s = caller->supervisor;
    int r = tx_control_server_wait(caller, TX_CALLER_WAITS_STATUS, 1);

    (void)arguments;
    for (int i = 0; r >= 0 && i < TX_CHILD_N; i++)
        r = tx_child_ask_status(tx_supervisor_child(s, (enum tx_child_id)i));
    return r < 0 ? r : tx_control_server_status(s);
}

static int reload(struct tx_caller *caller, bool allow_weaker) {
    /* First, since the end may come before tx_reload_begin returns. */
    int r = tx_control_server_wait(caller, TX_CALLER_WAITS_RELOAD, RELOAD_SECONDS);
    if (r < 0)
        return r;
    r = tx_reload_begin(caller->supervisor, allow_weaker);
    if (r == -EBUSY) {
        tx_control_server_answer_error(caller, "another reload is under way: try again");
        return 0;
    }
    return r;
}

static int on_reload(struct tx_caller *caller, const struct tx_text *arguments) {
    (void)arguments;
    return reload(caller, false);
}

static int on_reload_with_option(struct tx_caller *caller, const struct tx_text *arguments) {
    if (tx_text_equal(arguments[0], TX_TEXT("allow-weaker")))
        return reload(caller, true);
    tx_control_server_answer_error(caller, "reload takes allow-weaker, or nothing");
    return 0;
}

static const struct {
    struct tx_text word;
    size_t n_arguments;
    int (*handler)(struct tx_caller *caller, const struct tx_text *arguments);
} requests[] = {
    {{"ping", 4}, 0, on_ping},
    {{"status", 6}, 0, on_status},
    {{"reload", 6}, 0, on_reload},
    {{"erase", 5}, 2, tx_tasks_erase},
    {{"reload", 6}, 1, on_reload_with_option},
    {{"reveal", 6}, 5, tx_tasks_reveal},
};

/* A word and what follows it, each after a NUL. False: too many. */
static bool split(struct tx_text text, struct tx_text parts[PARTS_MAX], size_t *ret_n) {
    size_t n = 0;
    for (const char *at = text.p;; n++) {
        size_t left = text.n - (size_t)(at - text.p);
        const char *end = left ? memchr(at, '\0', left) : NULL;
        if (n == PARTS_MAX)
            return false;
        parts[n] = (struct tx_text){.p = at, .n = end ? (size_t)(end - at) : left};
        if (!end)
            break;
        at = end + 1;
    }
    *ret_n = n + 1;
    return true;
}

static int serve(struct tx_caller *caller, struct tx_text request) {
    struct tx_text parts[PARTS_MAX];
    size_t n;

    if (split(request, parts, &n))
        for (size_t i = 0; i < TX_COUNT_OF(requests); i++)
            if (tx_text_equal(parts[0], requests[i].word) && n == requests[i].n_arguments + 1)
                return requests[i].handler(caller, parts + 1);
    tx_control_server_answer_error(
        caller, "unknown request; there are ping, status, reload, erase and reveal");
    return 0;
}

static int on_request(void *data, uint32_t events) {
    struct tx_caller *caller = data;
    char memory[TX_CONTROL_SOCKET_REQUEST_BYTES + 1];

    (void)events;
    ssize_t n = recv(caller->fd, memory, sizeof(memory), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0 || n > TX_CONTROL_SOCKET_REQUEST_BYTES) {
        tx_control_server_hang_up(caller);
        return 0;
    }
    int r = serve(caller, (struct tx_text){.p = memory, .n = (size_t)n - (memory[n - 1] == '\n')});
    explicit_bzero(memory, sizeof(memory)); /* it may say who a person is */
    return r;
}

/* --- callers --- */

static bool may_ask(int fd, struct ucred *ret_peer) {
    socklen_t n = sizeof(*ret_peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &n) == 0 &&
           (ret_peer->uid == 0 || ret_peer->uid == geteuid());
}

static struct tx_caller *find_free(struct tx_control_server *server) {
    for (size_t i = 0; i < TX_CONTROL_SERVER_CALLERS; i++)
        if (server->callers[i].state == TX_CALLER_FREE)
            return &server->callers[i];
    return NULL;
}

static int begin(struct tx_supervisor *s, struct tx_caller *caller, int fd,
                 const struct ucred *peer) {
    *caller = (struct tx_caller){.supervisor = s,
                                 .state = TX_CALLER_ASKING,
                                 .fd = fd,
                                 .uid = peer->uid,
                                 .pid = (uint32_t)peer->pid};
    int r = tx_loop_add(s->loop, fd, EPOLLIN, on_request, caller, &caller->source);
    if (r >= 0)
        r = tx_loop_add_timer(s->loop, on_late, caller, &caller->timer);
    if (r >= 0)
        r = tx_loop_set_timer(caller->timer, tx_clock_boot() + SECOND_NS, 0);
    if (r < 0)
        tx_control_server_hang_up(caller);
    return 0;
}

static int on_connection(void *data, uint32_t events) {
    struct tx_supervisor *s = data;
    struct tx_caller *caller = find_free(&s->control);
    struct ucred peer;

    (void)events;
    int fd = accept4(s->control.listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return 0;
    struct tx_caller refused = {.supervisor = s, .fd = fd};
    if (!may_ask(fd, &peer)) {
        tx_control_server_answer_error(&refused,
                                       "only root and the daemon's own user are answered");
        return 0;
    }
    if (!caller) {
        tx_control_server_answer_error(&refused, "too many ask at once");
        return 0;
    }
    return begin(s, caller, fd, &peer);
}

int tx_control_server_listen(struct tx_supervisor *s) {
    tx_loop_remove(s->loop, s->control.source);
    s->control.source = NULL;
    return tx_loop_add(s->loop, s->control.listener.fd, EPOLLIN, on_connection, s,
                       &s->control.source);
}

int tx_control_server_start(struct tx_supervisor *s) {
    for (size_t i = 0; i < TX_CONTROL_SERVER_CALLERS; i++)
        s->control.callers[i] = (struct tx_caller){.fd = -1};
    return tx_control_server_listen(s);
}

void tx_control_server_stop(struct tx_supervisor *s) {
    for (size_t i = 0; i < TX_CONTROL_SERVER_CALLERS; i++)
        if (s->control.callers[i].state != TX_CALLER_FREE)
            tx_control_server_hang_up(&s->control.callers[i]);
    tx_loop_remove(s->loop, s->control.source);
    s->control.source = NULL;
    tx_listener_close(&s->control.listener);
}
