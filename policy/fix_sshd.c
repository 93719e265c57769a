#include "policy/fix_sshd.h"

#include "policy/enable_sshd.h"
#include "policy/fix_future.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 15000 /* until it answers after a restart */
#define BANNER_MS 3000  /* of one try */
#define GONE_MS 3000    /* nobody has started it anew */
#define BEGIN_MS 300    /* before the first: the old one is closed by then */
#define SYSTEMD "/run/systemd/system"
#define SYSTEMCTL "/usr/bin/systemctl"
#define INODES 64
#define TRIES 3 /* sshd drops one of many connections */

/* ---- the configuration that is to come ---- */

static int put_part(void *ctx, int number, const struct buffer *text, struct err *e)
{
	const char *dir = ctx;
	struct enable_file f = {.mode = 0600};

	(void)snprintf(f.path, sizeof(f.path), "%s/%d", dir, number);
	return enable_file_put(&f, text, true, e);
}

/* Options of the unit win over the file; a -f among them is another file. */
static int test_start(void *ctx, const char *const word[], size_t n, struct err *e)
{
	const char *argv[FIX_OPTIONS + 5] = {ENABLE_SSHD_PROGRAM, "-t", "-f", ctx};
	char line[300];
	int status, r;

	for (size_t i = 0; i < n; i++)
		argv[4 + i] = word[i];
	r = enable_sshd_try(argv, &status, line, sizeof(line), e);
	if (r != 0 || status == 0)
		return r;
	if (n == 0)
		return err_set(e, ERR_REFUSED, "%s: sshd -t refuses it: %s", ENABLE_SSHD_CONFIG, line);
	return err_set(e, ERR_REFUSED, "%s: with the options of its unit sshd -t refuses it: %s",
	    ENABLE_SSHD_CONFIG, line);
}

int fix_sshd_test(struct facts *f, const struct fix_plan *p, struct err *e)
{
	char dir[] = "/run/pam-bastion-fix-XXXXXX", config[64];
	struct fix_future q = {.facts = f, .plan = p, .dir = dir, .put = put_part, .ctx = dir};
	int r;

	if (access(ENABLE_SSHD_PROGRAM, X_OK) != 0 ||
	    facts_get(f, "file", ENABLE_SSHD_CONFIG)->is != FACT_TEXT)
		return err_set(e, ERR_NONE, "there is no sshd");
	if (mkdtemp(dir) == NULL)
		return err_errno(e, "%s", dir);
	(void)snprintf(config, sizeof(config), "%s/0", dir);
	if ((r = fix_plan_future(&q, e)) == 0)
		r = test_start(config, NULL, 0, e);
	if (r == 0)
		r = fix_future_starts(f, p, test_start, config, e);
	for (int i = 0; i < q.next; i++) {
		(void)snprintf(config, sizeof(config), "%s/%d", dir, i);
		(void)unlink(config);
	}
	(void)rmdir(dir);
	return r;
}

/* ---- where it answers ---- */

struct sockets {
	unsigned long inode[INODES];
	int count;
};

static void find_sockets(const char *pid, struct sockets *s)
{
	char path[64], link[400], target[64];
	const struct dirent *entry;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	if ((d = opendir(path)) == NULL)
		return;
	while ((entry = readdir(d)) != NULL && s->count < INODES) {
		ssize_t n;

		(void)snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		if ((n = readlink(link, target, sizeof(target) - 1)) <= 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, "socket:[", 8) == 0)
			s->inode[s->count++] = strtoul(target + 8, NULL, 10);
	}
	(void)closedir(d);
}

/* An address as /proc/net/tcp writes it: words of four bytes in the order of this machine.
 * That of all addresses is this host's own. */
static void read_address(const char *hex, char out[64])
{
	const bool six = strlen(hex) == 32;
	uint32_t word[4] = {0};
	struct in6_addr a6;
	bool any = true;

	for (int i = 0; i < (six ? 4 : 1); i++) {
		char part[9];

		(void)snprintf(part, sizeof(part), "%.8s", hex + (size_t)8 * (size_t)i);
		word[i] = (uint32_t)strtoul(part, NULL, 16);
		any = any && word[i] == 0;
	}
	memcpy(&a6, word, sizeof(a6));
	if (any)
		(void)snprintf(out, 64, "%s", six ? "::1" : "127.0.0.1");
	else if (inet_ntop(six ? AF_INET6 : AF_INET, six ? (const void *)&a6 : (const void *)word, out,
	    64) == NULL)
		out[0] = '\0';
}

