#include "policy/fix_key.h"

#include "lib/core/address.h"
#include "lib/core/day.h"

#include <fnmatch.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINE 20000 /* an RSA key of 16384 bits and its options fit */
#define LIST 4096  /* the value of an option */
#define RSA "ssh-rsa"

/* ---- options ---- */

/* "20260131", "202601311200", with seconds and a Z behind: whether that is a day away at least.
 * In which time zone sshd reads it is its own. */
static bool is_to_come(const char *value, int64_t now)
{
	const size_t n = strspn(value, "0123456789");
	struct tm t = {.tm_isdst = 0};
	char day[9];

	if ((n != 8 && n != 12 && n != 14) || (value[n] != '\0' && strcasecmp(value + n, "Z") != 0))
		return false;
	(void)snprintf(day, sizeof(day), "%.8s", value);
	return strptime(day, "%Y%m%d", &t) != NULL &&
	    (int64_t)timegm(&t) - DAY_SECONDS > now;
}

/* "10.0.0.5/24": with one such among them sshd takes the whole list for none. */
static bool is_no_network(const char *pattern)
{
	struct address_net net;

	return strchr(pattern, '/') != NULL && address_net_parse(pattern, &net) != 0;
}

static bool fits(const char *pattern, const char *from)
{
	struct address_net net;
	struct address a;

	if (address_net_parse(pattern, &net) == 0)
		return address_parse(from, &a) == 0 && address_in(&a, &net);
	return strchr(pattern, '[') == NULL && fnmatch(pattern, from, FNM_NOESCAPE) == 0;
}

bool fix_key_is_from(const char *list, const char *from)
{
	char copy[LIST], *save = NULL;
	bool in = false;

	if (from[0] == '\0' || snprintf(copy, sizeof(copy), "%s", list) >= (int)sizeof(copy))
		return false;
	for (char *p = strtok_r(copy, ",", &save); p != NULL; p = strtok_r(NULL, ",", &save)) {
		if (is_no_network(p + (p[0] == '!')) || (p[0] == '!' && fits(p + 1, from)))
			return false;
		in = in || (p[0] != '!' && fits(p, from));
	}
	return in;
}

/* What is in quotes behind NAME= of an option of n bytes. */
static bool value_of(const char *option, size_t n, const char *name, char value[LIST])
{
	const size_t head = strlen(name);
	size_t k = 0;

	if (n < head + 3 || strncasecmp(option, name, head) != 0 || option[head] != '=' ||
	    option[head + 1] != '"' || option[n - 1] != '"')
		return false;
	for (size_t i = head + 2; i < n - 1 && k < LIST - 1; i++) {
		if (option[i] == '\\' && option[i + 1] == '"')
			i++;
		value[k++] = option[i];
	}
	value[k] = '\0';
	return k < LIST - 1;
}

/* The option of n bytes does not keep the key from a shell of its owner's: sshd takes no key
 * with one that it does not know. */
static bool lets_in(const char *option, size_t n, const struct fix_key_login *l)
{
	static const char *const words[] = {"agent-forwarding", "no-agent-forwarding",
	    "no-port-forwarding", "no-pty", "no-touch-required", "no-user-rc", "no-x11-forwarding",
	    "port-forwarding", "pty", "restrict", "user-rc", "verify-required", "x11-forwarding"};
	static const char *const values[] = {"environment", "permitlisten", "permitopen", "tunnel"};
	char value[LIST];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && strncasecmp(option, words[i], n) == 0)
			return true;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (value_of(option, n, values[i], value))
			return true;
	if (value_of(option, n, "from", value))
		return fix_key_is_from(value, l->from);
	return value_of(option, n, "expiry-time", value) && is_to_come(value, l->now);
}

/* Behind the options; NULL: one of them shuts the key out, or a quote is open. */
static const char *pass_options(const char *p, const struct fix_key_login *l)
{
	const char *from = p;
	bool quoted = false;

	for (;; p++) {
		if (*p == '\\' && p[1] == '"') {
			p++;
			continue;
		}
		if (*p == '"')
			quoted = !quoted;
		if (*p == '\0' && quoted)
			return NULL;
		if (*p != '\0' && (quoted || strchr(", \t", *p) == NULL))
			continue;
		if (!lets_in(from, (size_t)(p - from), l))
			return NULL;
		if (*p != ',')
			return p;
		from = p + 1;
	}
}

