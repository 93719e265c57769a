/* MFA-10, PWD-06 and PWD-09, of the facts of hosts that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/audit/audit.h"
#include "policy/audit/gather.h"
#include "policy/audit/pam_facts.h"

#include <stdlib.h>
#include <string.h>

#define MODULES "/lib/security"
#define M "pam_bastion.so"
#define THREE "auth [success=1 ignore=ignore default=die] " M "\n" \
	"auth requisite pam_deny.so\nauth required pam_permit.so\n"
#define COMMON "auth [success=1 default=ignore] pam_unix.so nullok\n" \
	"auth requisite pam_deny.so\nauth required pam_permit.so\n"
#define GUARD "account requisite " M " need_auth\naccount required pam_unix.so\n"

static struct facts host;

static void module_is(const char *name, const char *meta)
{
	char path[256];

	(void)snprintf(path, sizeof(path), MODULES "/%s", name);
	facts_text(&host, "trust", path, "", 0);
	facts_text(&host, "real", path, path, strlen(path));
	if (meta == NULL)
		facts_none(&host, "meta", path);
	else
		facts_text(&host, "meta", path, meta, strlen(meta));
}

static void file_is(const char *path, const char *text)
{
	facts_text(&host, "file", path, text, strlen(text));
	facts_text(&host, "trust", path, "", 0);
}

static void service_is(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/etc/pam.d/%s", name);
	file_is(path, text);
}

/* A host with modules, and without a service. */
static int make(void **state)
{
	static const char *const modules[] = {M, "pam_unix.so", "pam_deny.so", "pam_permit.so",
	    "pam_faillock.so", "pam_pwquality.so", "pam_passwdqc.so", "pam_env.so",
	    "pam_succeed_if.so", "pam_sss.so", "pam_rootok.so", "pam_wheel.so"};

	(void)state;
	facts_text(&host, "pam", "modules", MODULES, strlen(MODULES));
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		module_is(modules[i], "file 0644 0 0 100 0");
	facts_text(&host, "dir", "/etc/pam.d", "", 0);
	facts_none(&host, "dir", "/usr/lib/pam.d");
	facts_none(&host, "file", "/etc/security/faillock.conf");
	facts_none(&host, "file", "/etc/security/pwquality.conf");
	facts_none(&host, "dir", "/etc/security/pwquality.conf.d");
	facts_none(&host, "sshd", "config");
	facts_none(&host, "file", "/etc/sudoers");
	return 0;
}

static int drop(void **state)
{
	(void)state;
	facts_free(&host);
	return 0;
}

