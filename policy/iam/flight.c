#include "policy/iam/flight.h"

#include <stdlib.h>
#include <string.h>

void flight_begin(struct flight *q)
{
	q->first = NULL;
	q->last = &q->first;
	q->most = AWS_FLIGHT_MOST;
}

static void job_free(struct flight_job *job)
{
	for (int i = 0; job != NULL && i < FLIGHT_PARAMS; i++)
		free(job->param[i].value);
	if (job != NULL)
		free(job->about);
	free(job);
}

static void put(struct flight *q, struct flight_job *job)
{
	job->next = NULL;
	*q->last = job;
	q->last = &job->next;
}

static char *copy(const char *text, bool *failed)
{
	char *new = text != NULL ? strdup(text) : NULL;

	*failed = *failed || (text != NULL && new == NULL);
	return new;
}

void flight_add(struct flight *q, const struct flight_job *job)
{
	struct flight_job *new = malloc(sizeof(*new));
	bool failed = new == NULL;

	if (new != NULL) {
		*new = *job;
		new->about = copy(job->about, &failed);
		for (int i = 0; i < FLIGHT_PARAMS; i++)
			new->param[i].value = copy(job->param[i].value, &failed);
	}
	if (failed) {
		job_free(new);
		q->failed = true;
		(void)err_set(&q->e, ERR_SYSTEM, "out of memory");
		return;
	}
	put(q, new);
	q->all++;
}

int flight_next(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const char *more = xml_text(r->result, "IsTruncated"), *marker = xml_text(r->result, "Marker");
	struct flight_job next = *job;

	if (more == NULL || strcmp(more, "true") != 0)
		return 0;
	if (marker == NULL || marker[0] == '\0' || ++next.pages >= FLIGHT_PAGES ||
	    (job->param[0].value != NULL && strcmp(job->param[0].value, marker) == 0))
		return -1;
	next.param[0].name = "Marker";
	next.param[0].value = strdupa(marker);
	next.tries = 0;
	flight_add(q, &next);
	return 1;
}

static struct flight_job *take(struct flight *q)
{
	struct flight_job *job = q->first;

	if (job != NULL && (q->first = job->next) == NULL)
		q->last = &q->first;
	return job;
}

static int begin(struct flight *q, struct flight_job *job)
{
	struct aws_param param[FLIGHT_PARAMS];
	struct aws_call call = {.service = job->service, .action = job->action, .param = param,
	    .repeat = true, .answer_most = job->answer_most};

	for (int i = 0; i < FLIGHT_PARAMS; i++)
		if (job->param[i].value != NULL)
			param[call.params++] = (struct aws_param){job->param[i].name, job->param[i].value};
	return aws_submit(q->aws, &call, job, &q->e);
}

/* A throttled call comes again with fewer beside it; else its owner is told. */
static void end(struct flight *q, struct flight_job *job, const struct aws_answer *r)
{
	if (r->end == AWS_THROTTLED && job->tries++ < FLIGHT_AGAIN) {
		q->most = q->most > 2 ? q->most / 2 : 1;
		put(q, job);
		return;
	}
	if (r->end == AWS_DONE && q->most < AWS_FLIGHT_MOST && q->done % 64 == 0)
		q->most++;
	job->done(q, job, r);
	q->done++;
	if (q->progress != NULL)
		q->progress(q->done, q->all);
	job_free(job);
}

/* A key that is not there, or an endpoint that is wrong, is the answer of this call; without
 * it being sent. */
static void give_up(struct flight *q, struct flight_job *job)
{
	struct aws_answer r = {.end = AWS_TROUBLE, .e = q->e};

	job->done(q, job, &r);
	q->done++;
	job_free(job);
}

int flight_run(struct flight *q)
{
	while (!q->failed && (q->first != NULL || q->flying > 0)) {
		struct aws_answer r = {.end = AWS_TROUBLE};
		struct flight_job *job;
		void *tag = NULL;

		while (q->flying < q->most && aws_room(q->aws) > 0 && (job = take(q)) != NULL) {
			if (begin(q, job) == 0)
				q->flying++;
			else
				give_up(q, job);
		}
		if (q->flying == 0)
			continue;
		if (aws_next(q->aws, &r, &tag) != 0) {
			q->failed = true;
			(void)err_set(&q->e, ERR_SYSTEM, "the calls in flight were lost");
			break;
		}
		q->flying--;
		end(q, tag, &r);
		aws_answer_free(&r);
	}
	return q->failed ? (q->e.code != 0 ? q->e.code : ERR_SYSTEM) : 0;
}

/* What is still in flight ends with the session, whose tags are never looked at again. */
void flight_end(struct flight *q)
{
	struct flight_job *job;

	while ((job = take(q)) != NULL)
		job_free(job);
}
