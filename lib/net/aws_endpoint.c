#include "lib/net/aws_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *scope, *variable;
} services[AWS_SERVICES] = {
    [AWS_IAM] = {"iam", "AWS_ENDPOINT_URL_IAM"},
    [AWS_STS] = {"sts", "AWS_ENDPOINT_URL_STS"},
    [AWS_EC2] = {"ec2", "AWS_ENDPOINT_URL_EC2"},
    [AWS_SECRETS_MANAGER] = {"secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"},
    [AWS_EC2_INSTANCE_CONNECT] = {"ec2-instance-connect", "AWS_ENDPOINT_URL_EC2_INSTANCE_CONNECT"},
};

/* Where the services are that a partition has once. */
static const struct partition {
	const char *prefix, *suffix, *iam, *iam_region;
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {"us-gov-", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {"us-iso-", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    {"us-isob-", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
    {"us-isof-", "csp.hci.ic.gov", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"},
    {"eu-isoe-", "cloud.adc-e.uk", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"},
    {"eusc-", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
    {"", "amazonaws.com", "iam.amazonaws.com", "us-east-1"}};

const char *aws_service_scope(enum aws_service s)
{
	return services[s].scope;
}

static const struct partition *partition_of(const char *region)
{
	const struct partition *p = partitions;

	while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
		p++;
	return p;
}

/* A region becomes a part of a name that is asked for. */
static bool is_region(const char *region)
{
	return strlen(region) < sizeof(((struct aws_endpoint *)NULL)->region) &&
	    region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int override_url(struct aws_endpoint *p, const char *url, struct err *e)
{
	bool tls;
	const enum http_place place = http_place_of(url, &tls);

	if (strlen(url) >= sizeof(p->url) || place == HTTP_NOWHERE)
		return http_refuse(url, e);
	if (!tls && place != HTTP_LOOPBACK)
		return err_set(e, ERR_SYNTAX, "%s: plain http is for loopback addresses alone", url);
	(void)snprintf(p->url, sizeof(p->url), "%s", url);
	return 0;
}

int aws_endpoint_of(struct aws_endpoint *p, enum aws_service s, const char *region,
    const char *override, struct err *e)
{
	const struct partition *part = partition_of(region);
	const char *scope = services[s].scope;
	const bool global = s == AWS_IAM || (s == AWS_STS && region[0] == '\0');

	*p = (struct aws_endpoint){.url = ""};
	if (!is_region(region))
		return err_set(e, ERR_SYNTAX, "%.64s: no region", region);
	if (region[0] == '\0' && !global)
		return err_set(e, ERR_NONE, "no region is known: set AWS_REGION, or the profile's");
	(void)snprintf(p->region, sizeof(p->region), "%s", global ? part->iam_region : region);
	if (override != NULL && override[0] != '\0')
		return override_url(p, override, e);
	if (s == AWS_IAM)
		(void)snprintf(p->url, sizeof(p->url), "https://%s/", part->iam);
	else if (global)
		(void)snprintf(p->url, sizeof(p->url), "https://%s.%s/", scope, part->suffix);
	else
		(void)snprintf(p->url, sizeof(p->url), "https://%s.%s.%s/", scope, region, part->suffix);
	return 0;
}

int aws_endpoint_find(struct aws_endpoint *p, enum aws_service s, const char *region,
    struct err *e)
{
	const char *url = secure_getenv(services[s].variable);

	if (url == NULL || url[0] == '\0')
		url = secure_getenv("AWS_ENDPOINT_URL");
	return aws_endpoint_of(p, s, region, url, e);
}
