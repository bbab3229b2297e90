/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/loop.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "libtx/base/fd.h"

struct tx_source_handle {
    struct tx_source_handle *next_removed;
    tx_loop_handler handler;
    void *data;
    int fd;
    bool is_timer;
    bool removed;
};

struct tx_loop {
    int epoll_fd;
    bool stopped;
    /* Freed only between two rounds, since events of this round may still point to them. */
    struct tx_source_handle *removed;
};

int tx_loop_new(struct tx_loop **ret) {
    _cleanup_(tx_loop_freep) struct tx_loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return -errno;
    *ret = TX_STEAL(loop);
    return 0;
}

static void free_removed(struct tx_loop *loop) {
    while (loop->removed) {
        struct tx_source_handle *source = loop->removed;
        loop->removed = source->next_removed;
        free(source);
    }
}

void tx_loop_free(struct tx_loop *loop) {
    if (!loop)
        return;
    free_removed(loop);
    tx_fd_closep(&loop->epoll_fd);
    free(loop);
}

int tx_loop_add(struct tx_loop *loop, int fd, uint32_t events, tx_loop_handler handler, void *data,
                struct tx_source_handle **ret) {
    _cleanup_(tx_freep) struct tx_source_handle *source = calloc(1, sizeof(*source));
    if (!source)
        return -ENOMEM;
    source->fd = fd;
    source->handler = handler;
    source->data = data;
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    *ret = TX_STEAL(source);
    return 0;
}

int tx_loop_modify(struct tx_loop *loop, struct tx_source_handle *source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

void tx_loop_remove(struct tx_loop *loop, struct tx_source_handle *source) {
    if (!source || source->removed)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    if (source->is_timer)
        tx_fd_closep(&source->fd);
    source->removed = true;
    source->next_removed = loop->removed;
    loop->removed = source;
}

int tx_loop_add_timer(struct tx_loop *loop, tx_loop_handler handler, void *data,
                      struct tx_source_handle **ret) {
    _cleanup_(tx_fd_closep) int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct tx_source_handle *source;
    int r = tx_loop_add(loop, fd, EPOLLIN, handler, data, &source);
    if (r < 0)
        return r;
    source->is_timer = true;
    tx_fd_steal(&fd);
    *ret = source;
    return 0;
}

static struct timespec to_timespec(int64_t ns) {
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

int tx_loop_set_timer(struct tx_source_handle *timer, int64_t boot_ns, int64_t repeat_ns) {
    struct itimerspec spec = {.it_value = to_timespec(boot_ns),
                              .it_interval = to_timespec(repeat_ns)};
    return timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

static int dispatch(struct tx_source_handle *source, uint32_t events) {
    if (source->removed)
        return 0;
    if (source->is_timer) {
        uint64_t expirations;
        if (read(source->fd, &expirations, sizeof(expirations)) < 0)
            return 0; /* it was set anew since epoll reported it */
        events = 0;
    }
    return source->handler(source->data, events);
}

int tx_loop_run(struct tx_loop *loop) {
    struct epoll_event events[64];

    loop->stopped = false;
    while (!loop->stopped) {
        int n = epoll_wait(loop->epoll_fd, events, (int)TX_COUNT_OF(events), -1);
        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n && !loop->stopped; i++) {
            int r = dispatch(events[i].data.ptr, events[i].events);
            if (r < 0) {
                free_removed(loop);
                return r;
            }
        }
        free_removed(loop);
    }
    return 0;
}

void tx_loop_stop(struct tx_loop *loop) {
    loop->stopped = true;
}
