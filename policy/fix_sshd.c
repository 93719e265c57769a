#include "policy/fix_sshd.h"

#include "policy/enable_sshd.h"
#include "policy/run.h"

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
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 15000 /* until it answers after a restart */
#define BANNER_MS 3000  /* of one try */
#define GONE_MS 3000    /* nobody has started it anew */
#define BEGIN_MS 300    /* before the first: the old one is closed by then */
#define SYSTEMD "/run/systemd/system"
#define SYSTEMCTL "/usr/bin/systemctl"
#define INODES 64

/* ---- the configuration that is to come ---- */

static int put_part(void *ctx, int number, const struct buffer *text, struct err *e)
{
	const char *dir = ctx;
	struct enable_file f = {.mode = 0600};

	(void)snprintf(f.path, sizeof(f.path), "%s/%d", dir, number);
	return enable_file_put(&f, text, true, e);
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
	r = fix_plan_future(&q, e);
	if (r == 0)
		r = enable_sshd_test(&(struct enable_sshd){.config = config,
		    .shown = ENABLE_SSHD_CONFIG}, e);
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

	for (int i = 0; i < 10; i++)
		if ((w[i] = enable_txn_word(&at)) == NULL)
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

static void read_table(const char *path, const struct sockets *s, struct fix_change *c)
{
	FILE *in = fopen(path, "re");
	char line[400];
	bool refused;

	while (in != NULL && c->listens < FIX_LISTEN && fgets(line, sizeof(line), in) != NULL)
		if (read_socket(line, s, &c->listen[c->listens]) &&
		    has_banner(&c->listen[c->listens], &refused))
			c->listens++;
	if (in != NULL)
		(void)fclose(in);
}

void fix_sshd_listens(struct facts *f, struct fix_change *c)
{
	struct sockets s = {.count = 0};
	const struct fact *x = NULL;

	c->listens = 0;
	while ((x = facts_next(f, "listener", "", x)) != NULL)
		find_sockets(x->name, &s);
	read_table("/proc/net/tcp", &s, c);
	read_table("/proc/net/tcp6", &s, c);
}

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
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

static int restart_systemd(struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service"};
	int r = systemctl("daemon-reload", NULL, e);

	for (size_t i = 0; i < 2 && r == 0; i++) {
		const char *const active[] = {SYSTEMCTL, "-q", "is-active", units[i], NULL};
		int status;

		if ((r = run_program(active, NULL, &status, e)) == 0 && status == 0)
			return systemctl("restart", units[i], e);
	}
	return r != 0 ? r : err_set(e, ERR_NONE, "sshd is not running by systemd, or is started for each "
	    "connection");
}

int fix_sshd_restart(struct err *e)
{
	int r = enable_sshd_live(e);

	if (r != 0)
		return r;
	return access(SYSTEMD, F_OK) == 0 ? restart_systemd(e) : enable_sshd_reload(e);
}
