#include "policy/iam/gather_iam.h"

#include "policy/audit/credential_report.h"
#include "policy/iam/flight.h"
#include "policy/rotate/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void gather_iam_key_id(const char *id, char text[GATHER_IAM_ID])
{
	const size_t n = strlen(id);

	if (n < 12)
		(void)snprintf(text, GATHER_IAM_ID, "...");
	else
		(void)snprintf(text, GATHER_IAM_ID, "%.4s...%.4s", id, id + n - 4);
	for (char *at = text; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			*at = '?';
}

int64_t gather_iam_time(const char *text)
{
	int64_t at;

	return text != NULL && aws_key_time(text, &at) == 0 ? at : -1;
}

bool gather_iam_is_whole(const struct aws_answer *r, const char *list)
{
	const char *more = xml_text(r->result, "IsTruncated");

	return xml_at(r->result, list) != NULL && (more == NULL || strcmp(more, "true") != 0);
}

/* A journal stays when its rotation is closed, and another account has users of the same
 * names. */
static void note_rotation(struct gather_iam_part *p, int dir, const char *name, const char *account)
{
	char old[GATHER_IAM_ID], new[GATHER_IAM_ID];
	struct rotate_record r;
	struct stat st;

	if (journal_peek(dir, name, &r, NULL) != 0 || r.state == ROTATE_CLOSED || r.user[0] == '\0' ||
	    strcmp(r.account, account) != 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	gather_iam_key_id(r.old.id[0] != '\0' ? r.old.id : "-", old);
	gather_iam_key_id(r.new.id[0] != '\0' ? r.new.id : "-", new);
	facts_format(p->f, "rotation", r.user, "state=%s old=%s new=%s changed=%" PRId64,
	    rotate_state_name(r.state), old, new, (int64_t)st.st_mtime);
}

static void note_rotations(struct gather_iam_part *p, const char *account)
{
	DIR *d = p->q->rotate_dir != NULL ? opendir(p->q->rotate_dir) : NULL;
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		const size_t n = strlen(entry->d_name);

		if (n > 2 && strcmp(entry->d_name + n - 2, ".j") == 0)
			note_rotation(p, dirfd(d), entry->d_name, account);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void note_caller(struct gather_iam_part *p)
{
	struct account_caller who;
	struct err e = {0};

	if (account_caller(p->aws, &who, &e) != 0) {
		facts_trouble(p->f, "iam", "caller", e.text);
		return;
	}
	facts_format(p->f, "iam", "caller", "account=%s arn=%s", who.account, who.arn);
	note_rotations(p, who.account);
}

/* Nobody can be asked: each fact that would have been told says why. */
static void note_silence(struct facts *f, const char *why)
{
	static const struct { const char *kind, *name; } all[] = {{"iam", "caller"}, {"iam", "summary"},
	    {"iam", "users"}, {"iam", "report"}, {"iam", "root-mfa"}, {"iam", "policy"},
	    {"iam-secrets", "all"}, {"iam-pushers", "all"}, {"ec2", "regions"}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		facts_trouble(f, all[i].kind, all[i].name, why);
}

static void ask_all(struct gather_iam_part *p)
{
	struct flight queue = {.aws = p->aws, .ctx = p, .progress = p->q->progress};

	note_caller(p);
	gather_iam_report(p);
	flight_begin(&queue);
	gather_iam_account(p, &queue);
	if (p->q->deep)
		gather_iam_roles(p, &queue);
	if (flight_run(&queue) != 0)
		facts_trouble(p->f, "iam", "users", queue.e.text); /* not all was asked */
	flight_end(&queue);
	if (!p->q->deep)
		facts_none(p->f, "iam-pushers", "all");
	gather_iam_regions(p);
	gather_iam_secrets(p);
}

void gather_iam(struct facts *f, const struct gather_iam *q)
{
	struct credential_report report = {.count = 0};
	struct gather_iam_part p = {.f = f, .q = q, .report = &report, .report_time = -1};
	const struct aws_key *key;
	struct err e = {0};

	if (account_open(&p.aws, &q->account, &e) != 0 ||
	    aws_cred_get(aws_cred_of(p.aws), (int64_t)time(NULL), &key, &e) != 0)
		note_silence(f, e.text);
	else
		ask_all(&p);
	credential_report_free(&report);
	aws_close(&p.aws);
}
