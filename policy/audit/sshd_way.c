#include "policy/audit/sshd_way.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct method {
	const char *name, *key, *written;
	bool pam; /* it asks PAM */
};

static const struct method methods[] = {
    {"publickey", "pubkeyauthentication", "PubkeyAuthentication", false},
    {"hostbased", "hostbasedauthentication", "HostbasedAuthentication", false},
    {"gssapi-with-mic", "gssapiauthentication", "GSSAPIAuthentication", false},
    {"keyboard-interactive", "kbdinteractiveauthentication", "KbdInteractiveAuthentication", true},
    {"password", "passwordauthentication", "PasswordAuthentication", true}};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* Whether the method asks PAM: a password is shown to Kerberos before. */
static bool asks_pam(const char *said, const struct method *m)
{
	return m->pam && (strcmp(m->name, "password") != 0 ||
	    !sshd_said_yes(said, "kerberosauthentication"));
}

/* The method of a word, "keyboard-interactive:pam" too, or NULL. */
static const struct method *find_method(const char *word, size_t n)
{
	const char *colon = memchr(word, ':', n);

	if (colon != NULL)
		n = (size_t)(colon - word);
	for (size_t i = 0; i < METHODS; i++)
		if (strlen(methods[i].name) == n && strncmp(methods[i].name, word, n) == 0)
			return &methods[i];
	return NULL;
}

/* One alternative, n bytes: sshd leaves it out when a method of it is off. */
static enum sshd_way see_alternative(const char *said, const char *list, size_t n)
{
	bool asked = false;

	for (size_t at = 0; at < n;) {
		const size_t left = n - at, len = strcspn(list + at, ", ");
		const struct method *m = find_method(list + at, len < left ? len : left);

		if (m != NULL && !sshd_said_yes(said, m->key))
			return SSHD_WAY_NONE;
		asked = asked || (m != NULL && asks_pam(said, m));
		at += len + 1;
	}
	return asked ? SSHD_WAY_ASKED : SSHD_WAY_UNASKED;
}

/* Each method by itself is enough. */
static enum sshd_way see_any(const char *said, char *why, size_t size)
{
	enum sshd_way way = SSHD_WAY_NONE;

	for (size_t i = 0; i < METHODS; i++) {
		if (!sshd_said_yes(said, methods[i].key))
			continue;
		if (!asks_pam(said, &methods[i])) {
			(void)snprintf(why, size, "AuthenticationMethods any (%s yes)", methods[i].pam ?
			    "KerberosAuthentication" : methods[i].written);
			return SSHD_WAY_UNASKED;
		}
		way = SSHD_WAY_ASKED;
	}
	(void)snprintf(why, size, "AuthenticationMethods any");
	return way;
}

enum sshd_way sshd_way(const char *said, char *why, size_t size)
{
	enum sshd_way way = SSHD_WAY_NONE;
	char list[1024] = "any";

	if (!sshd_said_yes(said, "usepam")) {
		(void)snprintf(why, size, "UsePAM no");
		return SSHD_WAY_UNASKED;
	}
	(void)sshd_said_value(said, "authenticationmethods", list, sizeof(list));
	if (strcmp(list, "any") == 0)
		return see_any(said, why, size);
	(void)snprintf(why, size, "AuthenticationMethods %s", list);
	for (const char *p = list; *p != '\0';) {
		const size_t n = strcspn(p, " ");
		const enum sshd_way one = see_alternative(said, p, n);

		if (one == SSHD_WAY_UNASKED) {
			(void)snprintf(why, size, "AuthenticationMethods %s%s", list,
			    memmem(p, n, "password", 8) != NULL ? " (KerberosAuthentication yes)" : "");
			return one;
		}
		if (one == SSHD_WAY_ASKED)
			way = one;
		p += n + strspn(p + n, " ");
	}
	return way;
}

int sshd_way_refuses(const char *said, const struct sshd_login *who, char *why, size_t size)
{
	char setting[1200];
	const bool asks = sshd_way(said, setting, sizeof(setting)) == SSHD_WAY_ASKED;

	return sshd_said_refuses(said, who, asks, why, size);
}
