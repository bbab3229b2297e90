/* SPDX-License-Identifier: MIT */
#include "tools/auditverify/numbers.h"

#include <string.h>
#include <sys/random.h>

#define FIRST_CAPACITY 1024u

/* What one line says of a client. */
struct said {
    uint8_t client[8];
    uint64_t first, last;
    bool is_lost, is_forgotten;
};

struct client {
    uint8_t name[8];
    uint64_t next;
    bool used;
    bool is_faulty, has_lost, begins_later;
};

struct tx_numbers {
    bool is_whole; /* the log's first record is here */
    uint64_t seed;
    struct client *clients; /* owned: open addressing */
    size_t capacity;        /* a power of two */
    size_t n;
    struct tx_numbers_fault *faults; /* owned */
    uint64_t n_faults;
    uint64_t lost, forgotten, unseen;
};

int tx_numbers_new(uint64_t begin, struct tx_numbers **ret) {
    _cleanup_(tx_numbers_freep) struct tx_numbers *numbers = calloc(1, sizeof(*numbers));
    if (!numbers)
        return -ENOMEM;
    numbers->is_whole = begin == 0;
    numbers->capacity = FIRST_CAPACITY;
    numbers->clients = calloc(numbers->capacity, sizeof(*numbers->clients));
    numbers->faults = calloc(TX_NUMBERS_FAULTS_MAX, sizeof(*numbers->faults));
    if (!numbers->clients || !numbers->faults)
        return -ENOMEM;
    if (getrandom(&numbers->seed, sizeof(numbers->seed), 0) != sizeof(numbers->seed))
        return -EIO;
    *ret = TX_STEAL(numbers);
    return 0;
}

void tx_numbers_free(struct tx_numbers *numbers) {
    if (!numbers)
        return;
    free(numbers->clients);
    free(numbers->faults);
    free(numbers);
}

/* --- a line's own words --- */

static bool skip(struct tx_text *text, struct tx_text word) {
    if (!tx_text_starts(*text, word))
        return false;
    text->p += word.n;
    text->n -= word.n;
    return true;
}

/* Past the first occurrence. */
static bool skip_to(struct tx_text *text, struct tx_text word) {
    const char *at = memmem(text->p, text->n, word.p, word.n);
    if (!at)
        return false;
    text->n -= (size_t)(at - text->p);
    text->p = at;
    return skip(text, word);
}

static bool take_client(struct tx_text *text, uint8_t ret[8]) {
    if (text->n < 16 || tx_hex_decode((struct tx_text){text->p, 16}, ret, 8) < 0)
        return false;
    text->p += 16;
    text->n -= 16;
    return true;
}

static bool take_number(struct tx_text *text, uint64_t *ret) {
    size_t n = 0;
    while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
        n++;
    struct tx_text digits = {text->p, n};
    text->p += n;
    text->n -= n;
    return tx_dec_decode(digits, ret) == 0 && *ret < UINT64_MAX;
}

/* Quotes within strings are escaped, and `data` comes after `source`: the first one is it. */
static bool read_source(struct tx_text line, struct said *ret) {
    if (!skip_to(&line, TX_TEXT(",\"source\":{\"client\":\"")) ||
        !take_client(&line, ret->client) || !skip(&line, TX_TEXT("\",\"n\":")) ||
        !take_number(&line, &ret->first))
        return false;
    ret->last = ret->first;
    return true;
}

/* Whoever writes it: ingest, and by this template. */
static bool read_lost(struct tx_text line, struct said *ret) {
    if (!skip_to(&line, TX_TEXT(",\"event\":\"tracex.lost\",\"data\":{\"client\":\"")) ||
        !take_client(&line, ret->client) || !skip(&line, TX_TEXT("\",\"first\":")) ||
        !take_number(&line, &ret->first) || !skip(&line, TX_TEXT(",\"last\":")) ||
        !take_number(&line, &ret->last) || !skip(&line, TX_TEXT(",\"why\":\"")))
        return false;
    ret->is_lost = true;
    ret->is_forgotten = tx_text_starts(line, TX_TEXT("forgotten\""));
    return ret->first <= ret->last;
}

static bool read_line(struct tx_text line, struct said *ret) {
    struct tx_text rest = line;
    uint64_t seq;

    *ret = (struct said){.first = 0};
    if (!skip(&rest, TX_TEXT("{\"seq\":")) || !take_number(&rest, &seq))
        return false;
    if (tx_text_starts(rest, TX_TEXT(",\"by\":\"ingest\",")))
        return read_lost(rest, ret);
    return tx_text_starts(rest, TX_TEXT(",\"id\":\"")) && read_source(rest, ret);
}

