/*
 * What AddressSanitizer goes by in programs that are not ours and host the module, whose
 * environment is cleared (sshd, sudo): they are preloaded with it, and leak by themselves.
 */
const char *__asan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "detect_leaks=0:verify_asan_link_order=0";
}