static int connect_to(const struct fix_listen *l)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)l->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port)};
	const bool is_six = strchr(l->addr, ':') != NULL;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	(void)inet_pton(AF_INET6, l->addr, &six.sin6_addr);
	(void)inet_pton(AF_INET, l->addr, &four.sin_addr);
	if ((is_six ? connect(fd, (struct sockaddr *)&six, sizeof(six)) :
	    connect(fd, (struct sockaddr *)&four, sizeof(four))) == 0 || errno == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -1;
}

/* *refused: nobody listens there. */
static bool has_banner(const struct fix_listen *l, bool *refused)
{
	struct pollfd p = {.fd = connect_to(l), .events = POLLIN};
	char text[4] = "";
	bool has;

	errno = p.fd < 0 ? errno : 0;
	has = p.fd >= 0 && poll(&p, 1, BANNER_MS) == 1 &&
	    recv(p.fd, text, sizeof(text), MSG_WAITALL) == (ssize_t)sizeof(text);
	*refused = !has && errno == ECONNREFUSED;

	if (p.fd >= 0)
		(void)close(p.fd);
	return has && memcmp(text, "SSH-", sizeof(text)) == 0;
}

/* A line of the table: "N: ADDRESS:PORT REMOTE STATE ... INODE ...", 10 words; false: it does
 * not listen, or is of another program. */
static bool read_socket(char *line, const struct sockets *s, struct fix_listen *l)
{
	const char *w[10];
	char *at = line, *port;
	unsigned long inode;

	if (!enable_txn_words(&at, w, 10))
		return false;
	if (strcmp(w[3], "0A") != 0 || (port = strchr(w[1], ':')) == NULL)
		return false;
	*port = '\0';
	read_address(w[1], l->addr);
	l->port = (int)strtol(port + 1, NULL, 16);
	inode = strtoul(w[9], NULL, 10);
	for (int i = 0; i < s->count; i++)
		if (s->inode[i] == inode)
			return true;
	return false;
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

/* Keeps a place where it answers. */
static void add_listen(struct fix_change *c, const struct fix_listen *l)
{
	bool has = false, refused = false;

	for (int i = 0; i < c->listens; i++)
		if (c->listen[i].port == l->port && strcmp(c->listen[i].addr, l->addr) == 0)
			return;
	for (int i = 0; i < TRIES && c->listens < FIX_LISTEN && !has && !refused; i++) {
		if (i > 0)
			pause_ms(100);
		has = has_banner(l, &refused);
	}
	if (has)
		c->listen[c->listens++] = *l;
}

static void read_table(const char *path, const struct sockets *s, struct fix_change *c)
{
	FILE *in = fopen(path, "re");
	struct fix_listen l;
	char line[400];

	while (in != NULL && fgets(line, sizeof(line), in) != NULL)
		if (read_socket(line, s, &l))
			add_listen(c, &l);
	if (in != NULL)
		(void)fclose(in);
}

bool fix_sshd_place(const char *text, struct fix_listen *l)
{
	const size_t n = strcspn(text, " \n");
	const char *colon = memrchr(text, ':', n);
	size_t from = 0, len = colon != NULL ? (size_t)(colon - text) : 0;
	struct in6_addr a;

	if (len > 1 && text[0] == '[' && text[len - 1] == ']')
		from = 1, len -= 2;
	if (colon == NULL || len == 0 || len >= sizeof(l->addr))
		return false;
	(void)snprintf(l->addr, sizeof(l->addr), "%.*s", (int)len, text + from);
	l->port = (int)strtol(colon + 1, NULL, 10);
	if (strcmp(l->addr, "0.0.0.0") == 0 || strcmp(l->addr, "*") == 0)
		(void)snprintf(l->addr, sizeof(l->addr), "127.0.0.1");
	else if (strcmp(l->addr, "::") == 0)
		(void)snprintf(l->addr, sizeof(l->addr), "::1");
	return l->port > 0 && l->port < 65536 && (inet_pton(AF_INET, l->addr, &a) == 1 ||
	    inet_pton(AF_INET6, l->addr, &a) == 1);
}

/* The places at the beginning of lines, behind a word of their own. */
static void read_places(const char *text, const char *key, struct fix_change *c)
{
	const size_t n = strlen(key);
	struct fix_listen l;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, n) == 0 && fix_sshd_place(text + n, &l))
			add_listen(c, &l);
}

/* ---- its unit ---- */

