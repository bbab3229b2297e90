/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/evicted.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/fd.h"

#define MAGIC "TxEvict1"
#define HEADER_BYTES 32 /* magic, u64 entries, u64 level, u64 zero */
#define NEW_NAME "evicted.new"
#define NAME_PREFIX "evicted-"
#define NAME_BYTES 32
#define RUNS_MAX 128

/* Entries that one read brings, in a search and in a merge. */
#define WINDOW 170u
#define PIECE 2048u

struct run {
    int fd; /* owned */
    uint64_t number;
    uint64_t level;
    uint64_t n;
};

/* By age, oldest first. */
struct tx_evicted {
    int dirfd;
    uint64_t next_number;
    size_t n_runs;
    struct run runs[RUNS_MAX];
};

size_t tx_evicted_n_runs(const struct tx_evicted *evicted) {
    return evicted->n_runs;
}

static void name_run(uint64_t number, char ret[NAME_BYTES]) {
    snprintf(ret, NAME_BYTES, NAME_PREFIX "%016llx", (unsigned long long)number);
}

/* --- entries --- */

static void render(const struct tx_evicted_client *client, struct tx_buf *b) {
    tx_buf_put(b, client->name, sizeof(client->name));
    tx_buf_u64(b, client->last);
    tx_buf_u64(b, client->seq);
}

static void parse(const uint8_t *p, struct tx_evicted_client *ret) {
    struct tx_cursor c = tx_cursor_of(p + 8, 16);
    memcpy(ret->name, p, 8);
    if (tx_cursor_u64(&c, &ret->last) < 0 || tx_cursor_u64(&c, &ret->seq) < 0)
        abort(); /* 16 bytes are there */
}

/* Names in their order are numbers in theirs. */
static uint64_t key_of(const uint8_t name[8]) {
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | name[i];
    return v;
}

static int by_name(const void *a, const void *b) {
    return memcmp(((const struct tx_evicted_client *)a)->name,
                  ((const struct tx_evicted_client *)b)->name, 8);
}

static int read_entries(const struct run *run, uint64_t first, size_t n, uint8_t *to) {
    size_t got, want = n * TX_EVICTED_ENTRY_BYTES;
    int r = tx_fd_pread_full(run->fd, to, want,
                             (off_t)(HEADER_BYTES + first * TX_EVICTED_ENTRY_BYTES), &got);
    return r < 0 ? r : got == want ? 0 : -EIO;
}

/* --- opening --- */

static int read_header(int fd, struct run *ret) {
    uint8_t memory[HEADER_BYTES];
    struct tx_cursor c = tx_cursor_of(memory + 8, HEADER_BYTES - 8);
    struct stat st;
    size_t n;

    int r = tx_fd_pread_full(fd, memory, sizeof(memory), 0, &n);
    if (r < 0 || fstat(fd, &st) < 0)
        return r < 0 ? r : -errno;
    if (n != sizeof(memory) || memcmp(memory, MAGIC, 8) != 0 || tx_cursor_u64(&c, &ret->n) < 0 ||
        tx_cursor_u64(&c, &ret->level) < 0 || ret->n == 0 || ret->level > 32 ||
        ret->n > (uint64_t)st.st_size / TX_EVICTED_ENTRY_BYTES ||
        (uint64_t)st.st_size != HEADER_BYTES + ret->n * TX_EVICTED_ENTRY_BYTES)
        return -EBADMSG;
    return 0;
}