/* The finding's notes, a line each, behind its status. */
static char *finding(const char *id)
{
	const struct audit_rules rules = {.now = 0};
	const struct audit_choice which = {.check = id};
	struct audit a = {.count = 0};
	struct err e = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (audit_run(&a, &host, &rules, &which, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(a.count, 1);
	(void)fprintf(out, "%s\n", audit_status_name(a.item[0].result.status));
	for (size_t i = 0; i < a.item[0].result.count; i++)
		(void)fprintf(out, "%s\n", a.item[0].result.note[i].text);
	audit_free(&a);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The status, and that the notes say so. */
static void finds(const char *id, const char *status, const char *note)
{
	char *text = finding(id);
	const size_t n = strlen(status);

	if (strncmp(text, status, n) != 0 || text[n] != '\n' || strstr(text, note) == NULL)
		fail_msg("not %s with '%s':\n%s", status, note, text);
	free(text);
}

/* ---- MFA-10 ---- */

static void each_way_through_the_shipped_lines_passes_the_code(void **state)
{
	(void)state;
	service_is("sshd", THREE GUARD);
	service_is("sudo", COMMON THREE);
	service_is("sudo-i", "auth include sudo\n");
	finds("MFA-10", "PASS", "/etc/pam.d/sshd:1: service sshd: each way in passes this line");
	finds("MFA-10", "PASS", "/etc/pam.d/sudo:4: service sudo-i: each way in passes this line");
}

static void a_sufficient_line_above_ours_is_told_with_its_way(void **state)
{
	(void)state;
	service_is("sshd", "auth required pam_env.so\n@include common-auth\nauth requisite " M "\n");
	service_is("common-auth", "auth sufficient pam_unix.so\n");
	finds("MFA-10", "FAIL", "service sshd: gets in without a code:\n"
	    "    /etc/pam.d/sshd:1: pam_env.so: answers success\n"
	    "    /etc/pam.d/common-auth:1: pam_unix.so: answers success\n"
	    "    /etc/pam.d/sshd:3: pam_bastion.so: is not run\n");
}

static void code_or_password_fails(void **state)
{
	(void)state;
	service_is("sshd", "auth [success=2 default=ignore] " M "\n" COMMON);
	finds("MFA-10", "FAIL", "service sshd: a refused code still gets in:\n"
	    "    /etc/pam.d/sshd:1: pam_bastion.so: answers auth_err\n"
	    "    /etc/pam.d/sshd:2: pam_unix.so: answers success\n");
}

static void a_way_that_need_auth_still_refuses_is_a_warning(void **state)
{
	(void)state;
	service_is("sshd", "auth sufficient pam_unix.so\n" THREE GUARD);
	finds("MFA-10", "WARN", "service sshd: need_auth in its account lines still refuses these");
	service_is("sshd", "auth sufficient pam_unix.so\n" THREE "account sufficient pam_unix.so\n" GUARD);
	finds("MFA-10", "FAIL", "service sshd: gets in without a code:");
}

/* The first way that is met goes elsewhere in libpam; another one does not. */
static void a_way_that_libpam_goes_is_found_among_those_taken_for_one(void **state)
{
	(void)state;
	service_is("sudo", "auth requisite pam_unix.so\nauth substack sub\n"
	    "auth [success=2 auth_err=reset default=ignore] " M "\n");
	service_is("sub", "auth [success=bad auth_err=1 default=reset] " M "\n");
	finds("MFA-10", "FAIL", "service sudo: a refused code still gets in:");
	service_is("sudo", "auth optional pam_unix.so\n"
	    "auth [success=ignore auth_err=reset default=1] " M "\nauth substack sub\n");
	service_is("sub", "auth [success=die auth_err=reset default=1] pam_deny.so\n");
	finds("MFA-10", "FAIL", "service sudo: a refused code still gets in:");
}

static void an_optional_line_of_ours_fails(void **state)
{
	(void)state;
	service_is("sudo", COMMON "auth optional " M "\n");
	finds("MFA-10", "FAIL", "service sudo: a refused code still gets in:");
}

static void a_missing_module_that_is_ignored_fails(void **state)
{
	(void)state;
	service_is("sudo", "auth [success=ok module_unknown=ignore default=die] " M "\n"
	    "auth required pam_permit.so\n");
	finds("MFA-10", "FAIL", "/etc/pam.d/sudo:1: pam_bastion.so: answers module_unknown");
	module_is(M, NULL);
	finds("MFA-10", "FAIL", "/etc/pam.d/sudo:1: pam_bastion.so: answers module_unknown");
	/* With `default=die` it lets nobody in. */
	service_is("sudo", THREE);
	finds("MFA-10", "WARN", "/lib/security/pam_bastion.so is not there");
}

/* A deny that is not there and ignored denies nothing. */
static void a_missing_module_of_others_counts_as_missing(void **state)
{
	(void)state;
	service_is("sudo", "auth sufficient " M "\nauth [default=die module_unknown=ignore] "
	    "pam_deny.so\nauth required pam_permit.so\n");
	finds("MFA-10", "PASS", "");
	module_is("pam_deny.so", NULL);
	finds("MFA-10", "FAIL", "/etc/pam.d/sudo:2: pam_deny.so: answers module_unknown");
}

static void whom_an_admin_chooses_is_a_warning(void **state)
{
	(void)state;
	service_is("sudo", "auth [success=1 default=ignore] pam_succeed_if.so user = deploy\n"
	    "auth requisite " M "\nauth required pam_permit.so\n");
	finds("MFA-10", "WARN", "service sudo: whom a line chooses gets in without a code:");
}

static void what_judges_the_caller_lets_everybody_in_where_root_calls(void **state)
{
	static const char *const lines[] = {"pam_rootok.so", "pam_succeed_if.so use_uid uid = 0",
	    "pam_wheel.so trust use_uid"};
	static const char *const services[] = {"sshd", "login", "bastion-ssh"};
	static const char said[] = "usepam yes\npamservicename bastion-ssh\n";
	char text[600];

	(void)state;
	facts_text(&host, "sshd", "config", said, strlen(said));
	for (size_t k = 0; k < 3; k++)
		service_is(services[k], THREE GUARD);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth sufficient %s\n" THREE
		    "account requisite pam_permit.so\n", lines[i]);
		service_is("sudo", text);
		finds("MFA-10", "WARN", "service sudo: whom a line chooses gets in without a code:");
		service_is("sudo", THREE GUARD);
		for (size_t k = 0; k < 3; k++) {
			service_is(services[k], text);
			finds("MFA-10", "FAIL", "gets in without a code:\n    /etc/pam.d/");
			(void)snprintf(text, sizeof(text), THREE "account sufficient %s\n" GUARD, lines[i]);
			service_is(services[k], text);
			finds("MFA-10", "FAIL", "a login by key alone goes past need_auth:");
			service_is(services[k], THREE GUARD);
			(void)snprintf(text, sizeof(text), "auth sufficient %s\n" THREE
			    "account requisite pam_permit.so\n", lines[i]);
		}
	}
}

static void who_is_not_named_by_a_condition_gets_in_by_nobodys_choice(void **state)
{
	static const struct { const char *line, *status; } lines[] = {
	    {"[success=1 default=ignore] pam_succeed_if.so user notingroup mfa", "FAIL"},
	    {"[success=ignore default=1] pam_succeed_if.so user ingroup mfa", "FAIL"},
	    {"[success=ignore default=1] pam_succeed_if.so uid >= 1000 user ingroup mfa", "FAIL"},
	    {"[success=1 default=ignore] pam_succeed_if.so service = sudo", "FAIL"},
	    {"[success=ignore default=1] pam_succeed_if.so tty = ssh", "FAIL"},
	    {"[success=1 default=ignore] pam_succeed_if.so user ingroup robots", "WARN"},
	    {"[success=ignore default=1] pam_succeed_if.so quiet user notingroup robots", "WARN"},
	    {"[success=ignore default=1] pam_wheel.so trust", "FAIL"}};
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth %s\nauth requisite " M "\nauth required "
		    "pam_permit.so\n", lines[i].line);
		service_is("sudo", text);
		finds("MFA-10", lines[i].status, "gets in without a code:");
	}
}