/* ---- the key ---- */

static size_t word(const char *p)
{
	return strcspn(p, " \t\r\n");
}

/* The types of keys, and of how many fields (RFC 4251, section 5: string, mpint) their blob is. */
static const struct type { const char *name; int fields; } types[] = {{"ssh-ed25519", 2},
    {RSA, 3}, {"ecdsa-sha2-nistp256", 3}, {"ecdsa-sha2-nistp384", 3},
    {"ecdsa-sha2-nistp521", 3}, {"sk-ssh-ed25519@openssh.com", 3},
    {"sk-ecdsa-sha2-nistp256@openssh.com", 4}};

static const struct type *type_of(const char *p)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == word(p) && strncmp(p, types[i].name, word(p)) == 0)
			return &types[i];
	return NULL;
}

static size_t length_at(const uint8_t *p)
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Of a number of so many bytes, a zero in front not counted. */
static int bits_of(const uint8_t *p, size_t n)
{
	int bits = (int)n * 8;

	for (; n > 0 && *p == 0; p++, n--)
		bits -= 8;
	for (uint8_t mask = 0x80; n > 0 && (*p & mask) == 0; mask >>= 1)
		bits--;
	return bits;
}

/* Whether n bytes are a whole key of this type: a line that was cut when it was copied is none.
 * The last field of one of RSA is its modulus. */
static bool is_key(const uint8_t *p, size_t n, const struct type *t, int rsa_bits)
{
	const bool rsa = strcmp(t->name, RSA) == 0;

	for (int i = 0; i < t->fields; i++) {
		size_t len;

		if (n < 4 || (len = length_at(p)) == 0 || len > n - 4 || (i == 0 &&
		    (len != strlen(t->name) || memcmp(p + 4, t->name, len) != 0)))
			return false;
		if (rsa && i == t->fields - 1 && bits_of(p + 4, len) < rsa_bits)
			return false;
		p += 4 + len;
		n -= 4 + len;
	}
	return n == 0;
}

static bool is_whole(const char *base64, size_t n, const struct type *t, int rsa_bits)
{
	uint8_t blob[LINE];
	int len;

	if (n == 0 || n % 4 != 0 || n > LINE)
		return false;
	len = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)n);
	for (size_t i = n; i > 0 && len > 0 && base64[i - 1] == '='; i--)
		len--;
	return len > 0 && is_key(blob, (size_t)len, t, rsa_bits);
}

/* Whether sshd takes a signature of a key of this type. */
static bool is_taken(const char *algorithms, const struct type *t)
{
	const bool rsa = strcmp(t->name, RSA) == 0;

	if (algorithms[0] == '\0')
		return true;
	for (const char *p = algorithms; *p != '\0'; p += *p == ',') {
		const size_t n = strcspn(p, ",");

		if ((strlen(t->name) == n && strncmp(p, t->name, n) == 0) || (rsa && n == 12 &&
		    (strncmp(p, "rsa-sha2-256", n) == 0 || strncmp(p, "rsa-sha2-512", n) == 0)))
			return true;
		p += n;
	}
	return false;
}

bool fix_key_lets_in(const char *line, const struct fix_key_login *l)
{
	const char *p = line + strspn(line, " \t");
	const struct type *t;

	if (*p == '#' || word(p) == 0)
		return false;
	if ((t = type_of(p)) == NULL) {
		if ((p = pass_options(p, l)) == NULL)
			return false;
		p += strspn(p, " \t");
		t = type_of(p);
	}
	if (t == NULL || !is_taken(l->algorithms, t))
		return false;
	p += word(p);
	p += strspn(p, " \t");
	return is_whole(p, word(p), t, l->rsa_bits) && (l->revoked == NULL ||
	    memmem(l->revoked, strlen(l->revoked), p, word(p)) == NULL);
}
