/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/ipc/control.h"
#include "auditd/ipc/fds.h"
#include "tests/unit/process-check.h"
#include "tests/unit/signer-model.h"

static char directory[64];
static int dirfd_keys;
static struct model model;

static void setup(void) {
    strcpy(directory, "/tmp/tx-process-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dirfd_keys = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    model_init(&model);
}

static void close_ends(void) {
    if (control >= 0)
        close(control);
    if (model.fd >= 0)
        close(model.fd);
    control = model.fd = -1;
}

static void teardown(void) {
    close_ends();
    model_deinit(&model);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
    close(dirfd_keys);
}

static _Noreturn void exec_signer(int control_end, int ledger_end, const char *user) {
    const char *arguments[] = {"tracex-signer",
                               "--origin",
                               MODEL_ORIGIN,
                               "--epoch-ns",
                               "900000000000",
                               "--epoch-records",
                               "1000",
                               "--config-name",
                               "/etc/tracex.yaml",
                               "--uid",
                               user,
                               "--gid",
                               user,
                               NULL};
    if (!user)
        arguments[9] = NULL;
    static const int wanted[] = {TX_FD_CONTROL, TX_FD_SIGNER_LEDGER, TX_FD_SIGNER_KEYS};
    int have[] = {control_end, ledger_end, dirfd_keys};
    become(TX_TEST_SIGNER, arguments, have, wanted, TX_COUNT_OF(wanted));
}

static void start_as(const char *user) {
    int control_pair[2], ledger_pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control_pair), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ledger_pair), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        exec_signer(control_pair[1], ledger_pair[1], user);
    close(control_pair[1]);
    close(ledger_pair[1]);
    control = control_pair[0];
    model.fd = ledger_pair[0];
}

static void start(void) {
    start_as(NULL);
}

static struct tx_control ask_control(enum tx_control_type type, uint64_t argument) {
    struct tx_control message = {.type = type, .argument = argument, .fd = -1};
    ck_assert_int_eq(tx_control_send(control, &message), 0);
    return hear();
}

static void take_keys(struct tx_vkey *identity, struct tx_vkey *epoch0) {
    static struct tx_notary_reply reply;
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    ck_assert_int_eq(model_ask(&model, &hello, &reply), 0);
    *identity = reply.state.identity;
    *epoch0 = reply.state.epoch0;
}

static void live(void) {
    for (unsigned i = 1; i < 5; i++) {
        model_write(&model, i);
        ck_assert_int_eq(model_grow(&model, i % 2 == 0), 0);
        model_write(&model, i % 3);
        ck_assert_int_eq(model_rotate(&model), 0);
    }
}

START_TEST(it_lives_within_its_sandbox_and_stops_when_told) {
    struct tx_vkey identity, epoch0;
    start();
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_READY);
    ck_assert(has(message.payload, "\"seccomp\":true"));
    ck_assert(has(message.payload, "\"no_new_privileges\":true"));
    take_keys(&identity, &epoch0);
    live();
    message = ask_control(TX_CONTROL_PING, 42);
    ck_assert_int_eq(message.type, TX_CONTROL_PONG);
    ck_assert_uint_eq(message.argument, 42);
    message = ask_control(TX_CONTROL_STATUS_GET, 0);
    ck_assert_int_eq(message.type, TX_CONTROL_STATUS);
    ck_assert(has(message.payload, "{\"signer\":{\"size\":"));
    ck_assert(has(message.payload, "\"epoch\":4,"));
    message = ask_control(TX_CONTROL_STOP, 0);
    ck_assert_int_eq(message.type, TX_CONTROL_STOPPED);
    check_exit(0);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 4);
}
END_TEST

START_TEST(without_its_supervisor_it_serves_the_ledger_until_that_is_gone_too) {
    for (int round = 0; round < 4; round++) {
        start();
        ck_assert_int_eq(hear().type, TX_CONTROL_READY);
        ck_assert_int_eq(model_recover(&model), 0);
        model_write(&model, 1);
        ck_assert_int_eq(model_grow(&model, false), 0);
        if (round % 2) {
            close(control);
            control = -1;
            model_write(&model, 1);
            ck_assert_int_eq(model_grow(&model, false), 0);
        }
        close(model.fd);
        model.fd = -1;
        check_exit(0);
        close_ends();
    }
}
END_TEST