static void a_line_with_a_configuration_of_its_own_is_an_error(void **state)
{
	static const char *const words[] = {"require=user:nobody", "[exempt=group:users@10.0.0.0/8 until 2026-12-31]",
	    "conf=/etc/other.conf", "store=file:/srv/x", "state_dir=/srv/x", "keyring=/srv/keyring"};
	static const char *const same[] = {"require=all", "conf=/etc/pam-bastion/pam_bastion.conf",
	    "retry=1", "issuer=x"};
	char text[400];

	(void)state;
	facts_text(&host, "conf-file", "login", "/etc/pam-bastion/pam_bastion.conf", 33);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth requisite " M " %s\n" GUARD, words[i]);
		service_is("sshd", text);
		finds("MFA-10", "ERROR", "/etc/pam.d/sshd:1: service sshd: ");
		finds("MFA-10", "ERROR", "cannot be told");
		(void)snprintf(text, sizeof(text), "auth requisite " M "\naccount requisite " M
		    " need_auth %s\n", words[i]);
		service_is("sshd", text);
		finds("MFA-10", "ERROR", "/etc/pam.d/sshd:2: service sshd: ");
	}
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth requisite " M " %s\n" GUARD, same[i]);
		service_is("sshd", text);
		finds("MFA-10", "PASS", "");
	}
	/* Another file than that which was looked at is none of its words. */
	facts_none(&host, "conf-file", "login");
	service_is("sshd", "auth requisite " M " conf=/etc/pam-bastion/pam_bastion.conf\n" GUARD);
	finds("MFA-10", "ERROR", "conf=/etc/pam-bastion/pam_bastion.conf");
}

static void a_service_without_a_line_of_ours_fails(void **state)
{
	(void)state;
	service_is("sudo", COMMON);
	finds("MFA-10", "FAIL", "service sudo: no auth line of pam_bastion.so asks for a code:\n"
	    "    /etc/pam.d/sudo:1: pam_unix.so: answers success\n"
	    "    /etc/pam.d/sudo:3: pam_permit.so: answers success\n");
	service_is("sudo", "auth required pam_deny.so\n");
	finds("MFA-10", "PASS", "service sudo: lets nobody in");
}

static void a_program_without_a_service_file_is_judged_by_other(void **state)
{
	(void)state;
	facts_text(&host, "meta", "/usr/sbin/sshd", "file 0755 0 0 1 0", 17);
	finds("MFA-10", "PASS", "neither it nor `other` has auth lines");
	service_is("other", COMMON);
	finds("MFA-10", "FAIL", "those of `other` ask for no code:");
	service_is("other", "auth required pam_deny.so\n");
	finds("MFA-10", "PASS", "service sshd: lets nobody in");
}

static void the_vendors_file_is_judged_where_there_is_no_other(void **state)
{
	(void)state;
	file_is("/usr/lib/pam.d/sudo", COMMON);
	finds("MFA-10", "FAIL", "/usr/lib/pam.d/sudo:1: pam_unix.so");
	service_is("sudo", THREE);
	finds("MFA-10", "PASS", "/etc/pam.d/sudo:1");
}

static void a_missing_guard_of_sshd_is_a_warning(void **state)
{
	(void)state;
	service_is("sshd", THREE "account required pam_unix.so\n");
	finds("MFA-10", "WARN", "service sshd: no need_auth in its account lines");
	service_is("sshd", THREE);
	service_is("other", "account required pam_permit.so\n");
	finds("MFA-10", "WARN", "has no account lines of its own, those of `other` apply");
	service_is("other", "account required pam_deny.so\n");
	finds("MFA-10", "PASS", "");
}

