#include "policy/audit/sshd_match.h"

#include "lib/core/address.h"
#include "policy/audit/sshd_lines.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD SSHD_MATCH_WORD

bool sshd_match_pattern(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || (*pattern == *text && *pattern != '\0')) {
			pattern++, text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool sshd_match_next(const char **at, char *name, char *list)
{
	char *value;

	list[0] = '\0';
	if (!sshd_lines_word(at, name, WORD))
		return false;
	if ((value = strchr(name, '=')) != NULL) {
		*value = '\0';
		(void)memmove(list, value + 1, strlen(value + 1) + 1);
		return true;
	}
	return strcasecmp(name, "all") == 0 || strcasecmp(name, "invalid-user") == 0 ||
	    sshd_lines_word(at, list, WORD);
}

static bool person_fits(const char *pattern, const struct sshd_person *p, bool group)
{
	if (!group)
		return sshd_match_pattern(pattern, p->user);
	for (size_t i = 0; i < p->groups; i++)
		if (sshd_match_pattern(pattern, p->group[i]))
			return true;
	return false;
}

bool sshd_match_key(const char *criteria, const struct sshd_person *p, char *key, size_t size)
{
	char name[WORD], list[WORD];
	size_t n = strlen(key);

	while (sshd_match_next(&criteria, name, list)) {
		const bool group = strcasecmp(name, "group") == 0;

		if (!group && strcasecmp(name, "user") != 0)
			continue;
		for (char *save = NULL, *word = strtok_r(list, ",", &save); word != NULL;
		    word = strtok_r(NULL, ",", &save)) {
			if (n + 1 >= size)
				return false;
			key[n++] = person_fits(word + (*word == '!'), p, group) ? '1' : '0';
			key[n] = '\0';
		}
	}
	return true;
}

/* A list as sshd reads it: one that is negated and fits decides. */
static bool list_fits(char *list, const struct sshd_person *p, bool group)
{
	bool fits = false;

	for (char *save = NULL, *word = strtok_r(list, ",", &save); word != NULL;
	    word = strtok_r(NULL, ",", &save)) {
		if (!person_fits(word + (*word == '!'), p, group))
			continue;
		if (*word == '!')
			return false;
		fits = true;
	}
	return fits;
}

bool sshd_match_fits(const char *criteria, const struct sshd_person *p, bool *by_people)
{
	char name[WORD], list[WORD];
	bool fits = true;

	*by_people = true;
	while (sshd_match_next(&criteria, name, list)) {
		const bool group = strcasecmp(name, "group") == 0;

		if (group || strcasecmp(name, "user") == 0)
			fits = list_fits(list, p, group) && fits;
		else if (strcasecmp(name, "all") != 0)
			*by_people = false;
	}
	return fits;
}

bool sshd_match_fill(const char *pattern, bool address, char *out, size_t size)
{
	size_t n = 0, dots = 0;

	for (const char *p = pattern; *p != '\0'; p++)
		dots += *p == '.';
	if (address && strpbrk(pattern, "*?") != NULL && strchr(pattern, ':') != NULL)
		return false;
	for (const char *p = pattern; *p != '\0'; p++) {
		size_t parts = 1;

		for (; address && *p == '*' && dots < 3; dots++)
			parts++;
		for (size_t i = 0; i < parts; i++) {
			if (n + 3 > size)
				return false;
			if (i > 0)
				out[n++] = '.';
			out[n++] = *p == '*' || *p == '?' ? '1' : *p;
		}
	}
	out[n] = '\0';
	return true;
}

/* Whether a word of a list without its negation fits; an address that is no network is a
 * pattern for sshd. */
static bool word_fits(const char *word, bool address, const char *text)
{
	struct address_net net;
	struct address at;

	if (address && address_net_parse(word, &net) == 0)
		return address_parse(text, &at) == 0 && address_in(&at, &net);
	return sshd_match_pattern(word, text);
}

bool sshd_match_list(const char *list, bool address, const char *text)
{
	char copy[WORD];
	bool fits = false;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	for (char *save = NULL, *word = strtok_r(copy, ",", &save); word != NULL;
	    word = strtok_r(NULL, ",", &save)) {
		if (!word_fits(word + (*word == '!'), address, text))
			continue;
		if (*word == '!')
			return false;
		fits = true;
	}
	return fits;
}

/* Something that the list fits: the first of its words for which nothing is negated. */
static bool find_fitting(const char *list, bool address, char *out, size_t size)
{
	char copy[WORD];
	struct address at;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	for (char *save = NULL, *word = strtok_r(copy, ",", &save); word != NULL;
	    word = strtok_r(NULL, ",", &save)) {
		if (*word == '!' || !sshd_match_fill(word, address, out, size))
			continue;
		if (address)
			out[strcspn(out, "/")] = '\0';
		if (strpbrk(out, " =") == NULL && sshd_match_list(list, address, out) &&
		    (!address || address_parse(out, &at) == 0))
			return true;
	}
	return false;
}

bool sshd_match_place(const char *criteria, struct sshd_place *p)
{
	char name[WORD], list[WORD];
	bool made = true;

	*p = (struct sshd_place){"", "192.0.2.1", "127.0.0.1", "22"};
	while (made && sshd_match_next(&criteria, name, list)) {
		if (strcasecmp(name, "address") == 0)
			made = find_fitting(list, true, p->addr, sizeof(p->addr));
		else if (strcasecmp(name, "localaddress") == 0)
			made = find_fitting(list, true, p->laddr, sizeof(p->laddr));
		else if (strcasecmp(name, "localport") == 0)
			made = find_fitting(list, false, p->lport, sizeof(p->lport));
		else if (strcasecmp(name, "host") == 0)
			made = find_fitting(list, false, p->host, sizeof(p->host));
		else
			made = strcasecmp(name, "user") == 0 || strcasecmp(name, "group") == 0 ||
			    strcasecmp(name, "all") == 0;
	}
	return made;
}

bool sshd_match_login(const struct sshd_place *p, const char *user, char *words, size_t size)
{
	char place[600];

	return strpbrk(user, ",= ") == NULL && sshd_place_words(p, place, sizeof(place)) &&
	    snprintf(words, size, "user=%s,%s", user, place) < (int)size;
}
