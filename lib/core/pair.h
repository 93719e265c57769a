/*
 * pair: a line `key = value # comment` of a configuration or a policy file, taken apart.
 */
#ifndef PB_PAIR_H
#define PB_PAIR_H

/* In place, both without blanks around them.  A '#' begins a comment at the start of the
 * line or behind a blank.  *key is "" where nothing else stands there; *value is NULL where
 * there is no '=', and *key the line then. */
void pair_split(char *line, char **key, char **value);

#endif
