/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auditd/sandbox/parts.h"
#include "auditd/supervisor/directory.h"
#include "auditd/supervisor/new-log.h"
#include "auditd/supervisor/old-log.h"
#include "auditd/supervisor/setup.h"
#include "libtx/base/fd.h"
#include "libtx/base/file.h"

static char top[] = "/tmp/tx-setup-XXXXXX";
static int top_fd;
static struct tx_conf conf;
static char log_dir[64], keys_dir[64], state_dir[64], vault_dir[64], trace_dir[64],
    trace_keys_dir[64];

static void set_up(void) {
    ck_assert_ptr_nonnull(mkdtemp(top));
    top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(log_dir, sizeof(log_dir), "%s/deep/log", top);
    snprintf(keys_dir, sizeof(keys_dir), "%s/keys", top);
    snprintf(state_dir, sizeof(state_dir), "%s/state", top);
    snprintf(vault_dir, sizeof(vault_dir), "%s/vault", top);
    snprintf(trace_dir, sizeof(trace_dir), "%s/deep/trace", top);
    snprintf(trace_keys_dir, sizeof(trace_keys_dir), "%s/keys-trace", top);
    conf = (struct tx_conf){.vault_dir = vault_dir, .state_dir = state_dir};
    conf.streams[TX_STREAM_AUDIT] = (struct tx_stream){.log_dir = log_dir,
                                                       .keys_dir = keys_dir,
                                                       .origin = (char *)(uintptr_t) "host/audit",
                                                       .origin_is_default = true};
    conf.streams[TX_STREAM_TRACE] = (struct tx_stream){.log_dir = trace_dir,
                                                       .keys_dir = trace_keys_dir,
                                                       .origin = (char *)(uintptr_t) "host/trace",
                                                       .origin_is_default = true};
}

static void tear_down(void) {
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
    close(top_fd);
}

