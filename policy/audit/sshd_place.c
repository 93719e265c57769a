#include "policy/audit/sshd_match.h"

#include "lib/core/address.h"
#include "policy/sshd_said.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHOICES 512 /* texts of a kind */
#define TEXT 300
#define PRODUCT 4000 /* places that are looked at */

enum kind { ADDR, LADDR, LPORT, HOST, KINDS };

static const char *const names[KINDS] = {"address", "localaddress", "localport", "host"};

/* Texts among which there is one for each set of patterns that may fit. */
struct choices {
	struct { char text[CHOICES][TEXT]; size_t n; bool named; } of[KINDS];
	bool more;
};

static void add(struct choices *c, enum kind k, const char *text)
{
	for (size_t i = 0; i < c->of[k].n; i++)
		if (strcmp(c->of[k].text[i], text) == 0)
			return;
	if (strpbrk(text, " =,") != NULL || c->of[k].n == CHOICES ||
	    snprintf(c->of[k].text[c->of[k].n], TEXT, "%s", text) >= TEXT)
		c->more = true;
	else
		c->of[k].n++;
}

static void add_bytes(struct choices *c, enum kind k, const struct address *a)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(a->bits == 32 ? AF_INET : AF_INET6, a->bytes, text, sizeof(text)) != NULL)
		add(c, k, text);
}

/* To the address before or behind; false: there is none. */
static bool move(struct address *a, bool up)
{
	for (int i = a->bits / 8 - 1; i >= 0; i--) {
		if (a->bytes[i] != (up ? 0xff : 0)) {
			a->bytes[i] = (uint8_t)(up ? a->bytes[i] + 1 : a->bytes[i] - 1);
			return true;
		}
		a->bytes[i] = up ? 0 : 0xff;
	}
	return false;
}

/* A network ends what holds at its first address and at the one behind its last. */
static void add_net(struct choices *c, enum kind k, const struct address_net *net)
{
	struct address before = net->base, behind = net->base;

	add_bytes(c, k, &net->base);
	if (move(&before, false))
		add_bytes(c, k, &before);
	for (int i = net->prefix; i < behind.bits; i++)
		behind.bytes[i / 8] = (uint8_t)(behind.bytes[i / 8] | 0x80 >> i % 8);
	if (move(&behind, true))
		add_bytes(c, k, &behind);
}

static void add_word(struct choices *c, enum kind k, const char *word)
{
	const bool address = k == ADDR || k == LADDR;
	struct address_net net;
	char text[TEXT];

	word += *word == '!';
	if (address && address_net_parse(word, &net) == 0)
		add_net(c, k, &net);
	else if (sshd_match_fill(word, address, text, sizeof(text)))
		add(c, k, text);
	else
		c->more = true;
}

static void add_criteria(struct choices *c, const char *criteria)
{
	char name[SSHD_MATCH_WORD], list[SSHD_MATCH_WORD];

	while (sshd_match_next(&criteria, name, list))
		for (int k = 0; k < KINDS; k++) {
			if (strcasecmp(name, names[k]) != 0)
				continue;
			c->of[k].named = true;
			for (char *save = NULL, *word = strtok_r(list, ",", &save); word != NULL;
			    word = strtok_r(NULL, ",", &save))
				add_word(c, (enum kind)k, word);
		}
}

/* Of the lines "listenaddress [::]:22 rdomain x" or "port 22". */
static void add_ports(struct choices *c, const char *said, const char *key)
{
	const size_t n = strlen(key);

	for (const char *p = said; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		char value[TEXT], *colon;

		if (strncmp(p, key, n) != 0)
			continue;
		(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(p + n, " \n"), p + n);
		colon = strrchr(value, ':');
		add(c, LPORT, colon != NULL ? colon + 1 : value);
	}
}

/* A login from nowhere in particular, and others from there, should the first be among what is
 * named. */
static void add_usual(struct choices *c, const char *said)
{
	static const char *const from[] = {"192.0.2.1", "203.0.113.9", "10.9.8.7", "2001:db8::9"};
	static const char *const to[] = {"127.0.0.1", "198.51.100.1", "2001:db8::a"};
	char value[64] = "";
	const bool ipv6 = !sshd_said_value(said, "addressfamily", value, sizeof(value)) ||
	    strcmp(value, "inet") != 0;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (ipv6 || strchr(from[i], ':') == NULL)
			add(c, ADDR, from[i]);
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (ipv6 || strchr(to[i], ':') == NULL)
			add(c, LADDR, to[i]);
	add(c, HOST, "");
	/* A ListenAddress may have a port of its own. */
	add_ports(c, said, "listenaddress ");
	if (c->of[LPORT].n == 0)
		add_ports(c, said, "port ");
	if (c->of[LPORT].n == 0)
		add(c, LPORT, "22");
}

