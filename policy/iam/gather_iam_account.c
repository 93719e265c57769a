#include "policy/iam/gather_iam.h"

#include "policy/audit/words.h"
#include "policy/iam/flight.h"
#include "policy/iam/iam_policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE "1000"
#define PAGE_MOST ((size_t)8 << 20) /* bytes of one */
#define NAME_MOST 129               /* of a user, with its NUL */

/* The reason in a fact, of an answer that is none. */
static void note_failure(struct flight *q, const struct aws_answer *r, const char *kind,
    const char *name)
{
	const struct gather_iam_part *p = q->ctx;

	facts_trouble(p->f, kind, name, r->e.text[0] != '\0' ? r->e.text : "no answer");
}

/* ---- keys ---- */

static void take_use(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;
	const struct xml_node *used = xml_at(r->result, "AccessKeyLastUsed");
	const int64_t at = gather_iam_time(xml_text(used, "LastUsedDate"));
	char service[64], region[64];

	if (r->end != AWS_DONE) {
		note_failure(q, r, "iam-key-used", job->about);
	} else if (used == NULL) {
		facts_trouble(p->f, "iam-key-used", job->about,
		    "iam GetAccessKeyLastUsed: an answer that is not whole");
	} else if (at < 0 && xml_text(used, "LastUsedDate") != NULL &&
	    strcmp(xml_text(used, "LastUsedDate"), "N/A") != 0 &&
	    xml_text(used, "LastUsedDate")[0] != '\0') {
		facts_trouble(p->f, "iam-key-used", job->about, "a date that cannot be read");
	} else if (at < 0) {
		facts_none(p->f, "iam-key-used", job->about);
	} else {
		words_put(service, sizeof(service), xml_text(used, "ServiceName") != NULL ?
		    xml_text(used, "ServiceName") : "-");
		words_put(region, sizeof(region), xml_text(used, "Region") != NULL ?
		    xml_text(used, "Region") : "-");
		facts_format(p->f, "iam-key-used", job->about, "last=%" PRId64 " service=%s region=%s", at,
		    service, region);
	}
}

static void take_key(struct flight *q, const char *user, const struct xml_node *key, size_t number)
{
	const struct gather_iam_part *p = q->ctx;
	const char *id = xml_text(key, "AccessKeyId"), *said = xml_text(key, "Status");
	char name[NAME_MOST + 24], ends[GATHER_IAM_ID], status[32];

	(void)snprintf(name, sizeof(name), "%s/%zu", user, number);
	if (id == NULL || said == NULL) {
		facts_trouble(p->f, "iam-keys", user, "a key without id or status");
		return;
	}
	gather_iam_key_id(id, ends);
	words_put(status, sizeof(status), said);
	facts_format(p->f, "iam-key", name, "id=%s status=%s created=%" PRId64, ends, status,
	    gather_iam_time(xml_text(key, "CreateDate")));
	flight_add(q, &(struct flight_job){.service = AWS_IAM, .action = "GetAccessKeyLastUsed",
	    .param = {{"AccessKeyId", strdupa(id)}}, .done = take_use, .about = name});
}

static void take_keys(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;
	const struct xml_node *key = xml_at(r->result, "AccessKeyMetadata/member");
	size_t n = 0;

	if (r->end != AWS_DONE) {
		if (aws_answer_is(r, "NoSuchEntity"))
			facts_format(p->f, "iam-keys", job->about, "count=0"); /* removed meanwhile */
		else
			note_failure(q, r, "iam-keys", job->about);
		return;
	}
	if (!gather_iam_is_whole(r, "AccessKeyMetadata")) {
		facts_trouble(p->f, "iam-keys", job->about, "iam ListAccessKeys: an answer that is not whole");
		return;
	}
	for (const struct xml_node *k = key; k != NULL; k = xml_next(k))
		n++;
	facts_format(p->f, "iam-keys", job->about, "count=%zu", n);
	n = 0;
	for (; key != NULL; key = xml_next(key))
		take_key(q, job->about, key, ++n);
}

/* What the credential report says is up to four hours old, also where it speaks for a user. */
static void ask_about(struct flight *q, const char *action, const char *user, flight_done *done)
{
	char name[NAME_MOST];

	(void)snprintf(name, sizeof(name), "%s", user);
	flight_add(q, &(struct flight_job){.service = AWS_IAM, .action = action,
	    .param = {{"UserName", name}}, .done = done, .about = name});
}

/* ---- the console ---- */

static void take_devices(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;
	const struct xml_node *one = xml_at(r->result, "MFADevices/member");
	size_t n = 0;

	for (; r->end == AWS_DONE && one != NULL; one = xml_next(one))
		n++;
	if (r->end == AWS_DONE && n == 0 && !gather_iam_is_whole(r, "MFADevices"))
		facts_trouble(p->f, "iam-mfa", job->about, "iam ListMFADevices: an answer that is not whole");
	else if (r->end == AWS_DONE)
		facts_format(p->f, "iam-mfa", job->about, "count=%zu by=live", n);
	else
		note_failure(q, r, "iam-mfa", job->about);
}

/* Who may not log in needs no device. */
static void take_login(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;

	if (r->end == AWS_DONE) {
		facts_format(p->f, "iam-login", job->about, "created=%" PRId64,
		    gather_iam_time(xml_text(r->result, "LoginProfile/CreateDate")));
		ask_about(q, "ListMFADevices", job->about, take_devices);
	} else if (aws_answer_is(r, "NoSuchEntity")) {
		facts_none(p->f, "iam-login", job->about);
	} else {
		note_failure(q, r, "iam-login", job->about);
	}
}

