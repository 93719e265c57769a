/*
 * A PAM host for measurements, with the services in a directory of its own: one
 * transaction a line of standard input.
 *
 *   login SERVICE USER ANSWER [at start|prompt NANOSECONDS]
 *   primitive FILE
 *
 * Each is answered by a line of numbers: PAM code, wall and CPU nanoseconds, and the
 * monotonic times of its start and end.  `at` waits for that monotonic time before the
 * transaction or before the answer, so that many hosts act together.  What is measured
 * is pam_start() to pam_end(), as a service pays it, and nothing of this program.
 *
 * Built twice: with libcrypto in it and initialised, as in sshd, and without (-DPLAIN),
 * as in su.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef PLAIN
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#endif

#define LINE 512
#define BLOCK 4096
#define SOURCE "203.0.113.7"

static const char *services;

struct order {
	char service[128];
	char user[128];
	char answer[128];
	int64_t start;  /* when to begin, 0 at once */
	int64_t prompt; /* when to answer */
};

struct cost {
	int rc;
	int64_t cpu;
	int64_t begin, end;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		abort();
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_until(int64_t at)
{
	struct timespec t = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};

	if (at != 0)
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
			;
}

static int converse(int n, const struct pam_message **msg, struct pam_response **out, void *arg)
{
	const struct order *o = arg;
	struct pam_response *r = calloc((size_t)n, sizeof(*r));

	if (r == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		if (msg[i]->msg_style != PAM_PROMPT_ECHO_ON &&
		    msg[i]->msg_style != PAM_PROMPT_ECHO_OFF)
			continue;
		wait_until(o->prompt);
		r[i].resp = strdup(o->answer);
	}
	*out = r;
	return PAM_SUCCESS;
}

/* One login, as the profilers find it by its name. */
__attribute__((noinline)) int transaction(struct order *o);
int transaction(struct order *o)
{
	struct pam_conv conv = {converse, o};
	pam_handle_t *h = NULL;
	int rc = pam_start_confdir(o->service, o->user, &conv, services, &h);

	if (rc != PAM_SUCCESS)
		return rc;
	if (pam_set_item(h, PAM_RHOST, SOURCE) != PAM_SUCCESS ||
	    pam_set_item(h, PAM_TTY, "ssh") != PAM_SUCCESS)
		abort();
	rc = pam_authenticate(h, 0);
	(void)pam_end(h, rc);
	return rc;
}

/* What no login that keeps its state can do without: one record, locked, written in
 * place and synced. */
static int primitive(const char *path)
{
	static unsigned char block[BLOCK] = {1};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int rc;

	block[5]++;
	rc = fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 &&
	    pwrite(fd, block, sizeof(block), 0) == (ssize_t)sizeof(block) && fdatasync(fd) == 0;
	(void)close(fd);
	return rc ? PAM_SUCCESS : PAM_SYSTEM_ERR;
}

static struct cost run_order(struct order *o, const char *file)
{
	struct cost c = {0};
	int64_t cpu;

	wait_until(o->start);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	c.begin = clock_ns(CLOCK_MONOTONIC);
	c.rc = file != NULL ? primitive(file) : transaction(o);
	c.end = clock_ns(CLOCK_MONOTONIC);
	c.cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	return c;
}

static int read_order(char *line, struct order *o, const char **file)
{
	char when[16] = "";
	int64_t at = 0;

	*o = (struct order){.start = 0};
	*file = NULL;
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "primitive ", 10) == 0) {
		*file = line + 10;
		return 0;
	}
	if (sscanf(line, "login %127s %127s %127s at %15s %" SCNd64, o->service, o->user,
	    o->answer, when, &at) < 3)
		return -1;
	if (strcmp(when, "start") == 0)
		o->start = at;
	else
		o->prompt = at;
	return 0;
}

/* As in sshd by the time that it asks PAM: libcrypto initialised, random numbers
 * drawn, a digest fetched. */
static void start_libcrypto(void)
{
#ifndef PLAIN
	unsigned char random[32], md[EVP_MAX_MD_SIZE];

	if (OPENSSL_init_crypto(0, NULL) != 1 || RAND_bytes(random, sizeof(random)) != 1 ||
	    EVP_Q_digest(NULL, "SHA256", NULL, random, sizeof(random), md, NULL) != 1)
		abort();
#endif
}

int main(int argc, char **argv)
{
	char line[LINE];

	if (argc != 2) {
		(void)fprintf(stderr, "usage: host DIRECTORY\n");
		return 2;
	}
	services = argv[1];
	start_libcrypto();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *file;
		struct order o;
		struct cost c;

		if (read_order(line, &o, &file) != 0) {
			(void)fprintf(stderr, "host: not an order: %s\n", line);
			return 2;
		}
		c = run_order(&o, file);
		printf("%d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", c.rc, c.end - c.begin,
		    c.cpu, c.begin, c.end);
		(void)fflush(stdout);
	}
	return 0;
}
