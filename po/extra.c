/*
 * Texts that xgettext(1) does not see where they are: a macro stands in them, or they
 * are translated by a variable.  Nothing compiles this.
 */

/* lib/core/host.c */
N_("/etc/machine-id: cannot be read");

/* policy/cmd_explain.c: what put() prints before the values */
NC_("explain", "login");
NC_("explain", "account");
NC_("explain", "required");
NC_("explain", "exempt");
NC_("explain", "enroll_by");
NC_("explain", "records");
NC_("explain", "devices");
NC_("explain", "device");
NC_("explain", "recovery");
NC_("explain", "locked");
NC_("explain", "throttled");
NC_("explain", "remembered");
NC_("explain", "bypass");
NC_("explain", "invited");
NC_("explain", "wrong_codes");
NC_("explain", "pam");
NC_("explain", "sshd");
NC_("explain", "store");
NC_("explain", "keyring");
NC_("explain", "clock");
NC_("explain", "check");
NC_("explain", "check_2");
NC_("explain", "check_3");
NC_("explain", "check_4");
NC_("explain", "check_5");
NC_("explain", "log says");
NC_("explain", "next");
NC_("state", "no");