/* ---- users ---- */

static bool is_name(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) < NAME_MOST &&
	    strpbrk(text, "/ \t\r\n") == NULL;
}

static void take_user(struct flight *q, const struct xml_node *user)
{
	struct gather_iam_part *p = q->ctx;
	const char *name = xml_text(user, "UserName"), *arn = xml_text(user, "Arn");
	const int64_t created = gather_iam_time(xml_text(user, "CreateDate"));

	if (!is_name(name) || arn == NULL) {
		p->strange = true;
		return;
	}
	p->users++;
	facts_format(p->f, "iam-user", name, "arn=%s created=%" PRId64, arn, created);
	ask_about(q, "GetLoginProfile", name, take_login);
	ask_about(q, "ListAccessKeys", name, take_keys);
	if (p->q->deep)
		gather_iam_simulate(q, arn);
}

static void take_users(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	struct gather_iam_part *p = q->ctx;
	const struct xml_node *u = xml_at(r->result, "Users/member");
	int more;

	if (r->end != AWS_DONE) {
		note_failure(q, r, "iam", "users");
		return;
	}
	more = xml_at(r->result, "Users") != NULL ? flight_next(q, job, r) : -1;
	for (; u != NULL; u = xml_next(u))
		take_user(q, u);
	if (more < 0 || (more == 0 && p->strange))
		facts_trouble(p->f, "iam", "users", "iam ListUsers: an answer that is not whole");
	else if (more == 0)
		facts_format(p->f, "iam", "users", "count=%zu", p->users);
}

/* ---- the account ---- */

static const char *entry(const struct xml_node *map, const char *key)
{
	for (const struct xml_node *n = xml_at(map, "entry"); n != NULL; n = xml_next(n)) {
		const char *name = xml_text(n, "key");

		if (name != NULL && strcmp(name, key) == 0)
			return xml_text(n, "value");
	}
	return NULL;
}

static void take_summary(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	static const struct { const char *word, *key; } all[] = {{"mfa", "AccountMFAEnabled"},
	    {"keys", "AccountAccessKeysPresent"}, {"password", "AccountPasswordPresent"}};
	const struct gather_iam_part *p = q->ctx;
	const struct xml_node *map = xml_at(r->result, "SummaryMap");
	char words[128] = "", value[24];
	size_t n = 0;

	(void)job;
	if (r->end != AWS_DONE) {
		note_failure(q, r, "iam", "summary");
		return;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *said = entry(map, all[i].key);

		if (said == NULL)
			continue;
		words_put(value, sizeof(value), said);
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s=%s", n > 0 ? " " : "", all[i].word,
		    value);
	}
	facts_text(p->f, "iam", "summary", words, strlen(words));
}

static void take_policy(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;
	struct buffer text = {0};
	struct iam_policy policy;
	struct err e = {0};

	(void)job;
	if (aws_answer_is(r, "NoSuchEntity")) {
		facts_none(p->f, "iam", "policy");
	} else if (r->end != AWS_DONE) {
		note_failure(q, r, "iam", "policy");
	} else if (iam_policy_read(&policy, r->result, &e) != 0) {
		facts_trouble(p->f, "iam", "policy", e.text);
	} else {
		iam_policy_print(&policy, &text);
		facts_text(p->f, "iam", "policy", buffer_string(&text), text.len);
	}
	buffer_free(&text);
}

/* The console's has this name, and another's owner is root. */
static bool is_of_root(const struct xml_node *device)
{
	const char *serial = xml_text(device, "SerialNumber"), *arn = xml_text(device, "User/Arn");
	const size_t n = arn != NULL ? strlen(arn) : 0;

	return (serial != NULL && strstr(serial, ":mfa/root-account-mfa-device") != NULL) ||
	    (n > 5 && strcmp(arn + n - 5, ":root") == 0);
}

/* Where no page has one, root has none of this kind. */
static void take_virtual(struct flight *q, const struct flight_job *job, const struct aws_answer *r)
{
	const struct gather_iam_part *p = q->ctx;
	const struct xml_node *one = xml_at(r->result, "VirtualMFADevices/member");
	int more;

	if (r->end != AWS_DONE) {
		note_failure(q, r, "iam", "root-mfa");
		return;
	}
	for (; one != NULL; one = xml_next(one)) {
		const char *serial = xml_text(one, "SerialNumber");

		if (serial != NULL && is_of_root(one)) {
			facts_text(p->f, "iam", "root-mfa", serial, strlen(serial));
			return;
		}
	}
	more = xml_at(r->result, "VirtualMFADevices") != NULL ? flight_next(q, job, r) : -1;
	if (more == 0)
		facts_none(p->f, "iam", "root-mfa");
	else if (more < 0)
		facts_trouble(p->f, "iam", "root-mfa", "iam ListVirtualMFADevices: an answer that is not whole");
}

void gather_iam_account(struct gather_iam_part *p, struct flight *queue)
{
	static char page[] = PAGE, assigned[] = "Assigned";

	(void)p;
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .action = "ListUsers",
	    .param = {{NULL, NULL}, {"MaxItems", page}}, .done = take_users, .answer_most = PAGE_MOST});
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .action = "GetAccountSummary",
	    .done = take_summary});
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .done = take_policy,
	    .action = "GetAccountPasswordPolicy"});
	flight_add(queue, &(struct flight_job){.service = AWS_IAM, .action = "ListVirtualMFADevices",
	    .param = {{NULL, NULL}, {"AssignmentStatus", assigned}, {"MaxItems", page}},
	    .done = take_virtual, .answer_most = PAGE_MOST});
}
