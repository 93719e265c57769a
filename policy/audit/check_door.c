#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/pam_lines.h"
#include "policy/audit/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What listens, by its port; fails: who comes in so shows a password to the network. */
static const struct { long port; const char *name; bool fails; } ports[] = {{23, "telnet", true},
    {512, "rexec", true}, {513, "rlogin", true}, {514, "rsh", true}, {9090, "cockpit", false},
    {3389, "rdp", false}, {5900, "vnc", false}, {5901, "vnc", false}, {7681, "ttyd", false},
    {4200, "shellinabox", false}};

/* What runs, by its name, of which the kernel keeps 15 bytes; fails: root's alone lets others
 * in. */
static const struct { const char *comm; bool fails; } programs[] = {{"in.telnetd", true},
    {"telnetd", true}, {"utelnetd", true}, {"in.rshd", true}, {"in.rlogind", true},
    {"in.rexecd", true}, {"rshd", true}, {"rlogind", true}, {"cockpit-ws", false},
    {"cockpit-tls", false}, {"amazon-ssm-agen", false}, {"ssm-agent-worke", false},
    {"dropbear", false}, {"ttyd", false}, {"gotty", false}, {"shellinaboxd", false},
    {"xrdp", false}};

static bool judge_sockets(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;
	bool any = false;

	while ((x = facts_next(f, "listen", "", x)) != NULL) {
		const long port = strtol(x->name, NULL, 10);
		const char *address = strchr(x->name, ' ');

		for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
			if (ports[i].port != port)
				continue;
			result_note(r, ports[i].fails ? AUDIT_FAIL : AUDIT_WARN,
			    N_("port %ld of%s is open: %s"), port, address != NULL ? address : " ?",
			    ports[i].name);
			any = true;
		}
	}
	return any;
}

static bool is_serial(const char *words)
{
	static const char *const lines[] = {"ttyS", "ttyAMA", "hvc", "ttyUSB", "ttysclp"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(words, lines[i]) != NULL)
			return true;
	return false;
}

/* Who is not root lets nobody in as somebody else, and may give a program any name. */
static bool is_roots(const char *words)
{
	return words_number(words, "uid") <= 0; /* what is not told counts as his */
}

static void note_program(struct result *r, const struct fact *x, bool fails)
{
	if (is_roots(x->text))
		result_note(r, fails ? AUDIT_FAIL : AUDIT_WARN, N_("process %s runs"), x->name);
	else
		result_note(r, AUDIT_WARN, N_("process %s runs, not root's: uid %lld"), x->name,
		    (long long)words_number(x->text, "uid"));
}

static bool judge_processes(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;
	bool any = false;

	while ((x = facts_next(f, "process", "", x)) != NULL) {
		const size_t n = strcspn(x->name, " ");

		for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
			if (strlen(programs[i].comm) != n || strncmp(x->name, programs[i].comm, n) != 0)
				continue;
			note_program(r, x, programs[i].fails);
			any = true;
		}
		if (n == 6 && strncmp(x->name, "agetty", 6) == 0 && is_roots(x->text) &&
		    is_serial(x->text)) {
			result_note(r, AUDIT_WARN, N_("process %s: %s: a login at a serial line"), x->name,
			    x->text);
			any = true;
		}
	}
	return any;
}

/* "telnet stream tcp ..." of inetd.conf(5). */
static bool judge_inetd(struct facts *f, struct result *r)
{
	static const char *const names[] = {"telnet", "shell", "login", "exec"};
	const char *text = facts_string(f, "file", "/etc/inetd.conf");
	bool any = false;
	int line = 0;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		const size_t n = strcspn(text, " \t\n");

		line++;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i]) == n && strncmp(text, names[i], n) == 0) {
				result_note(r, AUDIT_FAIL, N_("%s:%d: %.*s"), "/etc/inetd.conf", line,
				    (int)strcspn(text, "\n"), text);
				any = true;
			}
	}
	return any;
}

/* Programs that make somebody of somebody else; not asked for where they are not there. */
static bool judge_services(struct facts *f, struct result *r)
{
	static const char *const services[] = {"su", "su-l", "cockpit"};
	bool any = false;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		char path[64];
		struct pam_place place;
		struct err e = {0};
		int code;

		(void)snprintf(path, sizeof(path), PAM_LINES_DIR "/%s", services[i]);
		if (facts_get(f, "file", path)->is == FACT_NONE ||
		    (i > 0 && facts_get(f, "file", path)->is == FACT_UNKNOWN))
			continue;
		code = pam_lines_find(f, services[i], PAMD_AUTH, "pam_bastion.so", &place, &e);
		if (code == ERR_NONE)
			result_note(r, AUDIT_WARN, N_("%s: no auth line of pam_bastion.so: %s asks for no "
			    "code"), path, services[i]);
		else if (code != 0)
			result_note(r, AUDIT_ERROR, N_("service %s: %s"), services[i], e.text);
		any = any || code != 0;
	}
	return any;
}

/* Of `sshd -T`; which line says so is for MFA-11. */
static bool judge_root(struct facts *f, struct result *r)
{
	static const char key[] = "permitrootlogin ";
	const char *text = facts_string(f, "sshd", "config");

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncasecmp(text, key, sizeof(key) - 1) != 0)
			continue;
		if (strncmp(text + sizeof(key) - 1, "no\n", 3) == 0 ||
		    strcmp(text + sizeof(key) - 1, "no") == 0)
			return false;
		result_note(r, AUDIT_WARN, N_("sshd: %.*s: root may log in"), (int)strcspn(text, "\n"), text);
		return true;
	}
	return false;
}

static void check_doors(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	bool any = false;

	(void)rules;
	any = result_untold(r, facts_get(f, "doors", "sockets"), "doors", "sockets") || any;
	any = result_untold(r, facts_get(f, "doors", "processes"), "doors", "processes") || any;
	any = result_untold(r, facts_get(f, "file", "/etc/inetd.conf"), "file", "/etc/inetd.conf") || any;
	any = judge_sockets(f, r) || any;
	any = judge_processes(f, r) || any;
	any = judge_inetd(f, r) || any;
	any = judge_services(f, r) || any;
	any = judge_root(f, r) || any;
	if (!any)
		result_note(r, AUDIT_PASS, N_("no other way in is known"));
}

static const struct audit_check checks[] = {
    {.id = "MFA-16", .severity = AUDIT_MEDIUM, .title = "Other doors", .title_ko = "우회 경로",
        .guide = "1", .isms_p = "~2.6.2",
        .rule = N_("no telnet, rsh, rlogin or rexec; WARN: another way in that the code does not "
        "guard"), .run = check_doors},
};

const struct audit_group audit_door = {checks, sizeof(checks) / sizeof(checks[0])};
