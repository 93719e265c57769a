/*
 * flight: a queue of calls of AWS, of which many are in flight at a time.
 *
 * All of them are such that may be repeated.  Where AWS has too many requests fewer are
 * sent at a time, and the call comes again; so often that a large account is asked slowly
 * rather than not.  Answers come in any order.
 */
#ifndef PB_IAM_FLIGHT_H
#define PB_IAM_FLIGHT_H

#include "lib/net/aws.h"

#define FLIGHT_PARAMS 4
#define FLIGHT_AGAIN 8 /* times that a throttled call comes again */
#define FLIGHT_PAGES 1000 /* of one list; AWS has none that is as long */

struct flight;
struct flight_job;

/* Told of each answer, whatever it is; may add more to the queue. */
typedef void flight_done(struct flight *q, const struct flight_job *job,
    const struct aws_answer *r);

struct flight_job {
	enum aws_service service;
	const char *action;      /* lives as long as the program */
	struct { const char *name; char *value; } param[FLIGHT_PARAMS]; /* value NULL: not given */
	flight_done *done;
	char *about;             /* for done(): a user, ...; or NULL */
	size_t answer_most;      /* as struct aws_call has it */
	/* flight.c's */
	struct flight_job *next;
	int tries, pages;
};

struct flight {
	struct aws *aws;
	void *ctx; /* for done() */
	void (*progress)(size_t done, size_t all); /* or NULL */
	/* flight.c's */
	struct flight_job *first, **last;
	size_t done, all, flying, most;
	bool failed; /* memory ran out, or a call could not be begun: not all was asked */
	struct err e; /* why */
};

/* Zeroed but for aws, ctx and progress. */
void flight_begin(struct flight *q);
/* Adds a copy of it: values and about are copied. */
void flight_add(struct flight *q, const struct flight_job *job);
/* Adds the job once more for the next page of what r lists, its param[0] being for that: 1; 0:
 * this was the last; -1: it is not told, or there is no end. */
int flight_next(struct flight *q, const struct flight_job *job, const struct aws_answer *r);
/* Until the queue is empty.  0, or q->failed with q->e. */
int flight_run(struct flight *q);
void flight_end(struct flight *q);

#endif
