#include "lib/core/day.h"

#include "lib/core/err.h"

#include <string.h>

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int number(const char *text, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (text[i] - '0');
	}
	return v;
}

int day_end(const char *text, int64_t *end)
{
	int year, month, day;
	int64_t days = 0;

	if (strnlen(text, DAY_TEXT) != DAY_TEXT - 1 || text[4] != '-' || text[7] != '-')
		return ERR_SYNTAX;
	year = number(text, 4);
	month = number(text + 5, 2);
	day = number(text + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return ERR_SYNTAX;
	for (int y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	*end = (days + day) * DAY_SECONDS;
	return 0;
}

bool day_is_far(int64_t end, int64_t now)
{
	return end - now > (DAY_AHEAD + 1) * DAY_SECONDS;
}

void day_text(int64_t end, char text[DAY_TEXT])
{
	int64_t days = end / DAY_SECONDS - 1;
	int year = 1970, month = 1;
	int v[3], width[3] = {4, 2, 2};

	for (; year < 9999 && days >= (is_leap(year) ? 366 : 365); year++)
		days -= is_leap(year) ? 366 : 365;
	for (; month < 12 && days >= days_in(year, month); month++)
		days -= days_in(year, month);
	v[0] = year, v[1] = month, v[2] = days < 0 ? 1 : (int)days % 31 + 1;
	memcpy(text, "0000-00-00", DAY_TEXT);
	for (int k = 0, at = 0; k < 3; at += width[k] + 1, k++)
		for (int i = width[k] - 1; i >= 0; i--, v[k] /= 10)
			text[at + i] = (char)('0' + v[k] % 10);
}
