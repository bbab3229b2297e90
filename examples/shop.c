/* SPDX-License-Identifier: MIT */
/*
 * A shop that says what its customers do. Build it with
 *     cc shop.c $(pkg-config --cflags --libs tracex) -o shop
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tracex/audit.h>

struct customer {
    const char *id;
    const char *email;
    const char *password;
    const char *card;
    const char *iban;
};

static const struct customer alice = {
    .id = "u-17",
    .email = "alice@example.org",
    .password = "correct horse battery staple",
    .card = "4111 1111 1111 1111",
    .iban = "DE89 3704 0044 0532 0130 00",
};

/* What goes wrong with a record must not hurt the shop; an operator wants to know. */
static void check(const char *what, int r) {
    if (r < 0)
        fprintf(stderr, "%s was not logged: %s\n", what, strerror(-r));
}

static void log_in(const struct customer *customer, const char *password) {
    bool right = strcmp(password, customer->password) == 0;

    /* A name that says what it holds is masked by the built-in rules; no label is needed. */
    check("login", tx_audit_log("user.login", right ? TX_SUCCESS : TX_DENIED,
                                TX_STR("actor.id", customer->id), TX_STR("email", customer->email),
                                TX_STR("password", password), TX_STR("ip", "198.51.100.23")));
}

static void pay(const struct customer *customer, int64_t cents) {
    check("payment", tx_audit_log("payment.card", TX_SUCCESS, TX_STR("actor.id", customer->id),
                                  TX_STR("card", customer->card), TX_I64("amount_cents", cents),
                                  TX_STR("currency", "EUR"), TX_BOOL("recurring", false)));
}

/* Money that leaves: go on only when the record is on disk and in the tree. */
static int refund(const struct customer *customer, int64_t cents) {
    struct tx_receipt receipt;
    int r = tx_audit_log_durable("payment.refund", TX_SUCCESS, &receipt,
                                 TX_STR("actor.id", customer->id), TX_STR("iban", customer->iban),
                                 TX_I64("amount_cents", cents), TX_BOOL("approved", true));

    check("refund", r);
    if (r == 0)
        printf("the refund is record %llu, id %s\n", (unsigned long long)receipt.seq, receipt.id);
    return r;
}

/* Words that people type hold anything; detectors look into every text. And what no rule can guess
 * gets a label. */
static void support(const struct customer *customer) {
    check("ticket",
          tx_audit_log(
              "support.ticket", TX_SUCCESS, TX_STR("actor.id", customer->id),
              TX_STR("text", "My card 4111 1111 1111 1111 fails, write to alice@example.org"),
              TX_PII(TX_STR("nickname", "Al of Wonderland")),
              TX_SECRET(TX_U64("door_code", 271828))));
}

/* What the macros leave out: severity, a text for people, a correlation id. */
static void export_all(void) {
    const struct tx_kv fields[] = {TX_STR("actor.id", "admin"), TX_U64("rows", 120000),
                                   TX_JSON("columns", "[\"id\", \"email\"]")};
    struct tx_event event = TX_EVENT_INIT;

    event.name = "customer.export";
    event.outcome = TX_DENIED;
    event.severity = TX_SEV_WARNING;
    event.message = "An administrator tried to export the whole table of customers";
    event.correlation_id = "request-7f3a";
    event.fields = fields;
    event.n_fields = sizeof(fields) / sizeof(fields[0]);
    check("export", tx_audit_emit(&event));
}

/* Customers take their time. */
static void pause_briefly(void) {
    const struct timespec pause = {.tv_nsec = 150000000};
    nanosleep(&pause, NULL);
}

int main(void) {
    log_in(&alice, "correct horse battery stable");
    log_in(&alice, alice.password);
    pause_briefly();
    pay(&alice, 4200);
    pause_briefly();
    support(&alice);
    export_all();
    pause_briefly();
    int r = refund(&alice, 4200);
    check("something", tx_flush(2000)); /* before the end, to be sure of the others too */
    return r < 0 ? 1 : 0;
}
