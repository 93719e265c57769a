/*
 * fuzz_catalogue: a file of translations, however broken, gives texts of its own bytes
 * or none.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/catalogue.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	scratch_begin();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = {"", "enroll-mfa", "a", "unknown option %s",
	    "context\004word"};
	struct fuzz f = {data, size};
	struct catalogue c;
	char path[SCRATCH_PATH], *own = fuzz_text(&f);

	scratch_path(path, "texts.mo");
	scratch_write("texts.mo", f.at, f.left, (size & 15) == 15 ? 0666 : 0644);
	if (catalogue_open(&c, path) == 0) {
		MUST((size & 15) != 15 && c.data != NULL && c.size == f.left);
		for (size_t i = 0; i <= sizeof(asked) / sizeof(asked[0]); i++) {
			const char *text = catalogue_find(&c, i > 0 ? asked[i - 1] : own);

			MUST(text == NULL || (text >= c.data && text + strlen(text) < c.data + c.size));
		}
	}
	catalogue_close(&c);
	free(own);
	return 0;
}
