#include "policy/sshd_said.h"

#include "enroll/language.h"
#include "lib/core/address.h"
#include "policy/run.h"

#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define GROUPS_MAX 256
#define ADDRESS_UNKNOWN "192.0.2.1" /* of nobody (RFC 5737) */

/* ---- what it says ---- */

/* The first line of key at or behind text: where its value begins, or NULL. */
static const char *find_line(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncasecmp(text, key, n) == 0 && text[n] == ' ')
			return text + n + 1;
	return NULL;
}

bool sshd_said_value(const char *said, const char *key, char *value, size_t size)
{
	const char *at = find_line(said, key);

	if (at != NULL)
		(void)snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
	return at != NULL;
}

bool sshd_said_yes(const char *said, const char *key)
{
	char value[16];

	return sshd_said_value(said, key, value, sizeof(value)) && strcasecmp(value, "yes") == 0;
}

/* ---- asking ---- */

/* The first of its ports and addresses, as -C takes them. */
static void find_own(const char *said, const char *from, char *own, size_t size)
{
	char port[16] = "22", address[128] = "";
	bool six = from != NULL && strchr(from, ':') != NULL;
	size_t n;

	(void)sshd_said_value(said, "port", port, sizeof(port));
	if (sshd_said_value(said, "listenaddress", address, sizeof(address)) &&
	    address[0] == '[' && (n = strcspn(address, "]")) > 0) {
		memmove(address, address + 1, n - 1);
		address[n - 1] = '\0';
	} else {
		address[strcspn(address, ":")] = '\0';
	}
	if (address[0] == '\0' || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		(void)snprintf(address, sizeof(address), "%s", six ? "::1" : "127.0.0.1");
	(void)snprintf(own, size, "laddr=%s,lport=%s", address, port);
}

static int ask_once(const struct sshd_login *q, const char *own, struct run_said *said,
    struct err *e)
{
	const char *from = q->from != NULL ? q->from : ADDRESS_UNKNOWN;
	char who[800], line[400];
	const char *const argv[] = {SSHD_SAID_PROGRAM, "-T", "-C", who,
	    q->config != NULL ? "-f" : NULL, q->config, NULL};
	int status, r;

	(void)snprintf(who, sizeof(who), "user=%.256s,host=%.128s,addr=%.128s,%s", q->user, from,
	    from, own);
	run_free(said); /* of the time before */
	r = run_program(argv, said, &status, e);
	run_line(said, line, sizeof(line));
	if (r != 0 || status == 0)
		return r;
	return err_set(e, ERR_REFUSED, "%s", line[0] != '\0' ? line : _("fails and says nothing"));
}

int sshd_said_ask(const struct sshd_login *q, struct buffer *out, struct err *e)
{
	struct run_said said = {0};
	char usual[200], own[200];
	int r;

	if (strpbrk(q->user, ",= ") != NULL)
		return err_set(e, ERR_REFUSED, "does not take such a name");
	find_own("", q->from, usual, sizeof(usual));
	r = ask_once(q, usual, &said, e);
	if (r == 0) {
		find_own(buffer_string(&said.out), q->from, own, sizeof(own));
		if (strcmp(own, usual) != 0)
			r = ask_once(q, own, &said, e);
	}
	if (r == 0)
		buffer_add(out, buffer_string(&said.out), said.out.len);
	run_free(&said);
	return r == 0 && out->failed ? err_set(e, ERR_SYSTEM, "out of memory") : r;
}

/* ---- who may come at all ---- */

/* The host behind USER@: an address, a network, or a pattern of the address. */
static bool host_fits(const char *host, const char *from)
{
	struct address_net net;
	struct address a;

	if (address_net_parse(host, &net) == 0)
		return address_parse(from, &a) == 0 && address_in(&a, &net);
	return fnmatch(host, from, FNM_NOESCAPE) == 0;
}

static bool user_fits(const char *pattern, const struct sshd_login *q, bool unknown)
{
	char name[300];
	const char *host = strrchr(pattern, '@');

	if (fnmatch(pattern, q->user, FNM_NOESCAPE) == 0)
		return true;
	if (host == NULL)
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(host - pattern), pattern);
	return fnmatch(name, q->user, FNM_NOESCAPE) == 0 &&
	    (q->from != NULL ? host_fits(host + 1, q->from) : unknown);
}