static void the_service_that_sshd_names_is_judged(void **state)
{
	static const char said[] = "usepam yes\npamservicename bastion-ssh\n";

	(void)state;
	service_is("other", "auth required pam_permit.so\naccount required pam_permit.so\n");
	service_is("sshd", THREE GUARD);
	facts_text(&host, "sshd", "config", "usepam yes\n", 11);
	finds("MFA-10", "PASS", "");
	facts_text(&host, "sshd", "config", said, strlen(said));
	finds("MFA-10", "FAIL", "service bastion-ssh: ");
	service_is("bastion-ssh", THREE "account required pam_unix.so\n");
	finds("MFA-10", "WARN", "service bastion-ssh: no need_auth");
	/* libpam looks for the name in small letters. */
	service_is("Bastion-SSH", THREE GUARD);
	facts_text(&host, "sshd", "config", "pamservicename Bastion-SSH\n", 27);
	finds("MFA-10", "WARN", "service bastion-ssh: no need_auth");
	facts_trouble(&host, "sshd", "config", "no hostkeys");
	finds("MFA-10", "ERROR", "sshd config: cannot be told: no hostkeys");
}

static void the_name_that_sshd_is_started_by_is_judged_where_it_names_none(void **state)
{
	static const char listens[] = "1\n/usr/sbin/sshd\nbsshd: /opt/bsshd -D [listener] 0 of 10-100";

	(void)state;
	service_is("other", "auth required pam_permit.so\naccount required pam_permit.so\n");
	service_is("sshd", THREE GUARD);
	facts_text(&host, "listener", "7", listens, strlen(listens));
	facts_text(&host, "sshd", "process 7", "usepam yes\n", 11);
	finds("MFA-10", "FAIL", "service bsshd: ");
	facts_text(&host, "sshd", "process 7", "pamservicename sshd\n", 20);
	finds("MFA-10", "PASS", "");
}

static void the_services_that_sudoers_names_are_judged(void **state)
{
	static const char part[] = "/etc/sudoers.d/a";

	(void)state;
	service_is("other", "auth required pam_permit.so\n");
	service_is("sudo", THREE GUARD);
	facts_text(&host, "dir", "/etc/sudoers.d", "a\n", 2);
	file_is("/etc/sudoers", "Defaults env_reset\n@includedir /etc/sudoers.d\n");
	file_is(part, "Defaults !xpam_service, secure_path=pam_service\n# Defaults pam_service=x\n");
	finds("MFA-10", "PASS", "");
	file_is(part, "Defaults timestamp_timeout=5, pam_service = \"sudo2\"\n");
	finds("MFA-10", "FAIL", "service sudo2: ");
	file_is(part, "Defaults:alice pam_login_service=sudo-login\n");
	finds("MFA-10", "FAIL", "service sudo-login: ");
	file_is(part, "Defaults pam_askpass_service=nocode\n"); /* of sudo -A */
	finds("MFA-10", "FAIL", "service nocode: ");
	file_is(part, "Defaults pam_service=../x\n");
	finds("MFA-10", "ERROR", "service ../x: is not looked at");
	facts_trouble(&host, "file", part, "denied");
	finds("MFA-10", "ERROR", part);
}

static void a_guard_that_is_jumped_over_fails(void **state)
{
	(void)state;
	service_is("sshd", THREE "account sufficient pam_unix.so\naccount requisite " M
	    " need_auth\n");
	finds("MFA-10", "FAIL", "service sshd: a login by key alone goes past need_auth:\n"
	    "    /etc/pam.d/sshd:4: pam_unix.so: answers success\n"
	    "    /etc/pam.d/sshd:5: pam_bastion.so: is not run\n");
	service_is("sshd", THREE "account optional " M " need_auth\naccount required pam_unix.so\n");
	finds("MFA-10", "FAIL", "need_auth refuses, and a login by key alone still gets in");
}

static void a_module_or_file_that_others_may_change_fails(void **state)
{
	static const char *const paths[] = {MODULES "/" M, MODULES "/pam_permit.so", "/etc/pam.d/sshd",
	    "/etc/pam.d/empty"};
	char note[200];

	(void)state;
	service_is("sshd", THREE GUARD "@include empty\n");
	service_is("empty", "session required pam_unix.so\n");
	finds("MFA-10", "PASS", "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		facts_text(&host, "trust", paths[i], "/x: mode 0666", 13);
		(void)snprintf(note, sizeof(note), "%s: others than root may change it: /x: mode 0666",
		    paths[i]);
		finds("MFA-10", "FAIL", note);
		facts_trouble(&host, "trust", paths[i], "denied");
		finds("MFA-10", "ERROR", "cannot be told: denied");
		facts_text(&host, "trust", paths[i], "", 0);
	}
}

