#include "policy/audit/eic.h"

#include <string.h>

#define UBUNTU "/usr/share/ec2-instance-connect/"
#define AMAZON "/opt/aws/bin/"

const char *eic_script(size_t i)
{
	static const char *const scripts[] = {UBUNTU "eic_run_authorized_keys",
	    UBUNTU "eic_curl_authorized_keys", UBUNTU "eic_parse_authorized_keys",
	    UBUNTU "eic_harvest_hostkeys", AMAZON "eic_run_authorized_keys",
	    AMAZON "eic_curl_authorized_keys", AMAZON "eic_parse_authorized_keys",
	    AMAZON "eic_harvest_hostkeys", AMAZON "curl_authorized_keys",
	    AMAZON "parse_authorized_keys"};

	return i < sizeof(scripts) / sizeof(scripts[0]) ? scripts[i] : NULL;
}

bool eic_is_named(const char *text)
{
	static const char *const names[] = {EIC_NAME, "eic_run_authorized_keys",
	    "eic_curl_authorized_keys", "eic_parse_authorized_keys", AMAZON "curl_authorized_keys",
	    AMAZON "parse_authorized_keys", AMAZON "run_authorized_keys", "/eic_"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(text, names[i]) != NULL)
			return true;
	return false;
}
