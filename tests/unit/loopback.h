/*
 * loopback: a server of plain HTTP on loopback that says what a test has written down.
 */
#ifndef PB_TESTS_UNIT_LOOPBACK_H
#define PB_TESTS_UNIT_LOOPBACK_H

#include "tests/unit/scratch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOOPBACK_MOST 64
#define LOOPBACK_TEXT 16384

/* What is said to the n-th request; the last one is said to all behind it. */
struct loopback_step {
	const char *answer; /* NULL: the connection is cut */
	int delay_ms;
	bool cut; /* behind the answer; so is one with "Connection: close" */
};

static struct {
	int fd, port;
	pthread_mutex_t lock;
	const struct loopback_step *step;
	int steps;
	int requests, connections;
	char request[LOOPBACK_MOST][LOOPBACK_TEXT];
} loopback = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

#define LOOPBACK_200(text) "HTTP/1.1 200 OK\r\nContent-Length: " text

/* One request, whole; false: none came. */
static bool loopback_read(int fd, char text[LOOPBACK_TEXT])
{
	size_t n = 0, whole = 0;

	while (n + 1 < LOOPBACK_TEXT) {
		const ssize_t got = read(fd, text + n, LOOPBACK_TEXT - 1 - n);
		const char *end, *length;

		if (got <= 0)
			return false;
		n += (size_t)got;
		text[n] = '\0';
		if ((end = strstr(text, "\r\n\r\n")) == NULL)
			continue;
		length = strcasestr(text, "\r\ncontent-length: ");
		whole = (size_t)(end + 4 - text) +
		    (length != NULL && length < end ? strtoul(length + 18, NULL, 10) : 0);
		if (n >= whole)
			return true;
	}
	return false;
}

static struct loopback_step loopback_note(const char *text)
{
	struct loopback_step step = {.answer = NULL};
	int n;

	(void)pthread_mutex_lock(&loopback.lock);
	n = loopback.requests++;
	if (n < LOOPBACK_MOST)
		(void)snprintf(loopback.request[n], LOOPBACK_TEXT, "%s", text);
	if (loopback.steps > 0)
		step = loopback.step[n < loopback.steps ? n : loopback.steps - 1];
	(void)pthread_mutex_unlock(&loopback.lock);
	return step;
}

static void *loopback_talk(void *of)
{
	const int fd = (int)(intptr_t)of;
	char *text = malloc(LOOPBACK_TEXT);

	while (text != NULL && loopback_read(fd, text)) {
		const struct loopback_step step = loopback_note(text);
		const struct timespec wait = {.tv_sec = step.delay_ms / 1000,
		    .tv_nsec = step.delay_ms % 1000 * 1000000L};

		(void)nanosleep(&wait, NULL);
		if (step.answer == NULL || send(fd, step.answer, strlen(step.answer), MSG_NOSIGNAL) < 0 ||
		    step.cut || strstr(step.answer, "Connection: close") != NULL)
			break;
	}
	free(text);
	(void)close(fd);
	return NULL;
}

static void *loopback_listen(void *of)
{
	const int fd = (int)(intptr_t)of;
	int one;

	while ((one = accept(fd, NULL, NULL)) >= 0) {
		pthread_t thread;

		(void)pthread_mutex_lock(&loopback.lock);
		loopback.connections++;
		(void)pthread_mutex_unlock(&loopback.lock);
		if (pthread_create(&thread, NULL, loopback_talk, (void *)(intptr_t)one) == 0)
			(void)pthread_detach(thread);
	}
	(void)close(fd);
	return NULL;
}

/* Begins anew with these steps. */
static void loopback_say(const struct loopback_step *step, int steps)
{
	(void)pthread_mutex_lock(&loopback.lock);
	loopback.step = step;
	loopback.steps = steps;
	loopback.requests = loopback.connections = 0;
	memset(loopback.request, 0, sizeof(loopback.request));
	(void)pthread_mutex_unlock(&loopback.lock);
}

static void loopback_start(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);
	pthread_t thread;

	loopback.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(loopback.fd, 0);
	assert_return_code(bind(loopback.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_return_code(listen(loopback.fd, 64), 0);
	assert_return_code(getsockname(loopback.fd, (struct sockaddr *)&at, &size), 0);
	loopback.port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&thread, NULL, loopback_listen, (void *)(intptr_t)loopback.fd), 0);
	(void)pthread_detach(thread);
}

/* http://127.0.0.1:PORT and path, good until the next but three. */
static const char *loopback_url(const char *path)
{
	static char url[4][256];
	static int i;

	i = (i + 1) % 4;
	(void)snprintf(url[i], sizeof(url[i]), "http://127.0.0.1:%d%s", loopback.port, path);
	return url[i];
}

#endif