static void a_file_of_our_name_elsewhere_is_not_ours(void **state)
{
	(void)state;
	service_is("sudo", "auth requisite /opt/" M "\n");
	facts_text(&host, "meta", "/opt/" M, "file 0644 0 0 1 0", 17);
	facts_text(&host, "trust", "/opt/" M, "", 0);
	finds("MFA-10", "ERROR", "real /opt/pam_bastion.so: was not looked at");
	facts_text(&host, "real", "/opt/" M, "/opt/" M, strlen("/opt/" M));
	finds("MFA-10", "FAIL", "service sudo: no auth line of pam_bastion.so asks for a code");
	finds("MFA-10", "FAIL", "/etc/pam.d/sudo:1: /opt/pam_bastion.so is another file than "
	    "/lib/security/pam_bastion.so");
	facts_text(&host, "real", "/opt/" M, MODULES "/" M, strlen(MODULES "/" M));
	finds("MFA-10", "PASS", "/etc/pam.d/sudo:1");
	/* Nor guards an account line of it. */
	facts_text(&host, "real", "/opt/" M, "/opt/" M, strlen("/opt/" M));
	service_is("sudo", "auth required pam_deny.so\n");
	service_is("sshd", THREE "account requisite /opt/" M " need_auth\n");
	finds("MFA-10", "WARN", "service sshd: no need_auth in its account lines");
}

static void what_cannot_be_told_is_an_error(void **state)
{
	(void)state;
	service_is("sudo", "auth required\n");
	finds("MFA-10", "ERROR", "/etc/pam.d/sudo:1: no module");
	service_is("sudo", "auth include nowhere\n" THREE);
	finds("MFA-10", "ERROR", "includes nowhere, which does not exist");
	service_is("sudo", "auth include /etc/elsewhere\n" THREE);
	finds("MFA-10", "ERROR", "file /etc/elsewhere: was not looked at");
	facts_trouble(&host, "file", "/etc/pam.d/sudo", "denied");
	finds("MFA-10", "ERROR", "file /etc/pam.d/sudo: cannot be told: denied");
	service_is("sudo", THREE "auth optional pam_strange.so\n");
	finds("MFA-10", "ERROR", "meta /lib/security/pam_strange.so: was not looked at");
}

static void without_facts_all_are_errors(void **state)
{
	(void)state;
	facts_free(&host);
	finds("MFA-10", "ERROR", "was not looked at");
	finds("PWD-06", "ERROR", "was not looked at");
	finds("PWD-09", "ERROR", "was not looked at");
}

static void without_a_service_there_is_nothing_to_judge(void **state)
{
	(void)state;
	finds("MFA-10", "SKIP", "neither sshd nor sudo nor login is here");
	finds("PWD-06", "SKIP", "no service");
	finds("PWD-09", "SKIP", "no service");
}

/* ---- PWD-06 ---- */

#define SET "password [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt\n" \
	"password requisite pam_deny.so\npassword required pam_permit.so\n"

static void a_requisite_judge_above_passes(void **state)
{
	(void)state;
	service_is("passwd", "password requisite " M "\n" SET);
	finds("PWD-06", "PASS", "/etc/pam.d/passwd:1: service passwd: pam_bastion.so judges each");
	service_is("passwd", "password requisite pam_passwdqc.so\n" SET);
	finds("PWD-06", "PASS", "pam_passwdqc.so judges each");
	service_is("passwd", "password requisite pam_pwquality.so retry=3 enforce_for_root\n" SET);
	finds("PWD-06", "PASS", "pam_pwquality.so judges each");
	service_is("passwd", "password required pam_pwquality.so enforce_for_root\n" SET);
	finds("PWD-06", "PASS", "pam_pwquality.so judges each");
}

static void a_stack_that_nothing_judges_fails(void **state)
{
	(void)state;
	service_is("passwd", "password required pam_unix.so\n");
	finds("PWD-06", "FAIL", "service passwd: nothing judges a new password");
}

static void a_judge_whose_refusal_does_not_count_fails(void **state)
{
	(void)state;
	service_is("passwd", "password optional " M "\n" SET);
	finds("PWD-06", "FAIL", "service passwd: a refused password is still set:\n"
	    "    /etc/pam.d/passwd:1: pam_bastion.so: answers auth_err\n");
}

static void a_judge_below_what_sets_fails(void **state)
{
	(void)state;
	service_is("passwd", "password required pam_unix.so\npassword required " M "\n");
	finds("PWD-06", "FAIL", "/etc/pam.d/passwd:1: service passwd: pam_unix.so sets the password above");
	service_is("passwd", SET "password required " M "\n");
	finds("PWD-06", "FAIL", "/etc/pam.d/passwd:1: service passwd: pam_unix.so sets the password above");
}

