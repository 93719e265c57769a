/*
 * xml: an answer of the Query protocol as a small tree (expat).
 *
 * Bounded: XML_MOST bytes, XML_DEEP elements in each other, XML_NODES_MOST of them.  A
 * document type is refused, so there are no entities but the five of XML.  Attributes are
 * passed over.  Texts may be secrets: all of them are in secret memory.
 */
#ifndef PB_NET_XML_H
#define PB_NET_XML_H

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <stddef.h>

#define XML_MOST ((size_t)15 << 20)
#define XML_DEEP 32
#define XML_NODES_MOST 500000

struct xml_node {
	const char *name;
	const char *text; /* "" where there are elements inside */
	const struct xml_node *child, *next; /* the first inside; the one behind it; or NULL */
};

/* Zeroed memory is an empty one; xml_free() in any case. */
struct xml {
	const struct xml_node *root;
	struct xml_node *node;
	size_t count;
	struct secret texts;
};

/* UTF-8 of len bytes.  0; ERR_BAD: it is no such document (x is empty); ERR_SYSTEM. */
int xml_read(struct xml *x, const char *text, size_t len, struct err *e);
void xml_free(struct xml *x);

/* The first element at a path below a node, "ListUsersResult/Users/member"; NULL: there is
 * none, or from is NULL. */
const struct xml_node *xml_at(const struct xml_node *from, const char *path);
/* The next of the same name behind it, or NULL. */
const struct xml_node *xml_next(const struct xml_node *n);
/* The text at a path; NULL: there is no such element. */
const char *xml_text(const struct xml_node *from, const char *path);

#endif
