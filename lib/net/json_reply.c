#include "lib/net/json_reply.h"

#include <stdbool.h>
#include <string.h>

/* Whether no value is deeper inside than it may be; a string is passed over. */
static bool is_flat(const char *text, size_t len)
{
	size_t deep = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		const char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			deep++;
		else if (!quoted && (c == '}' || c == ']') && deep > 0)
			deep--;
		if (deep > JSON_REPLY_DEEP)
			return false;
	}
	return true;
}

int json_reply_read(json_t **j, const char *text, size_t len, struct err *e)
{
	json_error_t why = {.line = 0};

	*j = NULL;
	if (len > JSON_REPLY_MOST)
		return err_set(e, ERR_BAD, "no JSON: too long");
	if (!is_flat(text, len))
		return err_set(e, ERR_BAD, "no JSON: too deep");
	/* What jansson says of an error repeats the text, and there may be a secret in it. */
	if ((*j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why)) == NULL)
		return json_error_code(&why) == json_error_out_of_memory ?
		    err_set(e, ERR_SYSTEM, "out of memory") :
		    err_set(e, ERR_BAD, "no JSON: line %d, column %d", why.line, why.column);
	if (!json_is_object(*j)) {
		json_decref(*j);
		*j = NULL;
		return err_set(e, ERR_BAD, "no JSON: no object");
	}
	return 0;
}

const char *json_reply_text(const json_t *j, const char *member)
{
	const json_t *v = json_object_get(j, member);
	const char *text = json_string_value(v);

	return text != NULL && strlen(text) == json_string_length(v) ? text : NULL;
}
