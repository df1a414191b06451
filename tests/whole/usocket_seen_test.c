/* What usocket was seen to do; each row with what it should have given where it is wrong. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <unistd.h>

#include "../support/sock_support.h"

/* Neither refused nor timed-out connects leave anything open. */
START_TEST(no_descriptor_leaks)
{
	int full[SOCK_FULL], dead, refusing = sock_dead_port(SOCK_TCP4, &dead);
	int port = sock_full("127.0.0.1", 0, full), fds = sock_open_fds();

	for (int i = 0; i < 20; i++)
		ck_assert_ptr_null(fsock_connect("127.0.0.1", refusing, NULL));
	for (int i = 0; i < 5; i++)
		ck_assert_ptr_null(
		    fsock_connect("127.0.0.1", port, &(struct fsock_options){ .timeout = 0.005 }));
	ck_assert_int_eq(sock_open_fds(), fds);
	sock_full_free(full);
	close(dead);
}
END_TEST

/* The restarts use-other-port and retry: in C a loop round the call. */
START_TEST(use_other_port)
{
	int dead, refusing = sock_dead_port(SOCK_TCP4, &dead);
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s = NULL;
	int ports[] = { refusing, fsock_local_port(listener) }, tries = 0;

	for (; s == NULL && tries < 2; tries++)
		s = fsock_connect("127.0.0.1", ports[tries], NULL);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(tries, 2);
	fsock_close(s);
	fsock_close(listener);
	close(dead);
}
END_TEST

/* usocket connects to :local-host when that is given. */
START_TEST(local_host_is_not_the_peer)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	char host[FSOCK_ADDR_TEXT_SIZE];

	s = fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .local_host = "127.0.0.2" });
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(fsock_peer_address(s, host, sizeof host), "127.0.0.1");
	ck_assert_str_eq(fsock_local_address(s, host, sizeof host), "127.0.0.2");
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

/* TCP_NODELAY is on at both ends; usocket's accepted sockets go without. */
START_TEST(nodelay_at_both_ends)
{
	fsock *ends[2];

	sock_link(SOCK_TCP4, NULL, ends);
	for (int i = 0; i < 2; i++) {
		int on = 0;
		socklen_t length = sizeof on;

		ck_assert_int_eq(
		    getsockopt(fsock_socket(ends[i]), IPPROTO_TCP, TCP_NODELAY, &on, &length), 0);
		ck_assert_int_ne(on, 0);
		fsock_close(ends[i]);
	}
}
END_TEST

/* usocket throws away what is buffered when a socket is closed or shut down. */
static int
end_by_shutdown(fsock *s)
{
	return fsock_shutdown(s, FSOCK_OUTPUT);
}

static int
end_by_fclose(fsock *s)
{
	return fclose(fsock_stream(s));
}

static int (*const ends_of_output[])(fsock *) = { fsock_close, end_by_shutdown, end_by_fclose };

START_TEST(buffered_output_arrives)
{
	char buf[16];
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);

	ck_assert_int_ge(fputs("buffered", fsock_stream(s)), 0);
	ck_assert_int_eq(ends_of_output[_i](s), 0);
	ck_assert_int_eq(sock_read_all(peer, buf, sizeof buf), 8);
	if (_i > 0)
		ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* Each way ends by itself: what a client sent to the end of is answered. */
START_TEST(half_close)
{
	fsock *ends[2];
	char line[16];

	sock_link(SOCK_TCP4, NULL, ends);
	ck_assert_int_ge(fputs("question", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[1])));
	ck_assert_str_eq(line, "question");
	ck_assert_int_ne(feof(fsock_stream(ends[1])), 0);
	ck_assert_int_ge(fputs("answer\n", fsock_stream(ends[1])), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[0])));
	ck_assert_str_eq(line, "answer\n");
	ck_assert_int_eq(fgetc(fsock_stream(ends[0])), EOF);
	ck_assert_int_eq(fsock_close(ends[0]), 0);
}
END_TEST

/* A client that has gone when it is accepted is read to its end. */
START_TEST(client_gone_already)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *served;

	ck_assert_int_eq(
	    fsock_close(fsock_connect("127.0.0.1", fsock_local_port(listener), NULL)), 0);
	served = fsock_accept(listener, NULL);
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fgetc(fsock_stream(served)), EOF);
	ck_assert_int_ne(feof(fsock_stream(served)), 0);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/*
 * A reset while reading, and a pipe broken while writing, have kinds; usocket passes them on raw.
 */
START_TEST(reset_is_mapped)
{
	fsock *ends[2];

	sock_link(SOCK_TCP4, NULL, ends);
	ck_assert_int_eq(fsock_abort(ends[1]), 0);
	ck_assert_int_eq(fgetc(fsock_input(ends[0])), EOF);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	ck_assert_int_ge(fputs("x", fsock_output(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_output(ends[0])), EOF);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_close(ends[0]), -1);
}
END_TEST

/* Descriptors beyond what select(2) can hold. */
static int
use_high_descriptors(void *arg)
{
	const struct fsock_options options = { .timeout = 20, .deadline = 20 };
	struct rlimit limit;
	fsock *listener, *client, *served;
	char line[16];
	int fd = 0;

	(void)arg;
	SOCK_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < 1200) {
		fprintf(stderr, "passed over: so many descriptors are not to be had here\n");
		return 0;
	}
	limit.rlim_cur = limit.rlim_max < 2000 ? limit.rlim_max : 2000;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (fd >= 0 && fd < 1100)
		fd = dup(2);
	SOCK_EXPECT(fd >= 1100);
	listener = fsock_listen("127.0.0.1", 0, NULL);
	SOCK_EXPECT(listener != NULL && fsock_socket(listener) > 1100);
	client = fsock_connect("127.0.0.1", fsock_local_port(listener), &options);
	SOCK_EXPECT(client != NULL);
	served = fsock_accept(listener, &options);
	SOCK_EXPECT(served != NULL);
	SOCK_EXPECT(
	    fputs("high\n", fsock_stream(client)) >= 0 && fflush(fsock_stream(client)) == 0);
	SOCK_EXPECT(fgets(line, sizeof line, fsock_stream(served)) != NULL);
	SOCK_EXPECT(strcmp(line, "high\n") == 0);
	SOCK_EXPECT(fsock_close(client) == 0 && fsock_close(served) == 0);
	return fsock_close(listener);
}

START_TEST(more_than_1024_descriptors)
{
	ck_assert_int_eq(sock_child(use_high_descriptors, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("usocket seen");
	TCase *seen = tcase_create("what was seen");

	tcase_add_test(seen, no_descriptor_leaks);
	tcase_add_test(seen, use_other_port);
	tcase_add_test(seen, local_host_is_not_the_peer);
	tcase_add_test(seen, nodelay_at_both_ends);
	tcase_add_loop_test(seen, buffered_output_arrives, 0, COUNT(ends_of_output));
	tcase_add_test(seen, half_close);
	tcase_add_test(seen, client_gone_already);
	tcase_add_test(seen, reset_is_mapped);
	tcase_add_test(seen, more_than_1024_descriptors);
	suite_add_tcase(suite, seen);
	return sock_run(suite);
}