static bool is_active(const char *unit)
{
	const char *const argv[] = {SYSTEMCTL, "-q", "is-active", unit, NULL};
	int status;

	return run_program(argv, NULL, &status, NULL) == 0 && status == 0;
}

/* What has to be up again later, a socket that starts it before all. */
static void find_unit(struct fix_change *c)
{
	static const char *const units[] = {"ssh.socket", "sshd.socket", "ssh.service", "sshd.service"};

	c->unit[0] = '\0';
	for (size_t i = 0; i < 4 && access(SYSTEMD, F_OK) == 0 && c->unit[0] == '\0'; i++)
		if (is_active(units[i]))
			(void)snprintf(c->unit, sizeof(c->unit), "%s", units[i]);
}

static bool is_socket(const char *unit)
{
	const char *end = strrchr(unit, '.');

	return end != NULL && strcmp(end, ".socket") == 0;
}

/* A socket has no process of sshd behind it before somebody comes. */
static void ask_socket(struct fix_change *c)
{
	const char *const argv[] = {SYSTEMCTL, "show", "-p", "Listen", c->unit, NULL};
	struct run_said said = {{0}, {0}};
	int status;

	if (run_program(argv, &said, &status, NULL) == 0 && status == 0)
		read_places(buffer_string(&said.out), "Listen=", c);
	run_free(&said);
}

void fix_sshd_listens(struct facts *f, struct fix_change *c)
{
	struct sockets s = {.count = 0};
	const struct fact *x = NULL;

	c->listens = 0;
	find_unit(c);
	while ((x = facts_next(f, "listener", "", x)) != NULL)
		find_sockets(x->name, &s);
	read_table("/proc/net/tcp", &s, c);
	read_table("/proc/net/tcp6", &s, c);
	if (is_socket(c->unit))
		ask_socket(c);
	if (c->listens == 0)
		read_places(facts_string(f, "sshd", "config"), "listenaddress ", c);
}

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int fix_sshd_answers(const struct fix_change *c, struct err *e)
{
	const bool systemd = access(SYSTEMD, F_OK) == 0;
	const int64_t end = now_ms() + ANSWER_MS;
	int64_t alive = now_ms();
	bool refused;

	if (c->listens > 0)
		pause_ms(BEGIN_MS);
	for (int i = 0; i < c->listens;) {
		if (has_banner(&c->listen[i], &refused)) {
			i++;
			continue;
		}
		if (systemd || !refused || enable_sshd_has_pid())
			alive = now_ms();
		if (now_ms() >= end || now_ms() >= alive + GONE_MS)
			return err_set(e, ERR_UNAVAIL, "sshd does not answer at %s port %d any more",
			    c->listen[i].addr, c->listen[i].port);
		pause_ms(100);
	}
	return 0;
}

/* ---- the restart ---- */

static int systemctl(const char *verb, const char *unit, struct err *e)
{
	const char *const argv[] = {SYSTEMCTL, verb, unit, NULL};
	struct run_said said = {{0}, {0}};
	char line[200];
	int status, r = run_program(argv, &said, &status, e);

	run_line(&said, line, sizeof(line));
	run_free(&said);
	return r != 0 || status == 0 ? r : err_set(e, ERR_UNAVAIL, "systemctl %s %s: exit %d: %s", verb,
	    unit != NULL ? unit : "", status, line);
}

/* Also when it has failed meanwhile: then nobody gets in until it is up again.  A socket has
 * it started by who comes next. */
static int restart_unit(const char *unit, struct err *e)
{
	char service[FIX_UNIT_MAX + 16];
	int r;

	(void)snprintf(service, sizeof(service), "%.*s.service", (int)strcspn(unit, "."), unit);
	(void)systemctl("reset-failed", service, NULL);
	if (!is_socket(unit))
		return systemctl("restart", unit, e);
	(void)systemctl("reset-failed", unit, NULL);
	if ((r = systemctl("try-restart", service, e)) == 0)
		r = systemctl("start", unit, e);
	return r;
}

static int restart_systemd(const struct fix_change *c, struct err *e)
{
	const int r = systemctl("daemon-reload", NULL, e);

	if (r != 0 || c->unit[0] != '\0')
		return r != 0 ? r : restart_unit(c->unit, e);
	return err_set(e, ERR_NONE, "sshd is not running by systemd, or is started for each connection");
}

int fix_sshd_restart(const struct fix_change *c, struct err *e)
{
	int r = enable_sshd_live(e);

	if (r != 0)
		return r;
	return access(SYSTEMD, F_OK) == 0 ? restart_systemd(c, e) : enable_sshd_reload(e);
}