static mode_t mode_of(const char *path) {
    struct stat st;
    ck_assert_msg(fstatat(top_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s", path);
    return st.st_mode & 07777;
}

static bool exists(const char *path) {
    return faccessat(top_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void write_file(const char *path, const char *text) {
    int fd = openat(top_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(tx_fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void assert_file(const char *path, const char *text) {
    struct tx_bytes b = TX_BYTES_INIT;
    ck_assert_msg(tx_file_read_at(top_fd, path, 4096, &b) == 0, "%s", path);
    ck_assert(tx_text_equal((struct tx_text){(char *)b.data, b.len},
                            (struct tx_text){text, strlen(text)}));
    tx_bytes_deinit(&b);
}

static int open_all(struct tx_setup *setup) {
    *setup = TX_SETUP_INIT;
    int r = tx_setup_user(&conf, "test.yaml", TX_TEXT(""), setup);
    if (r >= 0)
        r = tx_setup_directories(&conf, setup);
    return r;
}

/* --- directories --- */

START_TEST(a_vault_is_wanted_once_there_are_keys_of_persons) {
    struct tx_setup setup;
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert(!tx_setup_wants_vault(&conf, &setup));
    write_file("vault/subjects", "");
    ck_assert(tx_setup_wants_vault(&conf, &setup));
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(a_vault_directory_that_cannot_be_used_harms_nothing_while_nothing_needs_it) {
    struct tx_setup setup;
    write_file("vault", "a file");
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(setup.vault_fd, -1);
    ck_assert(!tx_setup_wants_vault(&conf, &setup));
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(missing_directories_are_made_with_their_modes) {
    struct tx_setup setup;
    mode_t before = umask(0077);
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT("version: 1\n"), &setup), 0);
    umask(before);
    ck_assert_int_eq(mode_of("deep"), 0755);
    ck_assert_int_eq(mode_of("deep/log"), 0750);
    ck_assert_int_eq(mode_of("keys"), 0700);
    ck_assert_int_eq(mode_of("vault"), 0700);
    ck_assert_int_eq(mode_of("state"), 0750);
    ck_assert_int_eq(mode_of("state/ledger"), 0700);
    ck_assert_int_eq(mode_of("keys/pseudonym.key"), 0600);
    ck_assert_str_eq(setup.streams[TX_STREAM_AUDIT].origin, "host/audit");
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(another_log_has_its_own_directories_and_the_audit_logs_name) {
    struct tx_setup setup;
    const struct tx_setup_stream *trace = &setup.streams[TX_STREAM_TRACE];
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
    ck_assert(trace->is_open);
    ck_assert_str_eq(trace->origin, "host/trace");
    ck_assert_int_eq(mode_of("deep/trace"), 0750);
    ck_assert_int_eq(mode_of("keys-trace"), 0700);
    ck_assert_int_eq(mode_of("state/ledger-trace"), 0700);
    ck_assert(!exists("state/journald-trace"));
    ck_assert(!tx_setup_has_log(&setup, TX_STREAM_TRACE));
    write_file("deep/trace/log.json", "");
    ck_assert(tx_setup_has_log(&setup, TX_STREAM_TRACE));
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(a_log_that_nobody_named_is_named_after_an_audit_log_that_kept_its_name) {
    struct tx_setup setup;
    ck_assert_int_eq(open_all(&setup), 0);
    write_file("deep/log/log.json",
               "{\"tracex\":\"log\",\"version\":1,\"origin\":\"old/audit\"}\n");
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
    ck_assert_str_eq(setup.streams[TX_STREAM_AUDIT].origin, "old/audit");
    ck_assert_str_eq(setup.streams[TX_STREAM_TRACE].origin, "old/trace");
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(the_audit_log_does_without_another_that_cannot_be_opened) {
    static const char *const obstacles[] = {"deep/trace", "keys-trace", "state/ledger-trace"};
    for (size_t i = 0; i < TX_COUNT_OF(obstacles); i++) {
        struct tx_setup setup;
        ck_assert_int_eq(open_all(&setup), 0); /* makes what is above them */
        tx_setup_deinit(&setup);
        unlinkat(top_fd, obstacles[i], AT_REMOVEDIR);
        write_file(obstacles[i], "a file");
        ck_assert_int_eq(open_all(&setup), 0);
        ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
        ck_assert(setup.streams[TX_STREAM_AUDIT].is_open);
        ck_assert_msg(!setup.streams[TX_STREAM_TRACE].is_open, "%s", obstacles[i]);
        tx_setup_deinit(&setup);
        unlinkat(top_fd, obstacles[i], 0);
    }
}
END_TEST

START_TEST(a_key_directory_that_others_may_read_is_closed) {
    struct tx_setup setup;
    ck_assert_int_eq(mkdirat(top_fd, "keys", 0755), 0);
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(mode_of("keys"), 0700);
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(a_file_in_place_of_a_directory_is_an_error) {
    struct tx_setup setup;
    write_file("keys", "");
    ck_assert_int_eq(open_all(&setup), -ENOTDIR);
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(the_pseudonym_key_stays_the_same_and_a_damaged_one_is_refused) {
    struct tx_setup setup;
    struct tx_bytes first = TX_BYTES_INIT, second = TX_BYTES_INIT;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(open_all(&setup), 0);
        ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
        ck_assert_int_eq(tx_file_read_fd(setup.key_fd, 32, i ? &second : &first), 0);
        tx_setup_deinit(&setup);
    }
    ck_assert_uint_eq(first.len, 32);
    ck_assert_mem_eq(first.data, second.data, 32);
    tx_bytes_deinit(&first);
    tx_bytes_deinit(&second);
    static const char *const damaged[] = {"", "short", "0123456789012345678901234567890123"};
    for (size_t i = 0; i < TX_COUNT_OF(damaged); i++) {
        write_file("keys/pseudonym.key", damaged[i]);
        ck_assert_int_eq(open_all(&setup), 0);
        ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), -EBADMSG);
        tx_setup_deinit(&setup);
    }
}
END_TEST

START_TEST(one_log_has_one_daemon_also_while_only_a_child_lives) {
    struct tx_setup setup;
    int ends[2];
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork(); /* it has the locked descriptor, as the ledger has */
    if (child == 0) {
        char byte;
        close(ends[1]);
        ssize_t ignored = read(ends[0], &byte, 1);
        (void)ignored;
        _exit(0);
    }
    int other = open(log_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_directory_lock(other, 0), -EBUSY);
    tx_setup_deinit(&setup);
    ck_assert_int_eq(tx_directory_lock(other, 0), -EBUSY);
    close(ends[1]);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(tx_directory_lock(other, 0), 0);
    close(other);
    close(ends[0]);
}
END_TEST

START_TEST(root_gives_what_is_in_a_directory_but_no_trap_to_the_user) {
    if (geteuid() != 0)
        return;
    const struct tx_directory_wish wish = {
        .mode = 0700, .set_owner = true, .uid = 12345, .gid = 12345};
    struct stat st;
    int fd;
    ck_assert_int_eq(mkdirat(top_fd, "log", 0700), 0);
    ck_assert_int_eq(mkdirat(top_fd, "log/epochs", 0700), 0);
    write_file("log/epochs/1", "");
    write_file("outside", "");
    ck_assert_int_eq(linkat(top_fd, "outside", top_fd, "log/hard", 0), 0);
    ck_assert_int_eq(symlinkat("../outside", top_fd, "log/soft"), 0);
    char path[64];
    snprintf(path, sizeof(path), "%s/log", top);
    ck_assert_int_eq(tx_directory_open(path, &wish, &fd), 0);
    close(fd);
    ck_assert_int_eq(fstatat(top_fd, "log/epochs/1", &st, 0), 0);
    ck_assert_uint_eq(st.st_uid, 12345);
    ck_assert_int_eq(fstatat(top_fd, "outside", &st, 0), 0);
    ck_assert_uint_eq(st.st_uid, 0);
}
END_TEST

START_TEST(from_a_detached_directory_nothing_above_is_reached) {
    struct tx_directory_wish wish = {.mode = 0700};
    char path[64];
    int plain, detached;
    ck_assert_int_eq(mkdirat(top_fd, "keys", 0700), 0);
    write_file("keys/secret", "");
    snprintf(path, sizeof(path), "%s/log", top);
    ck_assert_int_eq(tx_directory_open(path, &wish, &plain), 0);
    ck_assert_int_eq(faccessat(plain, "../keys/secret", F_OK, 0), 0);
    wish.detached = true;
    ck_assert_int_eq(tx_directory_open(path, &wish, &detached), 0);
    write_file("log/segment", "");
    ck_assert_int_eq(faccessat(detached, "segment", F_OK, 0), 0);
    if (tx_capability_effective(CAP_SYS_ADMIN))
        ck_assert_int_eq(faccessat(detached, "../keys/secret", F_OK, 0), -1);
    ck_assert_int_eq(tx_directory_lock(detached, 0), 0); /* one lock, whichever way it is opened */
    ck_assert_int_eq(tx_directory_lock(plain, 0), -EBUSY);
    close(plain);
    close(detached);
}
END_TEST

/* --- the user --- */

START_TEST(an_unknown_user_is_an_error_with_its_place) {
    struct tx_setup setup = TX_SETUP_INIT;
    conf.user = (char *)(uintptr_t) "no-such-user-anywhere";
    ck_assert_int_eq(tx_setup_user(&conf, "test.yaml", TX_TEXT("version: 1\nuser: x\n"), &setup),
                     -ENOENT);
    conf.user = (char *)(uintptr_t) "root";
    ck_assert_int_eq(tx_setup_user(&conf, "test.yaml", TX_TEXT(""), &setup),
                     geteuid() == 0 ? 0 : -EPERM);
    ck_assert(setup.change_user == (geteuid() == 0));
}
END_TEST

/* --- an existing log --- */

#define LOG_JSON(origin)                                                                           \
    "{\"tracex\":\"log\",\"version\":1,\"origin\":\"" origin "\",\"hash\":\"sha256\"}\n"

START_TEST(an_existing_log_keeps_its_name_unless_the_file_says_another) {
    struct tx_setup setup;
    ck_assert_int_eq(open_all(&setup), 0);
    write_file("deep/log/log.json", LOG_JSON("old/\\\"a\\\\b"));
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
    ck_assert_str_eq(setup.streams[TX_STREAM_AUDIT].origin, "old/\"a\\b");
    tx_setup_deinit(&setup);

    conf.streams[TX_STREAM_AUDIT].origin_is_default = false;
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), -EEXIST);
    tx_setup_deinit(&setup);
    write_file("deep/log/log.json", LOG_JSON("host/audit"));
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(a_damaged_log_json_is_refused) {
    static const char *const damaged[] = {
        "",
        "{}",
        "{\"tracex\":\"log\",\"version\":1,\"origin\":\"",
        "{\"tracex\":\"log\",\"version\":1,\"origin\":\"\"",
        "{\"tracex\":\"log\",\"version\":1,\"origin\":\"a b\"",
        "{\"tracex\":\"log\",\"version\":1,\"origin\":\"a\\u0041\"",
        "{\"tracex\":\"log\",\"version\":1,\"origin\":\"a\xff\"",
    };
    _cleanup_(tx_freep) char *origin = NULL;
    for (size_t i = 0; i < TX_COUNT_OF(damaged); i++) {
        write_file("log.json", damaged[i]);
        ck_assert_msg(tx_old_log_origin(top_fd, &origin) == -EBADMSG, "%s", damaged[i]);
    }
    write_file("log.json", LOG_JSON("a"));
    ck_assert_int_eq(tx_old_log_origin(top_fd, &origin), 0);
    ck_assert_str_eq(origin, "a");
}
END_TEST

/* --- a new log --- */

static const char *set_aside(const char *directory, const char *prefix) {
    static char found[512];
    int fd = openat(top_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fdopendir(fd);
    found[0] = '\0';
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
            snprintf(found, sizeof(found), "%s/%s", directory, e->d_name);
    closedir(dir);
    return found;
}

static void assert_file_in(const char *directory, const char *name, const char *text) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_file(path, text);
}

static void make_old_log(struct tx_setup *setup) {
    ck_assert_int_eq(open_all(setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), setup), 0);
    tx_setup_deinit(setup);
    write_file("deep/log/log.json", LOG_JSON("old/audit"));
    write_file("deep/log/checkpoint", "old/audit\n5\nroot\n\n- sig\n");
    write_file("keys/identity.key", "secret");
    write_file("state/ledger/x", "1");
    write_file("state/unrelated", "2");
    ck_assert_int_eq(open_all(setup), 0);
}

START_TEST(a_new_log_names_the_old_one_and_nothing_is_lost) {
    struct tx_setup setup;
    make_old_log(&setup);
    ck_assert_int_eq(tx_new_log_begin(&conf, TX_STREAM_AUDIT, &setup), 0);
    ck_assert_int_eq(tx_setup_content(&conf, TX_TEXT(""), &setup), 0);
    ck_assert_str_eq(setup.streams[TX_STREAM_AUDIT].origin, "host/audit");
    assert_file("deep/log/continues", "old/audit\nold/audit\n5\nroot\n\n- sig\n");
    ck_assert(!exists("deep/log/log.json"));
    ck_assert(!exists("deep/log.new"));
    ck_assert(!exists("keys/identity.key"));
    ck_assert(exists("keys/pseudonym.key"));
    ck_assert(exists("state/unrelated"));
    assert_file_in(set_aside("deep", "log.set-aside-"), "checkpoint",
                   "old/audit\n5\nroot\n\n- sig\n");
    assert_file_in(set_aside("keys", "set-aside-"), "identity.key", "secret");
    assert_file_in(set_aside("state", "set-aside-"), "ledger/x", "1");
    int other = open(log_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(tx_directory_lock(other, 0), -EBUSY); /* the new one is locked */
    close(other);
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(a_new_log_without_an_old_one_is_just_a_log) {
    struct tx_setup setup;
    ck_assert_int_eq(open_all(&setup), 0);
    ck_assert_int_eq(tx_new_log_begin(&conf, TX_STREAM_AUDIT, &setup), 0);
    ck_assert(!exists("deep/log/continues"));
    ck_assert(!exists("deep/log.new"));
    ck_assert_str_eq(set_aside("deep", "log.set-aside-"), "");
    ck_assert_str_eq(set_aside("keys", "set-aside-"), "");
    tx_setup_deinit(&setup);
}
END_TEST

START_TEST(what_a_crash_left_of_a_new_log_is_finished_or_undone) {
    struct tx_setup setup;
    make_old_log(&setup);
    /* before the exchange */
    ck_assert_int_eq(mkdirat(top_fd, "deep/log.new", 0700), 0);
    write_file("deep/log.new/continues", "old/audit\nnote");
    ck_assert_int_eq(tx_new_log_recover(&conf, TX_STREAM_AUDIT), 0);
    ck_assert(!exists("deep/log.new"));
    ck_assert(exists("deep/log/log.json"));
    /* after it */
    ck_assert_int_eq(renameat(top_fd, "deep/log", top_fd, "deep/log.new"), 0);
    ck_assert_int_eq(mkdirat(top_fd, "deep/log", 0700), 0);
    write_file("deep/log/continues", "old/audit\nnote");
    ck_assert_int_eq(tx_new_log_recover(&conf, TX_STREAM_AUDIT), 0);
    ck_assert(!exists("deep/log.new"));
    ck_assert(exists("deep/log/continues"));
    assert_file_in(set_aside("deep", "log.set-aside-"), "log.json", LOG_JSON("old/audit"));
    ck_assert_int_eq(tx_new_log_recover(&conf, TX_STREAM_AUDIT), 0); /* and nothing is left to do */
    tx_setup_deinit(&setup);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("supervisor-setup");
    TCase *tests = tcase_create("setup");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, missing_directories_are_made_with_their_modes);
    tcase_add_test(tests, a_vault_is_wanted_once_there_are_keys_of_persons);
    tcase_add_test(tests,
                   a_vault_directory_that_cannot_be_used_harms_nothing_while_nothing_needs_it);
    tcase_add_test(tests, another_log_has_its_own_directories_and_the_audit_logs_name);
    tcase_add_test(tests, a_log_that_nobody_named_is_named_after_an_audit_log_that_kept_its_name);
    tcase_add_test(tests, the_audit_log_does_without_another_that_cannot_be_opened);
    tcase_add_test(tests, a_key_directory_that_others_may_read_is_closed);
    tcase_add_test(tests, a_file_in_place_of_a_directory_is_an_error);
    tcase_add_test(tests, the_pseudonym_key_stays_the_same_and_a_damaged_one_is_refused);
    tcase_add_test(tests, one_log_has_one_daemon_also_while_only_a_child_lives);
    tcase_add_test(tests, root_gives_what_is_in_a_directory_but_no_trap_to_the_user);
    tcase_add_test(tests, from_a_detached_directory_nothing_above_is_reached);
    tcase_add_test(tests, an_unknown_user_is_an_error_with_its_place);
    tcase_add_test(tests, an_existing_log_keeps_its_name_unless_the_file_says_another);
    tcase_add_test(tests, a_damaged_log_json_is_refused);
    tcase_add_test(tests, a_new_log_names_the_old_one_and_nothing_is_lost);
    tcase_add_test(tests, a_new_log_without_an_old_one_is_just_a_log);
    tcase_add_test(tests, what_a_crash_left_of_a_new_log_is_finished_or_undone);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
