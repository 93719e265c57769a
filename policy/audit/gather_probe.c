#include "policy/audit/gather.h"

#include "lib/net/aws.h"
#include "lib/net/aws_imds.h"
#include "policy/audit/probe.h"
#include "policy/audit/probe_key.h"
#include "policy/audit/sshd_source.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KIND "probe"
#define SSH "/usr/bin/ssh"
#define LOGIN_SECONDS 25
#define OFFER_TRIES 5
#define ADDRESS "127.0.0.1"
#define PATH_KEYS "meta-data/managed-ssh-keys/active-keys/"

/* What the steps share. */
struct probe {
	struct facts *f;
	const struct probe_request *q;
	struct aws *aws;
	struct aws_imds *imds;
	struct probe_key key;
	int64_t pushed; /* before: the key may have been there since */
};

/* No clock that somebody sets. */
static int64_t seconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

bool probe_is_built(void)
{
	return true;
}

static void trouble(struct probe *p, const char *step, const struct err *e)
{
	facts_trouble(p->f, KIND, step, e->text);
}

/* ---- the key is pushed ---- */

static int push(struct probe *p, struct err *e)
{
	char instance[64], zone[64];
	struct aws_param params[] = {{"InstanceId", instance}, {"InstanceOSUser", p->q->user},
	    {"SSHPublicKey", p->key.line}, {"AvailabilityZone", zone}};
	const struct aws_call c = {.service = AWS_EC2_INSTANCE_CONNECT, .action = "SendSSHPublicKey",
	    .param = params, .params = sizeof(params) / sizeof(params[0]), .repeat = true};
	struct aws_answer a = {.end = AWS_TROUBLE};
	int r;

	if ((r = aws_imds_line(p->imds, "meta-data/instance-id", instance, sizeof(instance), e)) != 0)
		return r;
	r = aws_imds_line(p->imds, "meta-data/placement/availability-zone", zone, sizeof(zone), e);
	if (r == ERR_NONE)
		params[3].value = NULL;
	else if (r != 0)
		return r;
	p->pushed = seconds();
	if ((r = aws_do(p->aws, &c, &a)) != 0)
		(void)err_set(e, r, "%s", a.e.text);
	else if (!json_is_true(json_object_get(a.json, "Success")))
		r = err_set(e, ERR_REFUSED, "SendSSHPublicKey: no success");
	else
		facts_format(p->f, KIND, "push", "success=yes instance=%s", instance);
	aws_answer_free(&a);
	return r;
}

/* ---- it is really offered ---- */

/* Whether the text has the key's own part, without its kind. */
static bool has_key(const struct http_answer *a, const struct probe_key *k)
{
	return strstr((char *)a->body.data, strchr(k->line, ' ') + 1) != NULL;
}

static void look_for_offer(struct probe *p)
{
	const struct timespec wait = {.tv_sec = 1};
	char path[sizeof(PATH_KEYS) + 64];
	struct err e = {0};
	int r = ERR_NONE;
	bool offered = false;

	(void)snprintf(path, sizeof(path), PATH_KEYS "%s/", p->q->user);
	for (int i = 0; i < OFFER_TRIES && !offered && (r == 0 || r == ERR_NONE); i++) {
		struct http_answer a;

		if (i > 0)
			(void)nanosleep(&wait, NULL);
		r = aws_imds_get(p->imds, path, &a, &e);
		offered = r == 0 && has_key(&a, &p->key);
		http_answer_free(&a);
	}
	if (offered)
		facts_text(p->f, KIND, "offered", "yes", 3);
	else if (r == 0 || r == ERR_NONE)
		facts_none(p->f, KIND, "offered");
	else
		trouble(p, "offered", &e);
}

/* ---- sshd is there ---- */

/* As OpenSSH's clients do, the first line alone is read. */
static void read_banner(struct probe *p, int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	char line[256] = "";
	ssize_t n;

	if (poll(&wait, 1, 5000) != 1) {
		facts_trouble(p->f, KIND, "banner", "nothing is said");
		return;
	}
	if ((n = recv(fd, line, sizeof(line) - 1, 0)) < 0) {
		facts_trouble(p->f, KIND, "banner", strerror(errno));
		return;
	}
	line[n] = '\0';
	facts_text(p->f, KIND, "banner", line, strcspn(line, "\r\n"));
}

static void look_for_banner(struct probe *p)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->q->port),
	    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		facts_trouble(p->f, KIND, "banner", strerror(errno));
	else
		read_banner(p, fd);
	if (fd >= 0)
		(void)close(fd);
}

/* ---- sshd would let him in by a key ---- */

/* What sshd looks at beside its configuration; of the password the first character alone: of
 * an account that is locked it is `!`. */
