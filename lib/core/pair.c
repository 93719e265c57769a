#include "lib/core/pair.h"

#include <string.h>

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
		s[--n] = '\0';
	return s;
}

void pair_split(char *line, char **key, char **value)
{
	char *equals;

	for (char *p = line; (p = strchr(p, '#')) != NULL; p++) {
		if (p == line || p[-1] == ' ' || p[-1] == '\t') {
			*p = '\0';
			break;
		}
	}
	*value = NULL;
	if ((equals = strchr(line, '=')) != NULL) {
		*equals = '\0';
		*value = trim(equals + 1);
	}
	*key = trim(line);
}
