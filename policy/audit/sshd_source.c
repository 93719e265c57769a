#include "policy/audit/sshd_source.h"

#include "policy/audit/sshd_args.h"
#include "policy/audit/sshd_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME "sshd"
#define LISTENS "[listener]"
#define LETTERS "46CDEGQRTVbcdefghikopqrtu" /* of sshd(8) */
#define WITH_VALUE "CEbcfghkopu"
#define ONCE "GQTVit"

static void clear(struct sshd_source *s)
{
	for (size_t i = 0; i < s->words; i++)
		free(s->word[i]);
	s->words = 0;
}

static int take_option(void *ctx, const struct sshd_arg *a)
{
	struct sshd_source *s = ctx;
	const char flag[] = {'-', a->letter, '\0'};

	if (strchr(LETTERS, a->letter) == NULL) {
		(void)snprintf(s->untold, sizeof(s->untold), "-%c: no option of sshd", a->letter);
		return 1;
	}
	s->once = s->once || strchr(ONCE, a->letter) != NULL;
	/* A port decides under a Match. */
	if (a->letter != 'f' && a->letter != 'o' && a->letter != 'p')
		return 0;
	if (s->words + 2 > SSHD_SOURCE_WORDS ||
	    (a->letter == 'f' && strlen(a->value) >= sizeof(s->main))) {
		(void)snprintf(s->untold, sizeof(s->untold), "too many options");
		return 1;
	}
	if (a->letter == 'f')
		(void)snprintf(s->main, sizeof(s->main), "%s", a->value);
	s->word[s->words++] = strdup(flag);
	s->word[s->words++] = strdup(a->value);
	return 0;
}

static bool says_the_same(const struct sshd_source *a, const struct sshd_source *b)
{
	bool same = a->words == b->words && strcmp(a->untold, b->untold) == 0 &&
	    strcmp(a->program, b->program) == 0;

	for (size_t i = 0; same && i < a->words; i++)
		same = a->word[i] != NULL && b->word[i] != NULL && strcmp(a->word[i], b->word[i]) == 0;
	return same;
}

/* Takes s over. */
static void add_source(struct sshd_sources *all, struct sshd_source *s)
{
	bool known = false;

	for (size_t i = 0; i < s->words; i++)
		all->failed = all->failed || s->word[i] == NULL;
	if (s->words == 0 && s->untold[0] == '\0' && strcmp(s->program, NAME) == 0)
		(void)snprintf(s->name, sizeof(s->name), SSHD_SOURCE_FILE);
	for (size_t i = 0; i < all->count; i++)
		known = known || says_the_same(&all->item[i], s);
	if (!known && all->count < SSHD_SOURCES) {
		all->item[all->count++] = *s;
		return;
	}
	all->more = all->more || !known;
	clear(s);
}

static struct sshd_source new_source(void)
{
	struct sshd_source s = {.words = 0};

	(void)snprintf(s.main, sizeof(s.main), SSHD_LINES_MAIN);
	(void)snprintf(s.program, sizeof(s.program), NAME);
	return s;
}

static void take_program(struct sshd_source *s, const struct unit_command *c)
{
	const char *base = c->count > 0 ? strrchr(c->word[0].text, '/') : NULL;

	if (c->count > 0)
		(void)snprintf(s->program, sizeof(s->program), "%s",
		    base != NULL ? base + 1 : c->word[0].text);
}

/* ---- of units ---- */

/* A unit that runs something else may run sshd in the end: by the file, as far as one can
 * see. */
static void add_unit(struct sshd_sources *all, struct facts *f, const char *name)
{
	struct unit u;

	all->failed = unit_merge(f, name, &u) != 0 || all->failed;
	for (size_t i = 0; i < u.commands; i++) {
		struct sshd_source s = new_source();

		(void)snprintf(s.name, sizeof(s.name), "%s", name);
		if (sshd_args_is(&u.command[i]))
			(void)sshd_args(&u.command[i], take_option, &s);
		add_source(all, &s);
	}
	unit_free(&u);
}

/* ---- of processes ---- */

/* What sshd was started with, out of its title "NAME: WORDS [listener] 0 of 10-100 startups",
 * NAME of its program, or of its words, where it has not named itself: n bytes, or NULL, when the end is cut off. */
static const char *find_words(const char *title, size_t *n)
{
	const char *words = title[0] != '/' ? strstr(title, ": ") : NULL, *end = NULL;

	*n = strlen(title);
	if (words == NULL)
		return title;
	words += 2;
	for (const char *p = words; (p = strstr(p, " [")) != NULL; p++)
		end = p;
	/* Its title has as much room as its words had: the part behind them may lack. */
	if (end == NULL || strncmp(end + 1, LISTENS, strnlen(end + 1, strlen(LISTENS))) != 0)
		return NULL;
	*n = (size_t)(end - words);
	return words;
}

