#include "policy/audit/gather.h"

#include "policy/audit/pam_lines.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- who listens ---- */

#define LISTEN "0A" /* TCP_LISTEN */
#define LINES_MOST 100000

/* The kernel writes each 32 bits of an address as a number of the machine's. */
static bool read_address(const char *hex, size_t len, char text[INET6_ADDRSTRLEN])
{
	unsigned word[4] = {0};
	char part[9] = "";

	if (len != 8 && len != 32)
		return false;
	for (size_t i = 0; i < len / 8; i++) {
		memcpy(part, hex + 8 * i, 8);
		word[i] = (unsigned)strtoul(part, NULL, 16);
	}
	return inet_ntop(len == 8 ? AF_INET : AF_INET6, word, text, INET6_ADDRSTRLEN) != NULL;
}

#define FIELDS 8

/* "SL: LOCAL:PORT REMOTE:PORT STATE QUEUES TIMER RETRANSMITS UID ..." */
static void note_socket(struct facts *f, char *line)
{
	char *field[FIELDS] = {NULL}, *rest = NULL, *colon, text[INET6_ADDRSTRLEN];
	char name[INET6_ADDRSTRLEN + 16];
	int n = 0;

	for (char *at = strtok_r(line, " \n", &rest); at != NULL && n < FIELDS;
	     at = strtok_r(NULL, " \n", &rest))
		field[n++] = at;
	if (n < FIELDS || strcmp(field[3], LISTEN) != 0 || (colon = strchr(field[1], ':')) == NULL ||
	    !read_address(field[1], (size_t)(colon - field[1]), text))
		return;
	(void)snprintf(name, sizeof(name), "%lu %s", strtoul(colon + 1, NULL, 16) & 0xffff, text);
	facts_format(f, "listen", name, "uid=%lu", strtoul(field[7], NULL, 10));
}

static bool note_sockets(struct facts *f, const char *path)
{
	FILE *in = fopen(path, "re");
	char line[512];
	size_t n = 0;

	if (in == NULL)
		return errno == ENOENT; /* no IPv6 */
	while (n++ < LINES_MOST && fgets(line, sizeof(line), in) != NULL)
		note_socket(f, line);
	(void)fclose(in);
	return n <= LINES_MOST;
}

/* ---- who runs ---- */

/* The kernel keeps 15 bytes of a name. */
static const char *const programs[] = {"in.telnetd", "telnetd", "utelnetd", "in.rshd", "in.rlogind",
    "in.rexecd", "rshd", "rlogind", "inetd", "xinetd", "cockpit-ws", "cockpit-tls", "amazon-ssm-agen",
    "ssm-agent-worke", "dropbear", "ttyd", "gotty", "shellinaboxd", "xrdp", "agetty", "chronyd",
    "systemd-timesyn", "ntpd"};

static void read_proc(const char *pid, const char *what, char *text, size_t size)
{
	char path[64];
	ssize_t n = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, what);
	if ((in = fopen(path, "re")) != NULL) {
		n = (ssize_t)fread(text, 1, size - 1, in);
		(void)fclose(in);
	}
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0' || text[i] == '\n')
			text[i] = ' ';
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
}

/* Anybody may run a program of any name: whose it is counts.  The words of a getty say its
 * line; those of others may hold what is nobody's business. */
static void note_process(struct facts *f, const char *pid)
{
	char comm[32], words[256], name[64], path[32];
	struct stat st;

	read_proc(pid, "comm", comm, sizeof(comm));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(comm, programs[i]) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s %.20s", comm, pid);
		(void)snprintf(path, sizeof(path), "/proc/%.20s", pid);
		if (stat(path, &st) != 0) /* it has ended */
			continue;
		read_proc(pid, "cmdline", words, strcmp(comm, "agetty") == 0 ? sizeof(words) : 1);
		facts_format(f, "process", name, "uid=%u %s", (unsigned)st.st_uid, words);
	}
}

static void note_processes(struct facts *f)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;

	if (d == NULL) {
		facts_trouble(f, "doors", "processes", strerror(errno));
		return;
	}
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
			note_process(f, entry->d_name);
	(void)closedir(d);
	facts_text(f, "doors", "processes", "", 0);
}

void gather_door(struct facts *f)
{
	if (note_sockets(f, "/proc/net/tcp") && note_sockets(f, "/proc/net/tcp6"))
		facts_text(f, "doors", "sockets", "", 0);
	else
		facts_trouble(f, "doors", "sockets", "/proc/net/tcp cannot be read in full");
	note_processes(f);
	gather_dir(f, PAM_LINES_DIR, "");
	gather_file(f, "/etc/security/pwhistory.conf", true);
	gather_file(f, "/etc/inetd.conf", true);
	gather_file(f, "/etc/doas.conf", true);
}