START_TEST(killed_between_any_two_requests_it_goes_on) {
    struct tx_vkey identity, epoch0;
    for (unsigned round = 0; round < 8; round++) {
        start();
        ck_assert_int_eq(hear().type, TX_CONTROL_READY);
        if (round == 0)
            take_keys(&identity, &epoch0);
        ck_assert_int_eq(model_recover(&model), 0);
        model_write(&model, 2);
        ck_assert_int_eq(round % 3 == 2 ? model_rotate(&model) : model_grow(&model, round % 3 == 1),
                         0);
        kill(pid, SIGKILL);
        ck_assert(WIFSIGNALED(wait_status()));
        close_ends();
    }
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 2);
}
END_TEST

START_TEST(noise_from_the_ledger_does_not_end_it) {
    static uint8_t noise[TX_NOTARY_MESSAGE_BYTES];
    struct tx_vkey identity, epoch0;
    start();
    ck_assert_int_eq(hear().type, TX_CONTROL_READY);
    take_keys(&identity, &epoch0);
    for (size_t n = 1; n <= sizeof(noise); n = n * 3 + 1) {
        uint8_t reply[64];
        memset(noise, (int)(n | 0x80), n);
        ck_assert_int_eq(send(model.fd, noise, n, 0), (ssize_t)n);
        ck_assert_int_eq(recv(model.fd, reply, sizeof(reply), 0), 2);
        ck_assert_uint_eq(reply[0], TX_NOTARY_ERROR);
        ck_assert_uint_eq(reply[1], TX_NOTARY_E_MALFORMED);
    }
    live();
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 4);
    ck_assert_int_eq(ask_control(TX_CONTROL_STOP, 0).type, TX_CONTROL_STOPPED);
    check_exit(0);
}
END_TEST

static void check_owner(const char *name, uid_t uid) {
    struct stat st;
    ck_assert_int_eq(fstatat(dirfd_keys, name, &st, 0), 0);
    ck_assert_uint_eq(st.st_uid, uid);
}

START_TEST(started_by_root_it_becomes_the_user_who_owns_its_files) {
    struct tx_vkey identity, epoch0;
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(fchown(dirfd_keys, 65534, 65534), 0);
    for (int round = 0; round < 2; round++) {
        start_as("65534");
        struct tx_control message = hear();
        ck_assert_int_eq(message.type, TX_CONTROL_READY);
        ck_assert(has(message.payload, "\"user_changed\":true"));
        ck_assert(has(message.payload, "\"no_capabilities\":true"));
        if (round == 0) {
            take_keys(&identity, &epoch0);
            live();
        }
        ck_assert_int_eq(model_recover(&model), 0);
        ck_assert_int_eq(ask_control(TX_CONTROL_STOP, 0).type, TX_CONTROL_STOPPED);
        check_exit(0);
        close_ends();
    }
    check_owner("identity.key", 65534);
    check_owner("epoch-4.key", 65534);
    check_owner("signer.state", 65534);
    ck_assert_uint_eq(model_check(&model, &identity, &epoch0), 4);
}
END_TEST

START_TEST(a_lost_identity_is_fatal_and_says_what_to_do) {
    start();
    ck_assert_int_eq(hear().type, TX_CONTROL_READY);
    ck_assert_int_eq(ask_control(TX_CONTROL_STOP, 0).type, TX_CONTROL_STOPPED);
    check_exit(0);
    close_ends();
    ck_assert_int_eq(unlinkat(dirfd_keys, "identity.key", 0), 0);
    start();
    struct tx_control message = hear();
    ck_assert_int_eq(message.type, TX_CONTROL_FATAL);
    ck_assert(has(message.payload, directory));
    ck_assert(has(message.payload, "/identity.key"));
    ck_assert(has(message.payload, "tracex-auditd --new-log -c /etc/tracex.yaml"));
    check_exit(1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signer-process");
    TCase *tests = tcase_create("tracex-signer");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, it_lives_within_its_sandbox_and_stops_when_told);
    tcase_add_test(tests, without_its_supervisor_it_serves_the_ledger_until_that_is_gone_too);
    tcase_add_test(tests, killed_between_any_two_requests_it_goes_on);
    tcase_add_test(tests, noise_from_the_ledger_does_not_end_it);
    tcase_add_test(tests, started_by_root_it_becomes_the_user_who_owns_its_files);
    tcase_add_test(tests, a_lost_identity_is_fatal_and_says_what_to_do);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
