#include "policy/enable_label.h"

#include "enroll/language.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TYPE "var_auth_t"

static bool is_enforcing(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '0';

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) != 1)
		c = '0';
	(void)close(fd);
	return c == '1';
}

/* user:role:type:level */
static bool has_type(const char *label)
{
	const char *role = strchr(label, ':'), *type = role != NULL ? strchr(role + 1, ':') : NULL;
	size_t n = type != NULL ? strcspn(type + 1, ":") : 0;

	return n == strlen(TYPE) && strncmp(type + 1, TYPE, n) == 0;
}

int enable_label_check(const char *enforce, const char *const dirs[2], struct err *e)
{
	char label[256];
	ssize_t n;

	if (!is_enforcing(enforce))
		return 0;
	for (int i = 0; i < 2; i++) {
		if (access(dirs[i], F_OK) != 0)
			continue;
		n = lgetxattr(dirs[i], "security.selinux", label, sizeof(label) - 1);
		label[n > 0 ? n : 0] = '\0';
		if (!has_type(label))
			return err_set(e, ERR_REFUSED, "%s: its SELinux label is `%s`, not of var_auth_t, and "
			    "SELinux is enforcing: every login would be refused; run `restorecon -R %s "
			    "%s` (the contexts are packaging/selinux)", dirs[i],
			    n > 0 ? label : _("none"), dirs[0], dirs[1]);
	}
	return 0;
}
