/* SPDX-License-Identifier: MIT */
/* Both sides of a ring, and what they make of each other's lies. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libtx/ring/consumer.h"
#include "libtx/ring/file.h"
#include "libtx/ring/producer.h"

#define CAPACITY ((size_t)TX_LIMIT_RING_LEAST)

static int fd = -1;
static struct tx_ring_header *written, *read_;
static struct tx_ring_producer producer;
static struct tx_ring_consumer consumer;
static uint8_t memory[TX_LIMIT_RING_FRAME];

static void set_up(void) {
    ck_assert_int_eq(tx_ring_file_make(CAPACITY, &fd), 0);
    ck_assert_int_eq(tx_ring_file_map_twice(fd, CAPACITY, &written), 0);
    ck_assert_int_eq(tx_ring_file_map(fd, CAPACITY, &read_), 0);
    tx_ring_producer_init(&producer, written, CAPACITY);
    tx_ring_consumer_init(&consumer, read_, CAPACITY, 0, 0);
}

static void tear_down(void) {
    tx_ring_file_unmap_twice(written, CAPACITY);
    tx_ring_file_unmap(read_, CAPACITY);
    close(fd);
}

/* A frame that can be told from every other one. */
static uint8_t byte_of(uint64_t n, size_t i) {
    return (uint8_t)(n * 31 + i * 7 + (n >> 8));
}

static bool put(size_t n_bytes) {
    size_t room;
    uint64_t n = producer.next_n;
    uint8_t *to = tx_ring_begin(&producer, &room);

    if (n_bytes > room) {
        tx_ring_drop(&producer, 1, n_bytes);
        return false;
    }
    memcpy(to, &n, sizeof(n));
    for (size_t i = sizeof(n); i < n_bytes; i++)
        to[i] = byte_of(n, i);
    tx_ring_commit(&producer, n_bytes);
    return true;
}

/* The number of the frame in `memory`, which is as it was put. */
static uint64_t check(size_t n_bytes) {
    uint64_t n;
    bool same = true;

    memcpy(&n, memory, sizeof(n));
    for (size_t i = sizeof(n); i < n_bytes; i++)
        same &= memory[i] == byte_of(n, i);
    ck_assert(same);
    return n;
}

static uint64_t take(size_t n_bytes) {
    size_t n;

    ck_assert_int_eq(tx_ring_next(&consumer, memory, sizeof(memory), &n), 0);
    ck_assert_uint_eq(n, n_bytes);
    return check(n);
}

static void assert_next(int expected) {
    size_t n;
    ck_assert_int_eq(tx_ring_next(&consumer, memory, sizeof(memory), &n), expected);
}

/* --- the ordinary way --- */

START_TEST(frames_come_out_as_they_went_in) {
    assert_next(TX_RING_E_EMPTY);
    ck_assert(put(8) && put(300) && put(13));
    ck_assert_uint_eq(take(8), 0);
    ck_assert_uint_eq(take(300), 1);
    ck_assert_uint_eq(take(13), 2);
    assert_next(TX_RING_E_EMPTY);
}
END_TEST

START_TEST(a_frame_goes_on_at_the_beginning) {
    for (uint64_t n = 0; n < 5000; n++) {
        ck_assert(put(1000));
        ck_assert_uint_eq(take(1000), n);
        tx_ring_publish(&consumer, consumer.at);
    }
    ck_assert_uint_gt(producer.head, 10 * CAPACITY);
}
END_TEST

START_TEST(the_largest_frame_fits_the_least_ring) {
    ck_assert(put(TX_LIMIT_RING_FRAME));
    take(TX_LIMIT_RING_FRAME);
}
END_TEST

START_TEST(what_does_not_fit_is_dropped_and_its_number_left_out) {
    uint64_t n = 0, accounted;

    while (put(1000))
        n++;
    ck_assert(!put(1000));
    ck_assert_uint_eq(producer.next_n, n + 2);
    ck_assert_uint_eq(read_->dropped, 2);
    ck_assert_uint_eq(read_->dropped_bytes, 2000);
    for (uint64_t i = 0; i < n; i++)
        ck_assert_uint_eq(take(1000), i);
    assert_next(TX_RING_E_EMPTY);
    ck_assert(tx_ring_accounted(&consumer, &accounted));
    ck_assert_uint_eq(accounted, n + 2);
    ck_assert(!put(1000)); /* nobody was told that it is drained */
    tx_ring_publish(&consumer, consumer.at);
    ck_assert(put(1000));
    ck_assert_uint_eq(take(1000), n + 3);
}
END_TEST

