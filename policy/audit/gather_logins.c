#include "policy/audit/gather_logins.h"

#include "lib/core/exempt.h"
#include "lib/core/rollout.h"
#include "policy/enable_people.h"
#include "policy/sshd_said.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUPS_MAX 256

/* A group that cannot be looked up may be the one that sshd lets in: he is not judged. */
static void add_groups(struct facts *f, struct logins_one *p, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (getgrouplist(p->name, gid, groups, &n) < 0)
		facts_trouble(f, "login", p->name, "is in more groups than are looked at");
	n = n < GROUPS_MAX ? n : GROUPS_MAX;
	if ((p->group = calloc((size_t)n + 1, sizeof(*p->group))) == NULL) {
		f->failed = true;
		return;
	}
	for (int i = 0; i < n; i++) {
		const struct group *g;

		errno = 0;
		if ((g = getgrgid(groups[i])) == NULL && !sshd_said_none(errno))
			facts_trouble(f, "login", p->name, strerror(errno));
		if (g == NULL)
			continue;
		if ((p->group[p->groups] = strdup(g->gr_name)) != NULL)
			p->groups++;
		else
			f->failed = true;
	}
}

static void add_person(struct facts *f, struct logins *p, const struct passwd *pw)
{
	struct logins_one *who;

	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->item[i].name, pw->pw_name) == 0)
			return;
	if (p->count + 1 >= LOGINS_MOST) {
		facts_trouble(f, "login", "*", "more people than are looked at");
		return;
	}
	who = &p->item[p->count];
	if (snprintf(who->name, sizeof(who->name), "%s", pw->pw_name) >= (int)sizeof(who->name)) {
		facts_trouble(f, "login", pw->pw_name, "the name is too long");
		return;
	}
	p->count++;
	who->uid = pw->pw_uid;
	facts_format(f, "login", pw->pw_name, "%u %u %s", (unsigned)pw->pw_uid, (unsigned)pw->pw_gid,
	    pw->pw_shell);
}

/* By the rules of a login from nowhere in particular. */
static void note_exempt(struct facts *f, const struct conf *c, const char *user, gid_t gid)
{
	const struct exempt_facts x = {.account = {user, gid}, .now = time(NULL)};
	struct rollout r;

	rollout_judge(c, &x, &r);
	if (r.duty == ROLLOUT_EXEMPT)
		facts_format(f, "exempt", user, "exempt = %s", conf_exempt(c, r.rule));
	else if (r.duty == ROLLOUT_NOT_REQUIRED)
		facts_format(f, "exempt", user, "require = %s", c->require);
	else
		facts_none(f, "exempt", user);
}

/* Which file is in force; gather_enrolled() says so with all the rest, where that is asked for. */
static void note_file(struct facts *f, const struct conf *c, int r, const struct err *e)
{
	if (r != 0)
		facts_trouble(f, "conf-file", "login", e->text);
	else if (c->file_read)
		facts_text(f, "conf-file", "login", c->path, strlen(c->path));
	else
		facts_none(f, "conf-file", "login");
}

static void note_all(struct facts *f, const struct gather_request *q, struct logins *p)
{
	struct conf *c = calloc(1, sizeof(*c));
	struct err e = {0};
	int r;

	if (c == NULL) {
		f->failed = true;
		return;
	}
	r = conf_load(c, q->config, &e);
	note_file(f, c, r, &e);
	for (size_t i = 0; i < p->count; i++) {
		const struct passwd *pw;

		errno = 0;
		if ((pw = getpwnam(p->item[i].name)) == NULL) {
			if (!sshd_said_none(errno))
				facts_trouble(f, "login", p->item[i].name, strerror(errno));
			continue;
		}
		const gid_t gid = pw->pw_gid;

		p->item[i].gid = gid;
		add_groups(f, &p->item[i], gid);
		if (r == 0)
			note_exempt(f, c, p->item[i].name, gid);
		else
			facts_trouble(f, "exempt", p->item[i].name, e.text);
	}
	if (r == 0)
		p->conf = c;
	else
		free(c);
}

void gather_logins(struct facts *f, const struct gather_request *q, struct logins *p)
{
	const struct passwd *pw;

	*p = (struct logins){.count = 0};
	if ((p->item = calloc(LOGINS_MOST, sizeof(*p->item))) == NULL) {
		f->failed = true;
		return;
	}
	setpwent();
	for (errno = 0; (pw = getpwent()) != NULL; errno = 0)
		if (enable_people_logs_in(pw))
			add_person(f, p, pw);
	if (!sshd_said_none(errno))
		facts_trouble(f, "login", "*", strerror(errno));
	endpwent();
	note_all(f, q, p);
	(void)snprintf(p->item[p->count++].name, sizeof(p->item[0].name), LOGINS_NOBODY);
	facts_none(f, "login", LOGINS_NOBODY);
	facts_none(f, "exempt", LOGINS_NOBODY);
}

void logins_free(struct logins *p)
{
	for (size_t i = 0; i < p->count; i++) {
		for (size_t k = 0; k < p->item[i].groups; k++)
			free(p->item[i].group[k]);
		free(p->item[i].group);
	}
	free(p->item);
	free(p->conf);
	*p = (struct logins){.count = 0};
}
