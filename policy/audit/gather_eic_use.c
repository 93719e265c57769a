#include "policy/audit/gather.h"

#include "policy/audit/eic.h"
#include "policy/audit/eic_log.h"
#include "policy/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOURNALCTL "/usr/bin/journalctl"
#define TAIL ((long)4 << 20) /* bytes of a log file that are looked through */
#define STRING(n) #n
#define NUMBER(n) STRING(n)
#define SINCE "--since=-" NUMBER(EIC_DAYS) "days"
#define GREP "--grep=^" EIC_LOGGED

/* The matches of the journal are cheap, and only then texts are compared. */
static void ask_journal(struct facts *f)
{
	static const char since[] = SINCE, grep[] = GREP;
	const char *const argv[] = {JOURNALCTL, "-q", "-o", "export", "--output-fields=MESSAGE,_UID",
	    "-n", NUMBER(EIC_LOG_MOST), since, grep, "--case-sensitive=yes", "SYSLOG_FACILITY=10",
	    "_TRANSPORT=syslog", NULL};
	struct run_said said = {{0}, {0}};
	struct buffer out = {0};
	struct err e = {0};
	char line[400];
	int status = 0, r = run_program(argv, &said, &status, &e);

	run_line(&said, line, sizeof(line));
	if (r == ERR_NONE)
		facts_none(f, "eic-use", "journal");
	else if (r != 0)
		facts_trouble(f, "eic-use", "journal", e.text);
	else if (status > 1 || (status == 1 && said.err.len > 0)) /* 1: nothing fits */
		facts_trouble(f, "eic-use", "journal", line);
	else {
		eic_log_journal(buffer_string(&said.out), said.out.len, &out);
		facts_text(f, "eic-use", "journal", buffer_string(&out), out.len);
	}
	f->failed = f->failed || out.failed;
	buffer_free(&out);
	run_free(&said);
}

static void read_log(struct facts *f, const char *path)
{
	FILE *in = fopen(path, "re");
	struct buffer out = {0};
	char *text;
	size_t n;

	if (in == NULL && (errno == ENOENT || errno == ENOTDIR)) {
		facts_none(f, "eic-use", path);
		return;
	}
	if (in == NULL) {
		facts_trouble(f, "eic-use", path, strerror(errno));
		return;
	}
	if ((text = malloc((size_t)TAIL + 1)) == NULL) {
		f->failed = true;
		(void)fclose(in);
		return;
	}
	if (fseek(in, 0, SEEK_END) == 0 && ftell(in) > TAIL)
		(void)fseek(in, -TAIL, SEEK_END);
	else
		rewind(in);
	n = fread(text, 1, (size_t)TAIL, in);
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[n] = '\0';
	eic_log_file(text, time(NULL), &out);
	facts_text(f, "eic-use", path, buffer_string(&out), out.len);
	f->failed = f->failed || out.failed;
	buffer_free(&out);
	free(text);
	(void)fclose(in);
}

void gather_eic_use(struct facts *f)
{
	static const char *const logs[] = {"/var/log/auth.log", "/var/log/auth.log.1",
	    "/var/log/secure"};

	if (geteuid() != 0)
		facts_trouble(f, "eic-use", "journal", "only root sees all of it");
	else
		ask_journal(f);
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		read_log(f, logs[i]);
}