/* --- the table --- */

static struct client *place_of(const struct tx_numbers *numbers, const uint8_t name[8]) {
    uint64_t v;
    memcpy(&v, name, sizeof(v));
    v = (v ^ numbers->seed) * UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ (v >> 32)) * (numbers->seed | 1);
    size_t at = (size_t)(v >> 32) & (numbers->capacity - 1);
    while (numbers->clients[at].used && memcmp(numbers->clients[at].name, name, 8) != 0)
        at = (at + 1) & (numbers->capacity - 1);
    return &numbers->clients[at];
}

static int grow(struct tx_numbers *numbers) {
    struct tx_numbers larger = *numbers;
    larger.capacity *= 2;
    larger.clients = calloc(larger.capacity, sizeof(*larger.clients));
    if (!larger.clients)
        return -ENOMEM;
    for (size_t i = 0; i < numbers->capacity; i++)
        if (numbers->clients[i].used)
            *place_of(&larger, numbers->clients[i].name) = numbers->clients[i];
    free(numbers->clients);
    *numbers = larger;
    return 0;
}

/* *ret NULL: there is no room for another. */
static int get(struct tx_numbers *numbers, const uint8_t name[8], struct client **ret) {
    struct client *client = place_of(numbers, name);

    *ret = client;
    if (client->used)
        return 0;
    if (numbers->n == TX_NUMBERS_CLIENTS_MAX) {
        *ret = NULL;
        return 0;
    }
    if (numbers->n >= numbers->capacity / 2) {
        int r = grow(numbers);
        if (r < 0)
            return r;
        client = place_of(numbers, name);
    }
    *client = (struct client){.used = true};
    memcpy(client->name, name, sizeof(client->name));
    numbers->n++;
    *ret = client;
    return 0;
}

/* --- judging --- */

static void add_fault(struct tx_numbers *numbers, struct client *client,
                      enum tx_numbers_fault_kind kind, uint64_t seq, uint64_t first,
                      uint64_t last) {
    client->is_faulty = true;
    if (numbers->n_faults++ >= TX_NUMBERS_FAULTS_MAX)
        return;
    struct tx_numbers_fault *fault = &numbers->faults[numbers->n_faults - 1];
    *fault = (struct tx_numbers_fault){.kind = kind, .seq = seq, .first = first, .last = last};
    memcpy(fault->client, client->name, sizeof(fault->client));
}

static void judge(struct tx_numbers *numbers, struct client *client, bool is_new, uint64_t seq,
                  const struct said *said) {
    if (is_new && said->first > 0 && !numbers->is_whole) {
        client->begins_later = true;
        client->next = said->first;
    }
    if (said->first > client->next)
        add_fault(numbers, client, TX_NUMBERS_MISSING, seq, client->next, said->first - 1);
    else if (said->first < client->next)
        add_fault(numbers, client, TX_NUMBERS_AGAIN, seq, said->first,
                  said->last < client->next ? said->last : client->next - 1);
    if (said->last >= client->next)
        client->next = said->last + 1;
    if (!said->is_lost)
        return;
    client->has_lost = true;
    *(said->is_forgotten ? &numbers->forgotten : &numbers->lost) += said->last - said->first + 1;
}

int tx_numbers_take(struct tx_numbers *numbers, uint64_t seq, struct tx_text line) {
    struct client *client;
    struct said said;

    if (!read_line(line, &said))
        return 0;
    size_t n = numbers->n;
    int r = get(numbers, said.client, &client);
    if (r < 0)
        return r;
    if (client)
        judge(numbers, client, numbers->n > n, seq, &said);
    else
        numbers->unseen++;
    return 0;
}

static enum tx_numbers_status status_of(const struct client *client) {
    return client->is_faulty      ? TX_NUMBERS_UNDECLARED
           : client->begins_later ? TX_NUMBERS_LATER
           : client->has_lost     ? TX_NUMBERS_DECLARED
                                  : TX_NUMBERS_COMPLETE;
}

void tx_numbers_total(const struct tx_numbers *numbers, struct tx_numbers_totals *ret) {
    *ret = (struct tx_numbers_totals){
        .lost = numbers->lost,
        .forgotten = numbers->forgotten,
        .unseen = numbers->unseen,
        .n_faults = numbers->n_faults,
        .faults = numbers->faults,
        .n_listed = numbers->n_faults < TX_NUMBERS_FAULTS_MAX ? (size_t)numbers->n_faults
                                                              : TX_NUMBERS_FAULTS_MAX,
    };
    for (size_t i = 0; i < numbers->capacity; i++)
        if (numbers->clients[i].used)
            ret->clients[status_of(&numbers->clients[i])]++;
}