START_TEST(nothing_is_accounted_for_while_a_frame_is_unread) {
    uint64_t accounted;

    tx_ring_drop(&producer, 5, 100);
    ck_assert(put(100));
    ck_assert(!tx_ring_accounted(&consumer, &accounted));
    ck_assert_uint_eq(take(100), 5);
    assert_next(TX_RING_E_EMPTY);
    ck_assert(tx_ring_accounted(&consumer, &accounted));
    ck_assert_uint_eq(accounted, 5);
}
END_TEST

START_TEST(a_bell_is_asked_for_anew_each_time) {
    uint32_t seen = tx_ring_bell(&producer);

    for (int i = 0; i < 10; i++) {
        tx_ring_ask_bell(&consumer);
        ck_assert_uint_ne(tx_ring_bell(&producer), seen);
        seen = tx_ring_bell(&producer);
    }
    ck_assert_int_eq(tx_ring_fate(&producer), TX_RING_NEW);
    tx_ring_end(&consumer, TX_RING_REFUSED);
    ck_assert_uint_ne(tx_ring_bell(&producer), seen);
    ck_assert_int_eq(tx_ring_fate(&producer), TX_RING_REFUSED);
}
END_TEST

START_TEST(what_is_stored_is_wiped) {
    for (int i = 0; i < 400; i++) {
        ck_assert(put(1000));
        take(1000);
        tx_ring_publish(&consumer, consumer.at);
    }
    for (size_t i = 0; i < CAPACITY; i++)
        if (producer.data[i] != 0)
            ck_abort_msg("byte %zu is left", i);
}
END_TEST

START_TEST(what_was_not_stored_moves_to_fresh_memory) {
    struct tx_ring_header *fresh, *fresh_read;
    int other;

    for (int i = 0; i < 700; i++) { /* beyond the end */
        ck_assert(put(700));
        take(700);
        tx_ring_publish(&consumer, consumer.at);
    }
    ck_assert(put(100) && put(50));
    tx_ring_drop(&producer, 1, 1);
    ck_assert_int_eq(tx_ring_file_make(CAPACITY, &other), 0);
    ck_assert_int_eq(tx_ring_file_map_twice(other, CAPACITY, &fresh), 0);
    ck_assert_int_eq(tx_ring_file_map(other, CAPACITY, &fresh_read), 0);
    tx_ring_move(&producer, fresh);
    tx_ring_consumer_init(&consumer, fresh_read, CAPACITY, 0, 0);
    ck_assert(put(20));
    ck_assert_uint_eq(take(100), 700);
    ck_assert_uint_eq(take(50), 701);
    ck_assert_uint_eq(take(20), 703);
    ck_assert_uint_eq(fresh_read->dropped, 1);
    tx_ring_file_unmap(fresh_read, CAPACITY);
    tx_ring_file_unmap_twice(fresh, CAPACITY);
    close(other);
}
END_TEST

/* --- a model --- */

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t random_below(uint64_t n) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 0x2545f4914f6cdd1du) % n;
}

struct model {
    uint64_t n[8192];
    size_t size[8192];
    size_t first, count, at, in_use; /* at: of those that are not taken yet */
};

static void step(struct model *m) {
    size_t n = 8 + (size_t)random_below(random_below(6) ? 2000 : 60000);

    switch (random_below(5)) {
    case 0:
    case 1: {
        uint64_t number = producer.next_n;
        bool fits = CAPACITY - m->in_use >= tx_ring_frame_bytes(n);
        ck_assert(put(n) == fits);
        if (!fits)
            return;
        m->n[(m->first + m->count) % 8192] = number;
        m->size[(m->first + m->count++) % 8192] = n;
        m->in_use += tx_ring_frame_bytes(n);
        return;
    }
    case 2:
    case 3:
        if (m->at == m->count) {
            assert_next(TX_RING_E_EMPTY);
            return;
        }
        ck_assert_uint_eq(take(m->size[(m->first + m->at) % 8192]),
                          m->n[(m->first + m->at) % 8192]);
        m->at++;
        return;
    default:
        tx_ring_publish(&consumer, consumer.at);
        for (; m->at > 0; m->at--, m->count--, m->first++)
            m->in_use -= tx_ring_frame_bytes(m->size[m->first % 8192]);
    }
}

