#include "lib/core/pw_siblings.h"

#include <string.h>

bool pw_siblings_are(const struct record_pw_entry *a, const struct record_pw_entry *b)
{
	static const uint8_t none[RECORD_PW_TAG];

	return memcmp(a->before, none, RECORD_PW_TAG) != 0 &&
	    memcmp(a->before, b->before, RECORD_PW_TAG) == 0;
}

int pw_siblings_spare(const struct record_pw_entry *entry, int first, int n)
{
	int most = 1, spare = n, begin = first;

	for (int i = first + 1; i < n; i++) {
		if (!pw_siblings_are(&entry[i], &entry[i - 1]))
			begin = i;
		else if (i - begin + 1 >= most) {
			most = i - begin + 1;
			spare = begin + 1;
		}
	}
	return spare;
}
