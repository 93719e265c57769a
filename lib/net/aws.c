#include "lib/net/aws.h"

#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef PB_VERSION
#define PB_VERSION "unknown"
#endif

#define TRIES 3
#define TRIES_MOST 20
#define WAIT_FIRST_MS 1000
#define WAIT_MOST_MS 20000

/* A call on its way, or waiting for its next try. */
struct slot {
	bool busy, waiting, renewed;
	bool repeat, own_key;
	bool unsure; /* a try may have been done */
	int tries;
	int64_t due; /* of the next try, in milliseconds */
	struct aws_request q;
	void *tag;
};

struct aws {
	struct http *http;
	struct aws_cred *cred;
	int tries;
	struct slot slot[AWS_FLIGHT_MOST];
	size_t count;
};

static int64_t milliseconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t n)
{
	const struct timespec t = {.tv_sec = n / 1000, .tv_nsec = (n % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

/* Full jitter: anything up to the limit, which doubles. */
static int64_t wait_before(int tries)
{
	int64_t most = WAIT_FIRST_MS;
	uint32_t n = 0;

	for (int i = 1; i < tries && most < WAIT_MOST_MS; i++)
		most *= 2;
	if (most > WAIT_MOST_MS)
		most = WAIT_MOST_MS;
	if (RAND_bytes((unsigned char *)&n, sizeof(n)) != 1)
		return most;
	return n % (most + 1);
}

/* ---- a call ---- */

static int find_endpoint(struct aws *a, enum aws_service s, struct aws_endpoint *p, struct err *e)
{
	const bool needed = s != AWS_IAM && s != AWS_STS;
	const char *region;
	int r = aws_cred_region(a->cred, needed, &region, e);

	if (r != 0 && (needed || r != ERR_NONE))
		return r;
	return aws_endpoint_find(p, s, region, e);
}

/* Where no key or region is known nobody was asked, and ERR_NONE is what AWS says of a thing
 * that it does not have (commands_without_credentials_are_in_trouble). */
static int not_asked(int r, struct err *e)
{
	return r == ERR_NONE && e != NULL ? (e->code = ERR_UNAVAIL) : r;
}

/* 0 with the request ready in s. */
static int begin(struct aws *a, struct slot *s, const struct aws_call *c, struct err *e)
{
	const struct aws_key *key = c->key;
	struct aws_endpoint p;
	int r;

	*s = (struct slot){.repeat = c->repeat && !c->fresh, .own_key = c->key != NULL};
	if ((r = find_endpoint(a, c->service, &p, e)) != 0 ||
	    (key == NULL && (r = aws_cred_get(a->cred, time(NULL), &key, e)) != 0))
		return not_asked(r, e);
	return aws_request_make(&s->q, c, &p, key, e);
}

static bool is_expired(const struct aws_answer *r)
{
	return aws_answer_is(r, "ExpiredToken") || aws_answer_is(r, "ExpiredTokenException");
}

/* Several calls find out at the same time: the first one fetches a key for all. */
static bool renew(struct aws *a, struct slot *s)
{
	const int64_t now = time(NULL);
	const struct aws_key *key;

	s->renewed = true;
	if (aws_cred_get(a->cred, now, &key, NULL) != 0)
		return false;
	if (strcmp(key->id, aws_request_key_id(&s->q)) == 0 &&
	    aws_cred_renew(a->cred, now, &key, NULL) != 0)
		return false;
	return strcmp(key->id, aws_request_key_id(&s->q)) != 0 && aws_request_sign(&s->q, key, NULL) == 0;
}

/* Whether it is tried again, and after how long. */
static bool again(struct aws *a, struct slot *s, const struct aws_answer *r, int64_t *wait)
{
	*wait = 0;
	if (!s->repeat)
		return false;
	if (is_expired(r) && !s->own_key && !s->renewed)
		return renew(a, s);
	if (!aws_reply_may_pass(r) || s->tries >= a->tries)
		return false;
	*wait = wait_before(s->tries);
	return true;
}

/* Takes what came for s; true: that was it. */
static bool take(struct aws *a, struct slot *s, struct http_answer *h, struct aws_answer *r,
    int64_t *wait)
{
	s->tries++;
	aws_reply_read(r, &s->q, h, time(NULL));
	r->tries = s->tries;
	s->unsure = s->unsure || (r->end == AWS_TROUBLE && r->sent);
	r->unsure = s->unsure && r->end != AWS_DONE;
	http_answer_free(h);
	if (!again(a, s, r, wait))
		return true;
	aws_answer_free(r);
	return false;
}

static void end(struct slot *s)
{
	aws_request_free(&s->q);
	*s = (struct slot){.busy = false};
}

int aws_do(struct aws *a, const struct aws_call *c, struct aws_answer *r)
{
	struct http_answer h = {.r = 0};
	struct slot s;
	int64_t wait = 0;

	*r = (struct aws_answer){.end = AWS_TROUBLE};
	if (begin(a, &s, c, &r->e) == 0) {
		do {
			sleep_ms(wait);
			(void)http_do(a->http, &s.q.http, &h);
		} while (!take(a, &s, &h, r, &wait));
	}
	end(&s);
	return r->end == AWS_DONE ? 0 : r->e.code;
}

/* ---- many ---- */

size_t aws_room(const struct aws *a)
{
	return AWS_FLIGHT_MOST - a->count;
}

static struct slot *free_slot(struct aws *a)
{
	for (int i = 0; i < AWS_FLIGHT_MOST; i++)
		if (!a->slot[i].busy)
			return &a->slot[i];
	return NULL;
}

int aws_submit(struct aws *a, const struct aws_call *c, void *tag, struct err *e)
{
	struct slot *s = free_slot(a);
	int r;

	if (s == NULL)
		return err_set(e, ERR_CONFLICT, "too many requests at a time");
	if ((r = begin(a, s, c, e)) != 0 || (r = http_submit(a->http, &s->q.http, s, e)) != 0) {
		end(s);
		return r;
	}
	s->busy = true;
	s->tag = tag;
	a->count++;
	return 0;
}

static void give(struct aws *a, struct slot *s, void **tag)
{
	*tag = s->tag;
	end(s);
	a->count--;
}

/* Sends those whose time has come.  Gives one that could not be sent, or NULL; *wait is how
 * long until the next, -1: none waits. */
static struct slot *send_due(struct aws *a, int64_t *wait, struct aws_answer *r)
{
	const int64_t now = milliseconds();

	*wait = -1;
	for (int i = 0; i < AWS_FLIGHT_MOST; i++) {
		struct slot *s = &a->slot[i];

		if (!s->busy || !s->waiting)
			continue;
		if (s->due > now) {
			*wait = *wait < 0 || s->due - now < *wait ? s->due - now : *wait;
			continue;
		}
		if (http_submit(a->http, &s->q.http, s, &r->e) != 0)
			return s;
		s->waiting = false;
	}
	return NULL;
}

int aws_next(struct aws *a, struct aws_answer *r, void **tag)
{
	*r = (struct aws_answer){.end = AWS_TROUBLE};
	*tag = NULL;
	while (a->count > 0) {
		struct http_answer h;
		int64_t wait;
		void *which;
		struct slot *s = send_due(a, &wait, r);
		int got;

		if (s != NULL) {
			give(a, s, tag);
			return 0;
		}
		if (http_in_flight(a->http) == 0) {
			sleep_ms(wait > 0 ? wait : 0);
			continue;
		}
		if ((got = http_next(a->http, (int)wait, &h, &which)) == ERR_UNAVAIL)
			continue;
		if (got != 0)
			return ERR_SYSTEM;
		s = which;
		if (take(a, s, &h, r, &wait)) {
			give(a, s, tag);
			return 0;
		}
		s->waiting = true;
		s->due = milliseconds() + wait;
	}
	return ERR_NONE;
}

/* ---- its life ---- */

static int read_tries(int *tries, struct err *e)
{
	const char *text = secure_getenv("AWS_MAX_ATTEMPTS");
	char *rest;
	long n;

	if (*tries != 0)
		return 0;
	*tries = TRIES;
	if (text == NULL || text[0] == '\0')
		return 0;
	n = strtol(text, &rest, 10);
	if (*rest != '\0' || n < 1 || n > TRIES_MOST)
		return err_set(e, ERR_SYNTAX, "%s=%.64s: a number from 1 to %ld is wanted",
		    "AWS_MAX_ATTEMPTS", text, (long)TRIES_MOST);
	*tries = (int)n;
	return 0;
}

int aws_open(struct aws **a, const struct aws_settings *s, struct err *e)
{
	const char *bundle = secure_getenv("AWS_CA_BUNDLE");
	const struct http_settings h = {.agent = "pam-bastion/" PB_VERSION,
	    .ca_bundle = bundle != NULL && bundle[0] != '\0' ? bundle : NULL};
	int r;

	if ((*a = calloc(1, sizeof(**a))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	(*a)->tries = s->tries;
	if ((r = read_tries(&(*a)->tries, e)) != 0 || (r = http_open(&(*a)->http, &h, e)) != 0 ||
	    (r = aws_cred_open(&(*a)->cred, (*a)->http, &s->cred, e)) != 0)
		aws_close(a);
	return r;
}

void aws_close(struct aws **a)
{
	if (*a == NULL)
		return;
	http_close(&(*a)->http); /* what is in flight uses the requests below */
	for (int i = 0; i < AWS_FLIGHT_MOST; i++)
		end(&(*a)->slot[i]);
	aws_cred_close(&(*a)->cred);
	free(*a);
	*a = NULL;
}

struct http *aws_http(struct aws *a)
{
	return a->http;
}

struct aws_cred *aws_cred_of(struct aws *a)
{
	return a->cred;
}
