#include "policy/audit/finding.h"

#include "enroll/language.h"
#include "policy/audit/pam_facts.h"
#include "policy/audit/words.h"
#include "policy/sshd_said.h"

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
				result_note(r, AUDIT_FAIL, N_("%s:%d: %.*s"), "/etc/inetd.conf", line, (int)n,
				    text); /* its command may hold what is nobody's business */
				any = true;
			}
	}
	return any;
}

/* One way past the code: whom root has named, and root himself, are none. */
static bool judge_ways(struct result *r, struct pamd_stack *s, const char *service)
{
	static const struct { enum pamd_way kind; const char *what; } ways[] = {
	    {PAMD_WAY_REFUSED, N_("a refused code still gets in")},
	    {PAMD_WAY_JUMPED, N_("gets in without a code")}};
	bool any = false;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct pamd_trace t;

		if (pamd_stack_trace(s, ways[i].kind, &t, NULL) != 0) {
			result_note(r, AUDIT_ERROR, N_("out of memory"));
			return true;
		}
		if (t.count == 0)
			continue;
		result_note(r, AUDIT_WARN, N_("service %s: %s:"), service, _(ways[i].what));
		pam_note_way(r, AUDIT_WARN, s, &t);
		any = true;
	}
	return any;
}

static bool asks(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return true;
	return false;
}

static bool judge_service(struct facts *f, struct result *r, const char *service, const char *path)
{
	struct pamd_stack s;
	struct err e = {0};
	bool other, any = true;
	const int code = pam_load_lines(f, &s, service, PAMD_AUTH, &other, &e);

	if (code != 0 && !(code == ERR_NONE && other))
		result_note(r, AUDIT_ERROR, N_("service %s: %s"), service, e.text);
	else if (!asks(&s))
		result_note(r, AUDIT_WARN, N_("%s: no auth line of pam_bastion.so: %s asks for no "
		    "code"), path, service);
	else
		any = judge_ways(r, &s, service);
	pamd_stack_free(&s);
	return any;
}

/* Programs that make somebody of somebody else; not asked for where they are not there. */
static bool judge_services(struct facts *f, struct result *r)
{
	static const char *const services[] = {"su", "su-l", "cockpit", "doas"};
	bool any = false;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/%s", pam_dirs[0], services[i]);
		if (facts_get(f, "file", path)->is == FACT_NONE ||
		    (i > 0 && facts_get(f, "file", path)->is == FACT_UNKNOWN))
			continue;
		any = judge_service(f, r, services[i], path) || any;
	}
	return any;
}

/* "permit nopass :wheel" of doas.conf(5). */
static bool judge_doas(struct facts *f, struct result *r)
{
	static const char path[] = "/etc/doas.conf";
	const char *text = facts_string(f, "file", path);
	bool any = false;

	for (int line = 1; *text != '\0'; line++, text += strcspn(text, "\n"), text += *text == '\n') {
		char words[512];
		bool permits = false, unasked = false;

		(void)snprintf(words, sizeof(words), "%.*s", (int)strcspn(text, "#\n"), text);
		for (char *save = NULL, *word = strtok_r(words, " \t", &save); word != NULL;
		     word = strtok_r(NULL, " \t", &save)) {
			permits = permits || strcmp(word, "permit") == 0;
			unasked = unasked || strcmp(word, "nopass") == 0;
		}
		if (!permits || !unasked)
			continue;
		result_note(r, AUDIT_WARN, N_("%s:%d: %s: nobody is asked"), path, line, "permit nopass");
		any = true;
	}
	return any;
}

/* Of any answer of `sshd -T`, in general, under a Match or from elsewhere; which line says so
 * is for MFA-11. */
static bool judge_root(struct facts *f, struct result *r)
{
	const struct fact *x = NULL;
	char value[64];

	while ((x = facts_next(f, "sshd", "", x)) != NULL) {
		if (x->is != FACT_TEXT || !sshd_said_value(x->text, "permitrootlogin", value, sizeof(value)) ||
		    strcmp(value, "no") == 0)
			continue;
		result_note(r, AUDIT_WARN, N_("sshd: %s %s: root may log in"), "permitrootlogin", value);
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
	any = result_untold(r, facts_get(f, "file", "/etc/doas.conf"), "file", "/etc/doas.conf") || any;
	any = judge_services(f, r) || any;
	any = judge_doas(f, r) || any;
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