bool sshd_said_none(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH;
}

/* 1, 0, or -1 with errno: it cannot be looked up. */
static int looked_up_group_fits(const char *pattern, const char *user)
{
	const struct passwd *pw;
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	errno = 0;
	if ((pw = getpwnam(user)) == NULL)
		return sshd_said_none(errno) ? 0 : -1;
	if (getgrouplist(user, pw->pw_gid, groups, &n) < 0)
		n = n < GROUPS_MAX ? n : GROUPS_MAX;
	for (int i = 0; i < n; i++) {
		const struct group *g;

		errno = 0;
		if ((g = getgrgid(groups[i])) == NULL && !sshd_said_none(errno))
			return -1;
		if (g != NULL && fnmatch(pattern, g->gr_name, FNM_NOESCAPE) == 0)
			return 1;
	}
	return 0;
}

static int group_fits(const char *pattern, const struct sshd_login *q)
{
	if (q->group == NULL)
		return looked_up_group_fits(pattern, q->user);
	for (size_t i = 0; i < q->groups; i++)
		if (fnmatch(pattern, q->group[i], FNM_NOESCAPE) == 0)
			return 1;
	return 0;
}

struct list {
	const char *key, *name; /* as sshd says it, as people write it */
	bool group, deny;
};

/* 1: a word of the list fits; 0; -1 with errno: it cannot be told.  *any: there is one. */
static int list_fits(const char *said, const struct list *l, const struct sshd_login *q,
    bool *any)
{
	const char *at = said;
	char word[300];

	*any = false;
	while ((at = find_line(at, l->key)) != NULL)
		for (; *at != '\0' && *at != '\n'; at += strspn(at, " ")) {
			size_t n = strcspn(at, " \n");
			int fits;

			(void)snprintf(word, sizeof(word), "%.*s", (int)n, at);
			*any = true;
			fits = l->group ? group_fits(word, q) : user_fits(word, q, !l->deny);
			if (fits != 0)
				return fits;
			at += n;
		}
	return 0;
}

static bool refuses_root(const char *said, const struct sshd_login *q, bool asks, char *why,
    size_t size)
{
	const struct passwd *pw = q->not_root ? NULL : getpwnam(q->user);
	char value[64];

	if (pw == NULL || pw->pw_uid != 0 ||
	    !sshd_said_value(said, "permitrootlogin", value, sizeof(value)))
		return false;
	/* prohibit-password refuses every method but the key, and so the code, too. */
	if (strcasecmp(value, "yes") == 0 || (!asks && strcasecmp(value, "no") != 0))
		return false;
	(void)snprintf(why, size, "PermitRootLogin %s", value);
	return true;
}

int sshd_said_refuses(const char *said, const struct sshd_login *q, bool asks, char *why,
    size_t size)
{
	/* In the order of sshd. */
	static const struct list lists[] = {
	    {"denyusers", "DenyUsers", false, true}, {"allowusers", "AllowUsers", false, false},
	    {"denygroups", "DenyGroups", true, true}, {"allowgroups", "AllowGroups", true, false}};
	bool any;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const int fits = list_fits(said, &lists[i], q, &any);

		if (fits < 0) {
			(void)snprintf(why, size, "%s: %s", lists[i].name, strerror(errno));
			return -1;
		}
		if (!any || (fits > 0) != lists[i].deny)
			continue;
		(void)snprintf(why, size, lists[i].deny ? _("%s names %s") : _("%s does not name %s"),
		    lists[i].name, q->user);
		return 1;
	}
	return refuses_root(said, q, asks, why, size) ? 1 : 0;
}