static void a_judge_that_is_jumped_over_fails(void **state)
{
	(void)state;
	service_is("passwd", "password [default=1] pam_permit.so\npassword requisite " M "\n" SET);
	finds("PWD-06", "FAIL", "service passwd: a password is set past the line that judges it:");
}

static void a_line_that_asks_anew_fails(void **state)
{
	(void)state;
	service_is("passwd", "password required " M "\npassword required pam_unix.so\n");
	finds("PWD-06", "FAIL", "/etc/pam.d/passwd:2: service passwd: pam_unix.so may ask for another new password");
}

static void a_root_that_is_not_bound_is_a_warning(void **state)
{
	(void)state;
	service_is("passwd", "password requisite pam_pwquality.so\n" SET);
	finds("PWD-06", "WARN", "pam_pwquality.so: root may set any password");
	file_is("/etc/security/pwquality.conf", "# x\n enforce_for_root\n");
	finds("PWD-06", "PASS", "");
	service_is("passwd", "password requisite " M "\n" SET);
	file_is(PAM_OUR_CONF, "enforce_for_root = no\n");
	finds("PWD-06", "WARN", "pam_bastion.so: root may set any password");
	/* The line's word counts before the file's. */
	service_is("passwd", "password requisite " M " enforce_for_root=yes\n" SET);
	finds("PWD-06", "PASS", "");
	file_is(PAM_OUR_CONF, "");
	service_is("passwd", "password requisite " M " enforce_for_root=no\n" SET);
	finds("PWD-06", "WARN", "pam_bastion.so: root may set any password");
	service_is("passwd", "password requisite " M " password_policy=/etc/weak\n" SET);
	finds("PWD-06", "ERROR", "password_policy=/etc/weak stands in place");
	service_is("passwd", "password requisite pam_passwdqc.so enforce=users\n" SET);
	finds("PWD-06", "WARN", "pam_passwdqc.so: root may set any password");
	service_is("passwd", "password requisite pam_passwdqc.so enforce=none\n" SET);
	finds("PWD-06", "FAIL", "enforce=none refuses nothing");
}

static void a_judge_that_is_not_there_sets_nothing_or_fails(void **state)
{
	(void)state;
	module_is("pam_pwquality.so", NULL);
	service_is("passwd", "password [success=ok default=ignore] pam_pwquality.so enforce_for_root\n"
	    SET);
	finds("PWD-06", "FAIL", "pam_pwquality.so: answers module_unknown");
}

static void a_judge_that_refuses_nothing_fails(void **state)
{
	static const char dropin[] = "/etc/security/pwquality.conf.d/a.conf";

	(void)state;
	service_is("passwd", "password requisite pam_pwquality.so enforce_for_root\n" SET);
	file_is("/etc/security/pwquality.conf", "minlen = 10\nenforcing = 0\n");
	finds("PWD-06", "FAIL", "/etc/pam.d/passwd:1: pam_pwquality.so: enforcing is 0: it refuses nothing");
	service_is("passwd", "password requisite pam_pwquality.so enforcing=1 enforce_for_root\n" SET);
	finds("PWD-06", "PASS", "pam_pwquality.so judges each");
	service_is("passwd", "password requisite pam_pwquality.so enforcing=0 enforce_for_root\n" SET);
	finds("PWD-06", "FAIL", "enforcing is 0");
	/* Drop-ins are read first, in order of names. */
	service_is("passwd", "password requisite pam_pwquality.so\n" SET);
	file_is(dropin, "enforcing=0\nenforce_for_root\n");
	file_is("/etc/security/pwquality.conf", "");
	finds("PWD-06", "FAIL", "enforcing is 0");
	file_is("/etc/security/pwquality.conf.d/b.conf", "enforcing = 1\n");
	finds("PWD-06", "PASS", "pam_pwquality.so judges each");
	file_is("/etc/security/pwquality.conf", "enforcing = 0\n");
	finds("PWD-06", "FAIL", "enforcing is 0");
	facts_trouble(&host, "file", dropin, "denied");
	finds("PWD-06", "FAIL", "cannot be told: denied");
	facts_trouble(&host, "dir", "/etc/security/pwquality.conf.d", "denied");
	finds("PWD-06", "FAIL", "dir /etc/security/pwquality.conf.d: cannot be told: denied");
	service_is("passwd", "password requisite " M "\n" SET);
	finds("PWD-06", "PASS", "");
}

/* ---- PWD-09 ---- */

#define PRE "auth required pam_faillock.so preauth\n"
#define FAIL "auth required pam_faillock.so authfail\nauth required pam_deny.so\n"
#define ACCOUNT "account required pam_faillock.so\naccount required pam_unix.so\n"