START_TEST(it_behaves_like_a_list_for_twenty_thousand_random_steps) {
    static struct model model;

    for (int i = 0; i < 20000; i++)
        step(&model);
    ck_assert_uint_gt(producer.head, 20 * CAPACITY);
    ck_assert_uint_gt(read_->dropped, 10);
}
END_TEST

/* --- dying --- */

#define KILLS 100

/* A producer that is killed at some instruction leaves whole frames, and each that was counted. */
START_TEST(a_producer_that_is_killed_leaves_whole_frames_in_order) {
    uint64_t *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t n;

    for (int i = 0; i < KILLS; i++) {
        tear_down();
        set_up();
        *count = 0;
        pid_t pid = fork(); /* which has no mapping of the producer's any more */
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            if (tx_ring_file_map_twice(fd, CAPACITY, &written) < 0)
                _exit(1);
            tx_ring_producer_init(&producer, written, CAPACITY);
            for (size_t k = 0;; k++)
                if (put(8 + k * 37 % 900))
                    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
        }
        usleep((useconds_t)random_below(2000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        uint64_t seen = 0, last = 0, number;
        while (tx_ring_next(&consumer, memory, sizeof(memory), &n) == 0) {
            number = check(n);
            ck_assert(seen == 0 || number > last);
            last = number;
            seen++;
        }
        assert_next(TX_RING_E_EMPTY);
        ck_assert(seen == *count || seen == *count + 1);
    }
    munmap(count, 4096);
}
END_TEST

/* --- lies --- */

static void assert_bad(void) {
    assert_next(-EBADMSG);
    tx_ring_consumer_init(&consumer, read_, CAPACITY, 0, 0);
}

START_TEST(a_head_that_cannot_be_is_refused) {
    static const uint64_t heads[] = {
        4, 12, UINT64_MAX, UINT64_MAX - 7, CAPACITY + 8, UINT64_C(1) << 63};

    ck_assert(put(100));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        written->head = heads[i];
        assert_bad();
    }
    written->head = tx_ring_frame_bytes(100);
    assert_next(0); /* the control */
}
END_TEST

START_TEST(a_length_that_cannot_be_is_refused) {
    static const uint32_t lengths[] = {0,          101,           200, TX_LIMIT_RING_FRAME + 1,
                                       UINT32_MAX, UINT32_MAX - 3};

    ck_assert(put(100));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memcpy(producer.data, &lengths[i], sizeof(lengths[i]));
        assert_bad();
    }
}
END_TEST

START_TEST(a_frame_that_is_longer_than_the_caller_takes_is_refused) {
    size_t n;

    ck_assert(put(100));
    ck_assert_int_eq(tx_ring_next(&consumer, memory, 99, &n), -EBADMSG);
}
END_TEST

START_TEST(a_tail_that_cannot_be_makes_the_producer_drop) {
    size_t room;

    for (int i = 0; i < 3; i++)
        ck_assert(put(60000));
    read_->tail = UINT64_MAX / 2;
    tx_ring_begin(&producer, &room);
    ck_assert_uint_eq(room, 0);
    ck_assert(!put(8));
    read_->tail = producer.head;
    ck_assert(put(8)); /* the control */
}
END_TEST

struct scribbler {
    uint8_t *p;
    bool stop;
};