bool sshd_place_words(const struct sshd_place *p, char *words, size_t size)
{
	return snprintf(words, size, "host=%s,addr=%s,laddr=%s,lport=%s", p->host[0] != '\0' ? p->host :
	    p->addr, p->addr, p->laddr, p->lport) < (int)size;
}

bool sshd_place_fits(const struct sshd_place *p, const char *criteria)
{
	char name[SSHD_MATCH_WORD], list[SSHD_MATCH_WORD];
	bool fits = true;

	while (fits && sshd_match_next(&criteria, name, list)) {
		if (strcasecmp(name, names[ADDR]) == 0)
			fits = sshd_match_list(list, true, p->addr);
		else if (strcasecmp(name, names[LADDR]) == 0)
			fits = sshd_match_list(list, true, p->laddr);
		else if (strcasecmp(name, names[LPORT]) == 0)
			fits = sshd_match_list(list, false, p->lport);
		else if (strcasecmp(name, names[HOST]) == 0)
			fits = sshd_match_list(list, false, p->host[0] != '\0' ? p->host : p->addr);
		else
			fits = strcasecmp(name, "user") == 0 || strcasecmp(name, "group") == 0 ||
			    strcasecmp(name, "all") == 0;
	}
	return fits;
}

struct finding_places {
	struct sshd_places *all;
	uint64_t held[SSHD_PLACES]; /* which lines hold at each, a bit for one */
	const char *const *criteria;
	size_t n;
};

static void add_place(struct finding_places *w, const struct sshd_place *p)
{
	struct sshd_places *all = w->all;
	uint64_t held = 0;

	for (size_t i = 0; i < w->n; i++)
		held |= (uint64_t)sshd_place_fits(p, w->criteria[i]) << i;
	for (size_t i = 0; i < all->count; i++)
		if (w->held[i] == held)
			return;
	if (all->count == SSHD_PLACES) {
		all->more = true;
		return;
	}
	w->held[all->count] = held;
	all->item[all->count++] = *p;
}

/* Each of a kind with each of the others; of a kind that no line names the first is enough. */
static void combine(struct finding_places *w, const struct choices *c)
{
	size_t left = 1, of[KINDS];

	for (int k = 0; k < KINDS; k++) {
		of[k] = c->of[k].named || (k == ADDR && c->of[HOST].named) ? c->of[k].n : 1;
		left *= of[k];
	}
	w->all->more = c->more || left > PRODUCT;
	for (size_t i = 0; i < left && i < PRODUCT; i++) {
		const size_t a = i % of[ADDR], l = i / of[ADDR] % of[LADDR],
		    p = i / of[ADDR] / of[LADDR] % of[LPORT], h = i / of[ADDR] / of[LADDR] / of[LPORT];
		struct sshd_place x;

		(void)snprintf(x.addr, sizeof(x.addr), "%.99s", c->of[ADDR].text[a]);
		(void)snprintf(x.laddr, sizeof(x.laddr), "%.99s", c->of[LADDR].text[l]);
		(void)snprintf(x.lport, sizeof(x.lport), "%.15s", c->of[LPORT].text[p]);
		(void)snprintf(x.host, sizeof(x.host), "%s", c->of[HOST].text[h]);
		add_place(w, &x);
	}
}

bool sshd_places(struct sshd_places *all, const char *const *criteria, size_t n, const char *said)
{
	struct choices *c = calloc(1, sizeof(*c));
	struct finding_places w = {.all = all, .criteria = criteria, .n = n};

	*all = (struct sshd_places){.count = 0};
	if (c == NULL)
		return false;
	add_usual(c, said);
	for (size_t i = 0; i < n; i++)
		add_criteria(c, criteria[i]);
	if (n <= SSHD_PLACE_LINES)
		combine(&w, c);
	all->more = all->more || n > SSHD_PLACE_LINES;
	free(c);
	return true;
}
