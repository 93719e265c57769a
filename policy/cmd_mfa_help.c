/* Also where bastionctl is built without AWS. */
#include "policy/cmd_aws.h"

#include "enroll/language.h"
#include "policy/cmd_common.h"

static const char help_mfa[] =
    N_("usage: bastionctl mfa assign [USER] [--device NAME] [--replace]\n"
    "           [--dry-run] [--yes] [--profile NAME] [--region NAME]\n"
    "\n"
    "Gives an IAM user a virtual MFA device: shows its QR code and key, asks for two codes\n"
    "that follow each other, and enables it.  When that fails the device is removed.\n"
    "Without USER it says how root is given one, which no API can.\n"
    "\n"
    "  --device NAME   the device's name (default: that of the user)\n"
    "  --replace       remove one of this name that is not assigned, and make a new one\n"
    "  --dry-run       say what would be made, and make nothing\n"
    "  --yes           also where input or output is no terminal: the key is printed\n"
    "\n"
    "exit: 0 the device is the user's, 1 the codes were wrong, one of this name is there, or\n"
    "      nothing was done, 2 usage, 3 trouble, or root's is to be made by hand, 75 AWS has too\n"
    "      many requests\n");

int cmd_mfa_help(void)
{
	return cmd_help(help_mfa);
}
