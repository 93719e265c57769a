/*
 * profile_text: where in a credentials file a profile has its key.  No input, no output.
 */
#ifndef PB_ROTATE_PROFILE_TEXT_H
#define PB_ROTATE_PROFILE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct profile_part {
	size_t at, len;
};

/* Values in the text; found says which are there. */
struct profile_place {
	struct profile_part id, secret;
	bool has_id, has_secret;
	bool has_token; /* aws_session_token: a key that is not for good */
	bool twice;     /* the profile, or a value of it, is given twice */
};

/* false: there is no such profile. */
bool profile_text_find(const char *text, size_t len, const char *name, struct profile_place *p);

/* The next section's name behind *at, which moves; false: none. */
bool profile_text_section(const char *text, size_t len, size_t *at, struct profile_part *name);

#endif
