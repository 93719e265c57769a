/*
 * audit_host: the facts of a made-up host, and what one check makes of them.
 */
#ifndef PB_TESTS_UNIT_AUDIT_HOST_H
#define PB_TESTS_UNIT_AUDIT_HOST_H

#include "tests/unit/audit_said.h"

#include "policy/audit/eic.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/unit.h"

#define HOST_UNIT "/usr/lib/systemd/system/ssh.service"
#define HOST_DROPIN "/usr/lib/systemd/system/ssh.service.d"
#define HOST_CONFIG "/etc/ssh/sshd_config"
#define HOST_SAID \
	"port 22\nusepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication yes\n" \
	"passwordauthentication no\nhostbasedauthentication no\ngssapiauthentication no\n" \
	"permitrootlogin no\nauthorizedkeyscommand none\nmaxauthtries 6\nlogingracetime 120\n" \
	"authenticationmethods publickey,keyboard-interactive\n"

static void host_file(const char *path, const char *text)
{
	host_text("meta", path, "file 0644 0 0 1 1600000000");
	host_text("file", path, text);
}

static void host_no_units(const char *dir)
{
	char path[300];

	host_text("meta", dir, "dir 0755 0 0 1 1");
	for (size_t k = 0; unit_sshd(k) != NULL; k++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, unit_sshd(k));
		facts_none(&host, "meta", path);
		facts_none(&host, "file", path);
		(void)snprintf(path, sizeof(path), "%s/%s.d", dir, unit_sshd(k));
		facts_none(&host, "dir", path);
	}
	(void)snprintf(path, sizeof(path), "%s/service.d", dir);
	facts_none(&host, "dir", path);
}

static void host_person(const char *source, const char *name, const char *class)
{
	char key[200];

	if (strcmp(name, LOGINS_NOBODY) != 0)
		host_text("login", name, "1000 1000 /bin/sh");
	else
		facts_none(&host, "login", name);
	facts_none(&host, "exempt", name);
	(void)snprintf(key, sizeof(key), "%s:%s", source, name);
	host_text("sshd-class", key, class);
	facts_none(&host, "sshd-refuses", key);
}

static void host_eic(void)
{
	facts_none(&host, "package", "ec2-instance-connect");
	facts_none(&host, "package", "ec2-instance-connect-selinux");
	for (size_t i = 0; eic_script(i) != NULL; i++)
		facts_none(&host, "meta", eic_script(i));
	facts_none(&host, "account", EIC_NAME);
	host_text("leftovers", EIC_NAME, "");
	host_text("eic-use", "journal", "");
	facts_none(&host, "eic-use", "/var/log/auth.log");
	host_text("meta", "/etc/apt", "dir 0755 0 0 1 1");
	facts_none(&host, "file", "/etc/apt/preferences");
	host_text("file", "/etc/apt/preferences.d/eic",
	    "# keeps it out\nPackage: ec2-instance-connect*\nPin: release *\nPin-Priority: -1\n");
	facts_none(&host, "dnf-exclude", "/etc/dnf/dnf.conf");
	facts_none(&host, "dnf-exclude", "/etc/yum.conf");
}

/* A clean host: Debian's units, a code for everybody. */
static int host_set_up(void **state)
{
	(void)state;
	host = (struct facts){.count = 0};
	host_result = (struct result){.count = 0};
	host_text("meta", "/lib", "link 0777 0 0 7 1 usr/lib");
	for (size_t i = 0; unit_dir(i) != NULL; i++)
		facts_none(&host, "meta", unit_dir(i));
	host_no_units("/etc/systemd/system");
	host_no_units("/usr/lib/systemd/system");
	host_file(HOST_UNIT, "[Service]\nEnvironmentFile=-/etc/default/ssh\n"
	    "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n");
	host_file("/etc/default/ssh", "SSHD_OPTS=\n");
	facts_none(&host, "file", "/etc/sysconfig/sshd");
	host_file(HOST_CONFIG, "Include /etc/ssh/sshd_config.d/*.conf\n"
	    "AuthenticationMethods publickey,keyboard-interactive\nUsePAM yes\n");
	facts_none(&host, "glob", "/etc/ssh/sshd_config.d/*.conf");
	host_text("sshd", "config", HOST_SAID);
	host_text("sshd", "config:alice", HOST_SAID);
	host_person("config", "alice", "alice");
	host_person("config", LOGINS_NOBODY, "alice");
	host_text("places", "config", "1");
	host_text("listeners", "sshd", "");
	host_text("listener", "77",
	    "1650000000\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups");
	host_eic();
	return 0;
}

#endif
