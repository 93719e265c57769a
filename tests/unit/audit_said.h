/*
 * audit_said: facts of a made-up host, and what one check makes of them.
 */
#ifndef PB_TESTS_UNIT_AUDIT_SAID_H
#define PB_TESTS_UNIT_AUDIT_SAID_H

#include "tests/unit/scratch.h"

#include "policy/audit/audit.h"

#include <stdlib.h>
#include <string.h>

#define HOST_NOW INT64_C(1700000000)

static struct facts host;
static struct result host_result;
static char host_notes[8192];

static void host_text(const char *kind, const char *name, const char *text)
{
	facts_text(&host, kind, name, text, strlen(text));
}

static int host_tear_down(void **state)
{
	(void)state;
	result_free(&host_result);
	facts_free(&host);
	return 0;
}

/* Its status, and host_notes: "STATUS text", a line each. */
static enum audit_status host_check(const char *id)
{
	const struct audit_rules rules = {.now = HOST_NOW};
	const struct audit_check *c = NULL;
	size_t n = 0;

	for (size_t i = 0; (c = audit_check_at(i)) != NULL; i++)
		if (strcmp(c->id, id) == 0)
			break;
	assert_non_null(c);
	if (c == NULL) /* gcc does not know that an assertion ends it */
		abort();
	result_free(&host_result);
	c->run(&host, &rules, &host_result);
	host_notes[0] = '\0';
	for (size_t i = 0; i < host_result.count && n < sizeof(host_notes); i++)
		n += (size_t)snprintf(host_notes + n, sizeof(host_notes) - n, "%s %s\n",
		    audit_status_name(host_result.note[i].status), host_result.note[i].text);
	return host_result.status;
}

static void host_says(const char *id, enum audit_status s, const char *note)
{
	const enum audit_status is = host_check(id);

	if (is != s || strstr(host_notes, note) == NULL)
		print_message("%s: %s\n%s", id, audit_status_name(is), host_notes);
	assert_int_equal(is, s);
	assert_non_null(strstr(host_notes, note));
}

#endif