static void a_password_that_nothing_counts_fails(void **state)
{
	(void)state;
	service_is("sudo", COMMON);
	finds("PWD-09", "FAIL", "/etc/pam.d/sudo:1: service sudo: pam_unix.so judges passwords");
}

static void a_reserve_line_above_each_password_passes(void **state)
{
	(void)state;
	service_is("sudo", "auth requisite " M " reserve\n" COMMON);
	finds("PWD-09", "PASS", "takes a try before each password");
	service_is("sudo", COMMON "auth requisite " M " reserve\n");
	finds("PWD-09", "FAIL", "nothing counts the wrong ones");
	service_is("sudo", THREE);
	finds("PWD-09", "PASS", "service sudo: judges no password");
}

static void faillock_in_its_three_places_passes(void **state)
{
	(void)state;
	service_is("login", PRE "auth sufficient pam_unix.so\n" FAIL ACCOUNT);
	finds("PWD-09", "PASS", "service login: pam_faillock.so counts wrong passwords");
	service_is("login", PRE "auth [success=1 default=ignore] pam_unix.so\n"
	    "auth [default=die] pam_faillock.so authfail\nauth sufficient pam_faillock.so authsucc\n"
	    "auth requisite pam_deny.so\naccount required pam_unix.so\n");
	finds("PWD-09", "PASS", "service login: pam_faillock.so counts wrong passwords");
}

static void a_place_of_faillock_that_is_missing_is_told(void **state)
{
	(void)state;
	service_is("login", PRE "auth required pam_unix.so\n" ACCOUNT);
	finds("PWD-09", "FAIL", "does not reach a line `pam_faillock.so authfail`");
	/* It is there, and the password's failure ends the stack above it. */
	service_is("login", PRE "auth requisite pam_unix.so\n" FAIL ACCOUNT);
	finds("PWD-09", "FAIL", "does not reach a line `pam_faillock.so authfail`");
	service_is("login", "auth sufficient pam_unix.so\n" FAIL ACCOUNT);
	finds("PWD-09", "FAIL", "no line `pam_faillock.so preauth` keeps out");
	service_is("login", "auth optional pam_faillock.so preauth\nauth sufficient pam_unix.so\n" FAIL
	    ACCOUNT);
	finds("PWD-09", "FAIL", "no line `pam_faillock.so preauth` keeps out");
	service_is("login", PRE "auth sufficient pam_unix.so\n" FAIL "account required pam_unix.so\n");
	finds("PWD-09", "WARN", "a right password does not forget the wrong ones");
}

static void the_limits_of_faillock_are_judged(void **state)
{
	(void)state;
	service_is("login", PRE "auth sufficient pam_unix.so\n" FAIL ACCOUNT);
	file_is("/etc/security/faillock.conf", "# deny = 3\ndeny = 10\n");
	finds("PWD-09", "FAIL", "deny is 10: 1 to 5 wrong");
	file_is("/etc/security/faillock.conf", "deny=5\nunlock_time = 60\n");
	finds("PWD-09", "FAIL", "unlock_time is 60 s: at least 300");
	file_is("/etc/security/faillock.conf", "deny=5\nfail_interval = 1\n");
	finds("PWD-09", "WARN", "fail_interval is 1 s: who tries more slowly is never locked");
	file_is("/etc/security/faillock.conf", "deny=5\nunlock_time = never\n");
	finds("PWD-09", "PASS", "");
	service_is("login", "auth required pam_faillock.so preauth deny=0\nauth sufficient pam_unix.so\n"
	    FAIL ACCOUNT);
	finds("PWD-09", "FAIL", "/etc/pam.d/login:1: pam_faillock.so: deny is 0");
	facts_trouble(&host, "file", "/etc/security/faillock.conf", "denied");
	service_is("login", PRE "auth sufficient pam_unix.so\n" FAIL ACCOUNT);
	finds("PWD-09", "ERROR", "faillock.conf: cannot be told: denied");
}

static void a_configuration_that_a_line_of_faillock_names_is_judged(void **state)
{
	(void)state;
	service_is("login", "auth required pam_faillock.so preauth conf=/etc/other.conf\n"
	    "auth sufficient pam_unix.so\n" FAIL ACCOUNT);
	finds("PWD-09", "ERROR", "file /etc/other.conf: was not looked at");
	file_is("/etc/other.conf", "deny = 50\n");
	finds("PWD-09", "FAIL", "/etc/pam.d/login:1: pam_faillock.so: deny is 50");
	file_is("/etc/other.conf", "deny = 5\n");
	finds("PWD-09", "PASS", "");
}