static int open_run(struct tx_evicted *evicted, uint64_t number) {
    char name[NAME_BYTES];
    struct run run = {.number = number};

    if (evicted->n_runs == RUNS_MAX)
        return -EMFILE;
    name_run(number, name);
    _cleanup_(tx_fd_closep) int fd =
        openat(evicted->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int r = read_header(fd, &run);
    if (r < 0)
        return r;
    run.fd = tx_fd_steal(&fd);
    evicted->runs[evicted->n_runs++] = run;
    if (number >= evicted->next_number)
        evicted->next_number = number + 1;
    return 0;
}

static bool number_of(const char *name, uint64_t *ret) {
    uint8_t bytes[8];
    size_t n = sizeof(NAME_PREFIX) - 1;
    if (strncmp(name, NAME_PREFIX, n) != 0 ||
        tx_hex_decode((struct tx_text){name + n, strlen(name + n)}, bytes, 8) < 0)
        return false;
    *ret = key_of(bytes);
    return true;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* A file of the directory that is more than there can be is left alone, and reported. */
static int list(int dirfd, uint64_t numbers[RUNS_MAX], size_t *ret_n, bool *ret_damaged) {
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t n = 0;

    if (!dir) {
        int r = -errno;
        tx_fd_closep(&fd);
        return r;
    }
    while ((entry = readdir(dir))) {
        uint64_t number;
        if (!number_of(entry->d_name, &number))
            continue;
        if (n == RUNS_MAX)
            *ret_damaged = true;
        else
            numbers[n++] = number;
    }
    closedir(dir);
    qsort(numbers, n, sizeof(numbers[0]), by_number);
    *ret_n = n;
    return 0;
}

int tx_evicted_open(int dirfd, struct tx_evicted **ret, bool *ret_damaged) {
    uint64_t numbers[RUNS_MAX];
    bool damaged = false;
    size_t n;
    _cleanup_(tx_evicted_freep) struct tx_evicted *evicted = calloc(1, sizeof(*evicted));
    if (!evicted)
        return -ENOMEM;
    evicted->dirfd = dirfd;
    evicted->next_number = 1;
    unlinkat(dirfd, NEW_NAME, 0);
    int r = list(dirfd, numbers, &n, &damaged);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = open_run(evicted, numbers[i]);
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
            return r;
        damaged |= r < 0;
        r = 0;
    }
    if (r < 0)
        return r;
    *ret_damaged = damaged;
    *ret = TX_STEAL(evicted);
    return 0;
}

void tx_evicted_free(struct tx_evicted *evicted) {
    if (!evicted)
        return;
    for (size_t i = 0; i < evicted->n_runs; i++)
        tx_fd_closep(&evicted->runs[i].fd);
    free(evicted);
}

/* --- finding --- */

/* Where it should stand, as names are hashes; whoever chose his makes it a halving. */
static uint64_t guess(uint64_t lo, uint64_t hi, uint64_t lo_key, uint64_t hi_key, uint64_t key,
                      unsigned turn) {
    uint64_t span = hi_key - lo_key;
    if (turn > 3 || span == 0)
        return lo + (hi - lo) / 2;
    return lo + (uint64_t)((double)(key - lo_key) / (double)span * (double)(hi - lo - 1));
}

static bool find_in(const uint8_t *window, size_t n, const uint8_t name[8],
                    struct tx_evicted_client *ret) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        int order = memcmp(window + middle * TX_EVICTED_ENTRY_BYTES, name, 8);
        if (order == 0) {
            parse(window + middle * TX_EVICTED_ENTRY_BYTES, ret);
            return true;
        }
        if (order < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return false;
}

static int find_in_run(const struct run *run, const uint8_t name[8],
                       struct tx_evicted_client *ret) {
    uint8_t window[WINDOW * TX_EVICTED_ENTRY_BYTES];
    uint64_t lo = 0, hi = run->n, lo_key = 0, hi_key = UINT64_MAX, key = key_of(name);

    for (unsigned turn = 0; lo < hi; turn++) {
        uint64_t at = guess(lo, hi, lo_key, hi_key, key, turn);
        uint64_t first = at > lo + WINDOW / 2 ? at - WINDOW / 2 : lo;
        size_t n = hi - first < WINDOW ? (size_t)(hi - first) : WINDOW;
        int r = read_entries(run, first, n, window);
        if (r < 0)
            return r;
        const uint8_t *last = window + (n - 1) * TX_EVICTED_ENTRY_BYTES;
        if (memcmp(name, window, 8) < 0) {
            hi = first;
            hi_key = key_of(window);
        } else if (memcmp(name, last, 8) > 0) {
            lo = first + n;
            lo_key = key_of(last);
        } else {
            return find_in(window, n, name, ret) ? 0 : -ENOENT;
        }
    }
    return -ENOENT;
}

int tx_evicted_find(const struct tx_evicted *evicted, const uint8_t name[8],
                    struct tx_evicted_client *ret) {
    struct tx_evicted_client found;
    bool any = false;

    for (size_t i = 0; i < evicted->n_runs; i++) {
        int r = find_in_run(&evicted->runs[i], name, &found);
        if (r < 0 && r != -ENOENT)
            return r;
        if (r < 0 || (any && found.last < ret->last))
            continue;
        *ret = found;
        any = true;
    }
    return any ? 0 : -ENOENT;
}

/* --- writing --- */

struct writer {
    int fd; /* owned */
    uint64_t n;
    struct tx_buf buf;
    uint8_t memory[PIECE * TX_EVICTED_ENTRY_BYTES];
};

static int begin(const struct tx_evicted *evicted, struct writer *w) {
    uint8_t header[HEADER_BYTES] = {0};
    unlinkat(evicted->dirfd, NEW_NAME, 0);
    w->n = 0;
    w->buf = tx_buf_of(w->memory, sizeof(w->memory));
    w->fd =
        openat(evicted->dirfd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return w->fd < 0 ? -errno : tx_fd_write_all(w->fd, header, sizeof(header));
}

static int flush(struct writer *w) {
    int r = tx_fd_write_all(w->fd, w->buf.data, w->buf.len);
    w->buf.len = 0;
    return r;
}

static int put(struct writer *w, const struct tx_evicted_client *client) {
    render(client, &w->buf);
    w->n++;
    return w->buf.len == sizeof(w->memory) ? flush(w) : 0;
}

/* Whole, on disk, and then named: a crash leaves it or leaves none. */
static int finish(struct tx_evicted *evicted, struct writer *w, uint64_t level) {
    uint8_t header[HEADER_BYTES];
    char name[NAME_BYTES];
    struct tx_buf b = tx_buf_of(header, sizeof(header));

    int r = flush(w);
    tx_buf_put(&b, MAGIC, 8);
    tx_buf_u64(&b, w->n);
    tx_buf_u64(&b, level);
    tx_buf_u64(&b, 0);
    if (r == 0)
        r = tx_fd_pwrite_all(w->fd, header, sizeof(header), 0);
    if (r == 0 && fdatasync(w->fd) < 0)
        r = -errno;
    if (r < 0)
        return r;
    name_run(evicted->next_number, name);
    if (renameat(evicted->dirfd, NEW_NAME, evicted->dirfd, name) < 0 || fsync(evicted->dirfd) < 0)
        return -errno;
    return open_run(evicted, evicted->next_number);
}

static int write_run(struct tx_evicted *evicted, const struct tx_evicted_client *clients,
                     size_t n) {
    _cleanup_(tx_freep) struct writer *w = malloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    int r = begin(evicted, w);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = put(w, &clients[i]);
    if (r == 0)
        r = finish(evicted, w, 0);
    tx_fd_closep(&w->fd);
    if (r < 0)
        unlinkat(evicted->dirfd, NEW_NAME, 0);
    return r;
}

/* --- merging --- */

struct reader {
    const struct run *run;
    uint64_t next; /* to be read */
    size_t at, n;  /* in memory */
    struct tx_evicted_client client;
    bool ended;
    uint8_t memory[PIECE * TX_EVICTED_ENTRY_BYTES];
};

static int advance(struct reader *reader) {
    if (reader->at == reader->n) {
        uint64_t left = reader->run->n - reader->next;
        reader->n = left < PIECE ? (size_t)left : PIECE;
        reader->at = 0;
        reader->ended = left == 0;
        int r = read_entries(reader->run, reader->next, reader->n, reader->memory);
        if (r < 0 || reader->ended)
            return r;
        reader->next += reader->n;
    }
    parse(reader->memory + reader->at++ * TX_EVICTED_ENTRY_BYTES, &reader->client);
    return 0;
}

/* The smallest name of all readers, with its largest number; they move behind it. */
static int take_smallest(struct reader *readers, size_t n, struct tx_evicted_client *ret,
                         bool *ret_end) {
    const struct reader *least = NULL;
    int r = 0;

    for (size_t i = 0; i < n; i++)
        if (!readers[i].ended && (!least || by_name(&readers[i].client, &least->client) < 0))
            least = &readers[i];
    *ret_end = !least;
    if (!least)
        return 0;
    *ret = least->client;
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (readers[i].ended || by_name(&readers[i].client, ret) != 0)
            continue;
        if (readers[i].client.last > ret->last)
            *ret = readers[i].client;
        r = advance(&readers[i]);
    }
    return r;
}

static int merge_into(struct writer *w, struct reader *readers, size_t n, uint64_t oldest,
                      bool *ret_dropped) {
    struct tx_evicted_client client;
    bool end = false;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = advance(&readers[i]);
    while (r == 0 && !end) {
        r = take_smallest(readers, n, &client, &end);
        if (r < 0 || end)
            break;
        if (client.seq < oldest)
            *ret_dropped = true;
        else
            r = put(w, &client);
    }
    return r;
}

static void forget_runs(struct tx_evicted *evicted, size_t first, size_t n) {
    char name[NAME_BYTES];
    for (size_t i = first; i < first + n; i++) {
        name_run(evicted->runs[i].number, name);
        unlinkat(evicted->dirfd, name, 0); /* one that stays says nothing wrong */
        tx_fd_closep(&evicted->runs[i].fd);
    }
    memmove(&evicted->runs[first], &evicted->runs[first + n],
            (evicted->n_runs - first - n) * sizeof(evicted->runs[0]));
    evicted->n_runs -= n;
}

static int merge(struct tx_evicted *evicted, size_t first, size_t n, uint64_t oldest,
                 bool *ret_dropped) {
    _cleanup_(tx_freep) struct writer *w = malloc(sizeof(*w));
    _cleanup_(tx_freep) struct reader *readers = calloc(n, sizeof(*readers));
    uint64_t level = evicted->runs[first].level;

    if (!w || !readers)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        readers[i].run = &evicted->runs[first + i];
    int r = begin(evicted, w);
    if (r == 0)
        r = merge_into(w, readers, n, oldest, ret_dropped);
    if (r == 0 && w->n > 0)
        r = finish(evicted, w, level + 1);
    tx_fd_closep(&w->fd);
    if (r < 0 || w->n == 0)
        unlinkat(evicted->dirfd, NEW_NAME, 0);
    if (r == 0)
        forget_runs(evicted, first, n);
    return r;
}

/* The newest runs of one level, when there are enough of them. */
static bool find_due(const struct tx_evicted *evicted, size_t *ret_first) {
    size_t n[33] = {0};
    for (size_t i = evicted->n_runs; i > 0; i--) {
        uint64_t level = evicted->runs[i - 1].level;
        if (++n[level] < TX_EVICTED_FANOUT)
            continue;
        *ret_first = i - 1;
        return true;
    }
    return false;
}

/* Runs of a level stand together but for those that a merge of newer ones brought behind them. */
static void bring_together(struct tx_evicted *evicted, size_t first) {
    struct run sorted[RUNS_MAX];
    uint64_t level = evicted->runs[first].level;
    size_t n = 0;

    for (int of_level = 1; of_level >= 0; of_level--)
        for (size_t i = first; i < evicted->n_runs; i++)
            if ((evicted->runs[i].level == level) == of_level)
                sorted[n++] = evicted->runs[i];
    memcpy(&evicted->runs[first], sorted, n * sizeof(sorted[0]));
}

int tx_evicted_add(struct tx_evicted *evicted, struct tx_evicted_client *clients, size_t n,
                   uint64_t oldest, bool *ret_dropped) {
    size_t first;

    if (n == 0)
        return 0;
    qsort(clients, n, sizeof(clients[0]), by_name);
    int r = write_run(evicted, clients, n);
    while (r == 0 && find_due(evicted, &first)) {
        bring_together(evicted, first);
        if (merge(evicted, first, TX_EVICTED_FANOUT, oldest, ret_dropped) < 0)
            break; /* what was added is there; next time */
    }
    return r;
}
