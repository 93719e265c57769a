/*
 * fuzz_net_xml: a document that is taken is a tree within its bounds, whose names and texts
 * stand in its own memory; each element is found again by its name; what is refused says so
 * and leaves nothing.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/net/xml.h"

static void check_text(const struct xml *x, const char *text)
{
	const char *from = (const char *)x->texts.data;

	MUST(text != NULL);
	MUST(text[0] == '\0' || (text >= from && text + strlen(text) < from + x->texts.size));
}

static size_t check_tree(const struct xml *x, const struct xml_node *n, int deep)
{
	size_t count = 0;

	MUST(deep <= XML_DEEP);
	for (; n != NULL; n = n->next) {
		count += 1 + check_tree(x, n->child, deep + 1);
		MUST(n >= x->node && n < x->node + x->count);
		MUST(n->name[0] != '\0');
		check_text(x, n->name);
		check_text(x, n->text);
		MUST(n->child == NULL || n->text[0] == '\0');
		if (n->child != NULL && strchr(n->child->name, '/') == NULL)
			MUST(xml_at(n, n->child->name) == n->child);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct xml x;
	struct err e = {0};
	size_t len;
	char *text = (char *)fuzz_rest(&f, &len);
	const int r = xml_read(&x, text, len, &e);

	if (r == 0) {
		MUST(x.root != NULL && x.root->next == NULL);
		MUST(check_tree(&x, x.root, 1) == x.count);
	} else {
		MUST(r == ERR_BAD && strncmp(e.text, "no XML: ", 8) == 0);
		MUST(x.root == NULL && x.node == NULL && x.texts.data == NULL);
	}
	xml_free(&x);
	free(text);
	return 0;
}