/* The words of the title were joined by blanks: what follows the value of -o up to the next
 * option is its own. */
static void split(char *text, struct unit_command *c, size_t room)
{
	enum { NO_VALUE, VALUE_NEXT, VALUE } at = NO_VALUE;
	char *save = NULL, *last = text;

	for (char *p = strtok_r(text, " ", &save); p != NULL && c->count < room;
	    p = strtok_r(NULL, " ", &save)) {
		const size_t n = strcspn(p, WITH_VALUE);

		if (*p != '-' && at == VALUE) {
			last += strlen(last);
			(void)memset(last, ' ', (size_t)(p - last));
			continue;
		}
		if (at == VALUE_NEXT)
			at = VALUE;
		else if (*p == '-' && p[n] == 'o')
			at = p[n + 1] == '\0' ? VALUE_NEXT : VALUE;
		else
			at = NO_VALUE;
		last = p;
		c->word[c->count++] = (struct unit_word){.text = p};
	}
}

/* Whether all words are options or values of them. */
static bool is_whole(const struct unit_command *c)
{
	for (size_t i = 1; i < c->count; i++) {
		const char *p = c->word[i].text;
		const size_t n = strcspn(p, WITH_VALUE);

		if (*p != '-')
			return false;
		i += p[n] != '\0' && p[n + 1] == '\0';
	}
	return true;
}

static void read_title(struct sshd_source *s, const char *title)
{
	struct unit_word word[UNIT_WORDS];
	struct unit_command c = {word, 0};
	size_t n;
	const char *words = find_words(title, &n);
	char *text = words != NULL ? strndup(words, n) : NULL;

	if (text == NULL) {
		(void)snprintf(s->untold, sizeof(s->untold), "its options are cut off: %.200s", title);
		return;
	}
	split(text, &c, UNIT_WORDS);
	if (c.count == UNIT_WORDS || !is_whole(&c))
		(void)snprintf(s->untold, sizeof(s->untold), "its options cannot be told apart: %.200s",
		    title);
	else
		(void)sshd_args(&c, take_option, s);
	take_program(s, &c);
	free(text);
}

/* Whether it is the program that is asked, or was before an upgrade. */
static bool is_asked(const char *exe, size_t n)
{
	static const char *const names[] = {"/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"};
	static const char gone[] = " (deleted)";
	const size_t m = sizeof(gone) - 1;

	if (n > m && strncmp(exe + n - m, gone, m) == 0)
		n -= m;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && strncmp(names[i], exe, n) == 0)
			return true;
	return false;
}

/* "START\nPROGRAM\nTITLE" */
static void add_process(struct sshd_sources *all, const struct fact *x)
{
	struct sshd_source s = new_source();
	const char *exe = strchr(x->text, '\n'), *title = exe != NULL ? strchr(exe + 1, '\n') : NULL;

	(void)snprintf(s.name, sizeof(s.name), "process %.200s", x->name);
	if (x->is != FACT_TEXT || title == NULL)
		(void)snprintf(s.untold, sizeof(s.untold), "cannot be told");
	else if (!is_asked(exe + 1, (size_t)(title - exe) - 1))
		(void)snprintf(s.untold, sizeof(s.untold), "runs %.*s, which is not asked",
		    (int)(title - exe - 1 < 200 ? title - exe - 1 : 200), exe + 1);
	else
		read_title(&s, title + 1);
	if (s.once)
		clear(&s);
	else
		add_source(all, &s);
}

/* ---- all ---- */

struct sshd_sources *sshd_sources(struct facts *f)
{
	struct sshd_sources *all = calloc(1, sizeof(*all));
	const struct fact *x = NULL;
	struct sshd_source file = new_source();

	if (all == NULL)
		return NULL;
	for (size_t i = 0; unit_sshd(i) != NULL; i++)
		add_unit(all, f, unit_sshd(i));
	while ((x = facts_next(f, "listener", "", x)) != NULL)
		if (x->is != FACT_NONE)
			add_process(all, x);
	if (all->count == 0)
		add_source(all, &file);
	return all;
}

void sshd_sources_free(struct sshd_sources *all)
{
	for (size_t i = 0; all != NULL && i < all->count; i++)
		clear(&all->item[i]);
	free(all);
}

bool sshd_source_gives(const struct sshd_source *s, const char *key, const char *value)
{
	for (size_t i = 0; i + 1 < s->words; i += 2) {
		const char *given;
		const size_t n = s->word[i] != NULL && s->word[i + 1] != NULL &&
		    strcmp(s->word[i], "-o") == 0 ? sshd_args_key(s->word[i + 1], &given) : 0;

		if (n > 0 && strlen(key) == n && strncasecmp(s->word[i + 1], key, n) == 0)
			return strcmp(given, value) == 0; /* the first counts */
	}
	return false;
}
