#include "lib/net/xml.h"

#include "lib/net/memory.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

/* While it is read. */
struct reading {
	struct xml *x;
	XML_Parser parser;
	size_t most;                      /* nodes there is room for */
	struct xml_node *open[XML_DEEP];  /* the elements that are not ended */
	struct xml_node *last[XML_DEEP];  /* the last one inside each of them */
	size_t deep;
	size_t used;  /* bytes of the texts */
	size_t begun; /* where the text of the innermost one begins */
	const char *wrong;
};

static void stop(struct reading *d, const char *why)
{
	if (d->wrong == NULL)
		d->wrong = why;
	(void)XML_StopParser(d->parser, XML_FALSE);
}

/* Names and texts are never longer than what they were read from. */
static const char *keep(struct reading *d, const char *text, size_t n)
{
	char *to = (char *)d->x->texts.data + d->used;

	if (n + 1 > d->x->texts.size - d->used) {
		stop(d, "too long");
		return "";
	}
	memcpy(to, text, n);
	to[n] = '\0';
	d->used += n + 1;
	return to;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *d = data;
	struct xml_node *n;

	(void)attributes;
	if (d->wrong != NULL)
		return;
	if (d->deep == XML_DEEP || d->x->count == d->most) {
		stop(d, d->deep == XML_DEEP ? "too deep" : "too many elements");
		return;
	}
	d->used = d->begun; /* a text beside elements is none */
	n = &d->x->node[d->x->count++];
	*n = (struct xml_node){.name = keep(d, name, strlen(name)), .text = ""};
	if (d->deep > 0) {
		if (d->last[d->deep - 1] == NULL)
			d->open[d->deep - 1]->child = n;
		else
			d->last[d->deep - 1]->next = n;
		d->last[d->deep - 1] = n;
	}
	d->open[d->deep] = n;
	d->last[d->deep] = NULL;
	d->deep++;
	d->begun = d->used;
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
	struct reading *d = data;
	struct xml_node *n;

	(void)name;
	if (d->wrong != NULL || d->deep == 0)
		return;
	n = d->open[--d->deep];
	if (n->child == NULL && d->used > d->begun) {
		if (d->used == d->x->texts.size) {
			stop(d, "too long");
			return;
		}
		n->text = (char *)d->x->texts.data + d->begun;
		d->x->texts.data[d->used++] = '\0';
	} else {
		d->used = d->begun;
	}
	d->begun = d->used;
}

static void XMLCALL on_text(void *data, const XML_Char *text, int n)
{
	struct reading *d = data;

	if (d->wrong != NULL || d->deep == 0)
		return;
	if ((size_t)n > d->x->texts.size - d->used) {
		stop(d, "too long");
		return;
	}
	memcpy(d->x->texts.data + d->used, text, (size_t)n);
	d->used += (size_t)n;
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
    const XML_Char *public_id, int inner)
{
	(void)name, (void)system_id, (void)public_id, (void)inner;
	stop(data, "a document type");
}

static int parse(struct reading *d, const char *text, size_t len, struct err *e)
{
	static const XML_Memory_Handling_Suite heap = {memory_malloc, memory_realloc, memory_free};
	int r = 0;

	if ((d->parser = XML_ParserCreate_MM("UTF-8", &heap, NULL)) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	XML_SetUserData(d->parser, d);
	XML_SetElementHandler(d->parser, on_start, on_end);
	XML_SetCharacterDataHandler(d->parser, on_text);
	XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
	if (XML_Parse(d->parser, text, (int)len, XML_TRUE) != XML_STATUS_OK)
		r = XML_GetErrorCode(d->parser) == XML_ERROR_NO_MEMORY ?
		    err_set(e, ERR_SYSTEM, "out of memory") :
		    err_set(e, ERR_BAD, "no XML: line %lu: %s", XML_GetCurrentLineNumber(d->parser),
		        d->wrong != NULL ? d->wrong : XML_ErrorString(XML_GetErrorCode(d->parser)));
	XML_ParserFree(d->parser);
	return r;
}

static size_t count_elements(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '<';
	return n < XML_NODES_MOST ? n : XML_NODES_MOST;
}

int xml_read(struct xml *x, const char *text, size_t len, struct err *e)
{
	struct reading d = {.x = x};
	int r;

	*x = (struct xml){.root = NULL};
	if (len > XML_MOST)
		return err_set(e, ERR_BAD, "no XML: too long");
	d.most = count_elements(text, len);
	if ((x->node = calloc(d.most + 1, sizeof(*x->node))) == NULL ||
	    secret_new(&x->texts, len + 1) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else
		r = parse(&d, text, len, e);
	if (r != 0)
		xml_free(x);
	else
		x->root = x->node;
	return r;
}

void xml_free(struct xml *x)
{
	secret_free(&x->texts);
	free(x->node);
	*x = (struct xml){.root = NULL};
}

/* ---- paths ---- */

static const struct xml_node *named(const struct xml_node *n, const char *name, size_t len)
{
	while (n != NULL && (strncmp(n->name, name, len) != 0 || n->name[len] != '\0'))
		n = n->next;
	return n;
}

const struct xml_node *xml_at(const struct xml_node *from, const char *path)
{
	while (from != NULL && *path != '\0') {
		const size_t n = strcspn(path, "/");

		from = named(from->child, path, n);
		path += n + (path[n] == '/');
	}
	return from;
}

const struct xml_node *xml_next(const struct xml_node *n)
{
	return n != NULL ? named(n->next, n->name, strlen(n->name)) : NULL;
}

const char *xml_text(const struct xml_node *from, const char *path)
{
	const struct xml_node *n = xml_at(from, path);

	return n != NULL ? n->text : NULL;
}