static void how_sshd_holds_off_who_guesses_is_part_of_it(void **state)
{
	static const char loose[] = "maxauthtries 100\nlogingracetime 120\n";

	(void)state;
	service_is("sshd", THREE GUARD);
	finds("PWD-09", "PASS", "service sshd: judges no password");
	facts_text(&host, "sshd", "config", loose, strlen(loose));
	finds("PWD-09", "WARN", "MaxAuthTries 100");
	facts_trouble(&host, "sshd", "config", "it broke");
	finds("PWD-09", "ERROR", "sshd config: cannot be told: it broke");
}

/* ---- the host that this runs on ---- */

static void what_is_gathered_is_told(void **state)
{
	char *text;

	(void)state;
	facts_free(&host);
	gather_pam(&host);
	facts_none(&host, "sshd", "config"); /* of gather_sshd() */
	assert_false(host.failed);
	assert_int_equal(facts_get(&host, "pam", "modules")->is, FACT_TEXT);
	for (const char *const *id = (const char *const[]){"MFA-10", "PWD-06", "PWD-09", NULL};
	    *id != NULL; id++) {
		text = finding(*id);
		assert_null(strstr(text, "was not looked at"));
		free(text);
	}
}

static void any_facts_are_judged_without_harm(void **state)
{
	static const char *const pieces[] = {"auth ", "account ", "password ", "@include ", "include ",
	    "substack ", "sudo", "passwd", "required ", "[success=2 default=ignore] ", "sufficient ",
	    M, "pam_unix.so", "pam_faillock.so", " preauth", " authfail", "\n", "\n", "/etc/pam.d/",
	    "\\\n", "#", "[", "pam_passwdqc.so enforce="};
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		char text[512] = "";

		for (int i = 0; i < 24; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			strcat(text, pieces[(seed >> 33) % (sizeof(pieces) / sizeof(pieces[0]))]);
		}
		service_is(round % 2 == 0 ? "sudo" : "passwd", text);
		for (const char *const *id = (const char *const[]){"MFA-10", "PWD-06", "PWD-09", NULL};
		    *id != NULL; id++)
			free(finding(*id));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_way_through_the_shipped_lines_passes_the_code),
	    TEST(a_sufficient_line_above_ours_is_told_with_its_way),
	    TEST(code_or_password_fails),
	    TEST(a_way_that_need_auth_still_refuses_is_a_warning),
	    TEST(a_way_that_libpam_goes_is_found_among_those_taken_for_one),
	    TEST(an_optional_line_of_ours_fails),
	    TEST(a_missing_module_that_is_ignored_fails),
	    TEST(a_missing_module_of_others_counts_as_missing),
	    TEST(whom_an_admin_chooses_is_a_warning),
	    TEST(what_judges_the_caller_lets_everybody_in_where_root_calls),
	    TEST(who_is_not_named_by_a_condition_gets_in_by_nobodys_choice),
	    TEST(a_line_with_a_configuration_of_its_own_is_an_error),
	    TEST(a_service_without_a_line_of_ours_fails),
	    TEST(a_program_without_a_service_file_is_judged_by_other),
	    TEST(the_vendors_file_is_judged_where_there_is_no_other),
	    TEST(a_missing_guard_of_sshd_is_a_warning),
	    TEST(the_service_that_sshd_names_is_judged),
	    TEST(the_name_that_sshd_is_started_by_is_judged_where_it_names_none),
	    TEST(the_services_that_sudoers_names_are_judged),
	    TEST(a_guard_that_is_jumped_over_fails),
	    TEST(a_module_or_file_that_others_may_change_fails),
	    TEST(a_file_of_our_name_elsewhere_is_not_ours),
	    TEST(what_cannot_be_told_is_an_error),
	    TEST(without_facts_all_are_errors),
	    TEST(without_a_service_there_is_nothing_to_judge),
	    TEST(a_requisite_judge_above_passes),
	    TEST(a_stack_that_nothing_judges_fails),
	    TEST(a_judge_whose_refusal_does_not_count_fails),
	    TEST(a_judge_below_what_sets_fails),
	    TEST(a_judge_that_is_jumped_over_fails),
	    TEST(a_line_that_asks_anew_fails),
	    TEST(a_root_that_is_not_bound_is_a_warning),
	    TEST(a_judge_that_is_not_there_sets_nothing_or_fails),
	    TEST(a_password_that_nothing_counts_fails),
	    TEST(a_reserve_line_above_each_password_passes),
	    TEST(faillock_in_its_three_places_passes),
	    TEST(a_place_of_faillock_that_is_missing_is_told),
	    TEST(a_judge_that_refuses_nothing_fails),
	    TEST(the_limits_of_faillock_are_judged),
	    TEST(a_configuration_that_a_line_of_faillock_names_is_judged),
	    TEST(how_sshd_holds_off_who_guesses_is_part_of_it),
	    TEST(what_is_gathered_is_told),
	    TEST(any_facts_are_judged_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