static void *scribble(void *data) {
    struct scribbler *s = data;
    uint64_t state = 88172645463325252u;

    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        size_t at = (state >> 8) % (TX_RING_HEADER_BYTES + CAPACITY - 8) & ~(size_t)7;
        uint64_t v = state & 1 ? state >> 40 : state & 2 ? (state >> 20) * 8 : 0;
        if (state & 4)
            at = offsetof(struct tx_ring_header, head);
        if (state & 24)
            v &= 0xffff8;
        __atomic_store_n((uint64_t *)(void *)(s->p + at), v, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Whatever happens to the memory meanwhile: the reader stays within it, and each frame within what
 * it was given. Run with AddressSanitizer, and with a page that may not be touched behind it. */
START_TEST(one_that_scribbles_over_everything_does_no_harm) {
    struct scribbler scribbler = {.p = (uint8_t *)written};
    uint64_t n_frames = 0, n_bad = 0, accounted;
    pthread_t thread;
    size_t n;

    ck_assert_int_eq(pthread_create(&thread, NULL, scribble, &scribbler), 0);
    for (int i = 0; i < 100000 || (n_bad == 0 && i < 4000000); i++) {
        int r = tx_ring_next(&consumer, memory, sizeof(memory), &n);
        if (r != 0 && r != TX_RING_E_EMPTY && r != -EBADMSG)
            ck_abort_msg("it says %d", r);
        n_frames += r == 0;
        if (r == 0 && (n == 0 || n > sizeof(memory)))
            ck_abort_msg("a frame of %zu bytes", n);
        n_bad += r == -EBADMSG;
        (void)tx_ring_accounted(&consumer, &accounted);
        tx_ring_publish(&consumer, consumer.at);
        if (r == -EBADMSG)
            tx_ring_consumer_init(&consumer, read_, CAPACITY, (uint64_t)i * 8, 0);
        if (i % 3 == 0 && !put(8 + (size_t)i % 500))
            tx_ring_look(&producer);
    }
    __atomic_store_n(&scribbler.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    ck_assert_uint_gt(n_bad, 0);
    ck_assert_uint_gt(n_frames, 0);
}
END_TEST

/* --- the file --- */

static void assert_refused(int other) {
    size_t capacity;
    ck_assert_int_eq(tx_ring_file_check(other, &capacity), -EINVAL);
    close(other);
}

static int memory_file(off_t size, int seals) {
    int other = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_ge(other, 0);
    ck_assert_int_eq(ftruncate(other, size), 0);
    ck_assert_int_eq(fcntl(other, F_ADD_SEALS, seals), 0);
    return other;
}

START_TEST(only_memory_whose_size_stays_is_taken) {
    const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const off_t right = TX_RING_HEADER_BYTES + (off_t)CAPACITY;
    size_t capacity;
    int pipes[2];

    ck_assert_int_eq(tx_ring_file_check(fd, &capacity), 0);
    ck_assert_uint_eq(capacity, CAPACITY);
    assert_refused(memory_file(right, F_SEAL_GROW | F_SEAL_SEAL));
    assert_refused(memory_file(right, F_SEAL_SHRINK | F_SEAL_GROW));
    assert_refused(memory_file(right + 4096, all));
    assert_refused(memory_file(right - 4096, all));
    assert_refused(memory_file(0, all));
    assert_refused(memory_file(TX_RING_HEADER_BYTES + 2 * (off_t)TX_LIMIT_RING_MOST, all));
    assert_refused(open("/dev/zero", O_RDWR | O_CLOEXEC));
    assert_refused(open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
    ck_assert_int_eq(pipe(pipes), 0);
    assert_refused(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(a_child_has_no_mapping_of_it) {
    int status;

    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile uint64_t *)&written->head = 1;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
    ck_assert_uint_eq(read_->head, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ring-ring");
    TCase *tests = tcase_create("ring");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, frames_come_out_as_they_went_in);
    tcase_add_test(tests, a_frame_goes_on_at_the_beginning);
    tcase_add_test(tests, the_largest_frame_fits_the_least_ring);
    tcase_add_test(tests, what_does_not_fit_is_dropped_and_its_number_left_out);
    tcase_add_test(tests, nothing_is_accounted_for_while_a_frame_is_unread);
    tcase_add_test(tests, a_bell_is_asked_for_anew_each_time);
    tcase_add_test(tests, what_is_stored_is_wiped);
    tcase_add_test(tests, what_was_not_stored_moves_to_fresh_memory);
    tcase_add_test(tests, it_behaves_like_a_list_for_twenty_thousand_random_steps);
    tcase_add_test(tests, a_producer_that_is_killed_leaves_whole_frames_in_order);
    tcase_add_test(tests, a_head_that_cannot_be_is_refused);
    tcase_add_test(tests, a_length_that_cannot_be_is_refused);
    tcase_add_test(tests, a_frame_that_is_longer_than_the_caller_takes_is_refused);
    tcase_add_test(tests, a_tail_that_cannot_be_makes_the_producer_drop);
    tcase_add_test(tests, one_that_scribbles_over_everything_does_no_harm);
    tcase_add_test(tests, only_memory_whose_size_stays_is_taken);
    tcase_add_test(tests, a_child_has_no_mapping_of_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