static void look_at_account(struct probe *p, const struct passwd *pw)
{
	const char *shell = pw->pw_shell[0] != '\0' ? pw->pw_shell : "/bin/sh";
	struct stat st;
	const bool runs = stat(shell, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
	const struct spwd *sp = getspnam(p->q->user);
	const char first = sp != NULL ? sp->sp_pwdp[0] : pw->pw_passwd[0];

	facts_format(p->f, KIND, "account", "shell=%s locked=%s", runs ? "yes" : "no",
	    first == '!' ? "yes" : "no");
}

static void look_at_source(struct probe *p, const struct sshd_source *s)
{
	/* A key is shown, whatever sshd wants behind it. */
	const struct sshd_login who = {.user = p->q->user, .from = ADDRESS};
	char words[400], what[100], name[500], why[400];
	const struct fact *x;
	char *said;
	int r;

	(void)snprintf(words, sizeof(words), "user=%s,host=" ADDRESS ",addr=" ADDRESS ",laddr=" ADDRESS
	    ",lport=%d", p->q->user, p->q->port);
	(void)snprintf(what, sizeof(what), ":probe:%s", p->q->user);
	(void)snprintf(name, sizeof(name), "%s%s", s->name, what);
	gather_sshd_ask(p->f, s, what, words);
	x = facts_get(p->f, "sshd", name);
	if (x->is != FACT_TEXT)
		return;
	if ((said = strdup(x->text)) == NULL)
		p->f->failed = true;
	else if ((r = sshd_said_refuses(said, &who, false, why, sizeof(why))) > 0)
		facts_text(p->f, "sshd-refuses", name, why, strlen(why));
	else if (r < 0)
		facts_trouble(p->f, "sshd-refuses", name, why);
	else
		facts_none(p->f, "sshd-refuses", name);
	free(said);
}

static void look_at_sshd(struct probe *p)
{
	struct sshd_sources *all = sshd_sources(p->f);

	if (all == NULL || all->failed)
		p->f->failed = true;
	for (size_t i = 0; all != NULL && i < all->count; i++)
		look_at_source(p, &all->item[i]);
	sshd_sources_free(all);
}

/* ---- a login with it ---- */

static void note_login(struct probe *p, const char *said, int status)
{
	struct probe_login x;

	probe_read_login(said, p->key.fingerprint, &x);
	facts_format(p->f, KIND, "login", "status=%d offered=%s refused=%s accepted=%s partial=%s "
	    "denied=%s after=%lld", status, x.offered ? "yes" : "no", x.refused ? "yes" : "no",
	    x.accepted ? "yes" : "no", x.partial ? "yes" : "no", x.denied ? "yes" : "no",
	    (long long)(seconds() - p->pushed));
	facts_text(p->f, KIND, "said", x.last, strlen(x.last));
}

static void log_in(struct probe *p)
{
	char port[8], file[sizeof(p->key.path) + 16];
	/* By -i ssh shows root's own keys where it cannot read this one. */
	const char *const argv[] = {SSH, "-v", "-F", "none", "-o", "BatchMode=yes", "-o",
	    "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey",
	    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
	    "GlobalKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10", "-o", "LogLevel=DEBUG1", "-o",
	    "FingerprintHash=sha256", "-o", file, "-p", port, "-l", p->q->user, ADDRESS, "true", NULL};
	struct run_said said = {{0}, {0}};
	struct err e = {0};
	int status, r;

	(void)snprintf(port, sizeof(port), "%d", p->q->port);
	(void)snprintf(file, sizeof(file), "IdentityFile=%s", p->key.path);
	if ((r = run_within(LOGIN_SECONDS, argv, &said, &status, &e)) != 0)
		facts_trouble(p->f, KIND, "login", r == ERR_NONE ? SSH ": there is no such program" : e.text);
	else
		note_login(p, buffer_string(&said.err), status);
	run_free(&said);
}

/* ---- all of it ---- */

static void probe(struct probe *p)
{
	const struct passwd *pw = getpwnam(p->q->user);
	struct err e = {0};

	if (pw == NULL) {
		facts_trouble(p->f, KIND, "push", "there is no such account");
		return;
	}
	look_at_account(p, pw);
	look_at_sshd(p);
	if (aws_open(&p->aws, &(struct aws_settings){.cred = {.region = p->q->region}}, &e) != 0 ||
	    aws_imds_open(&p->imds, aws_http(p->aws), &e) != 0 || probe_key_make(&p->key, &e) != 0 ||
	    push(p, &e) != 0) {
		trouble(p, "push", &e);
		return;
	}
	look_for_offer(p);
	look_for_banner(p);
	log_in(p);
}

void gather_probe(struct facts *f, const struct probe_request *q)
{
	struct probe p = {.f = f, .q = q, .key = {.fd = -1}};

	if (q == NULL) {
		facts_none(f, KIND, "asked");
		return;
	}
	facts_format(f, KIND, "asked", "user=%s address=" ADDRESS " port=%d", q->user, q->port);
	probe(&p);
	probe_key_free(&p.key);
	aws_imds_close(&p.imds);
	aws_close(&p.aws);
}
