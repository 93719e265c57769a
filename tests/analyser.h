/*
 * For the static analysers only: what err_set() and err_errno() return, which
 * they cannot see from another file (see tests/lint).
 */
#include "lib/core/err.h"

#define err_set(e, code, ...) ((void)(err_set)((e), (code), __VA_ARGS__), (code))
#define err_errno(e, ...) ((void)(err_errno)((e), __VA_ARGS__), ERR_UNAVAIL)
