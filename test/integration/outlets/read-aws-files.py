"""How AWS's own reader (botocore, as the AWS CLI carries it) sees AWS files; one JSON document on stdout.

sections FILE...         -> every file's sections as [[name, {key: value}], ...], null where it cannot be read
credentials PROFILE...   -> what each profile hands out, with the files named by the environment
command LINE             -> a credential_process line as shlex splits it
"""
import json
import shlex
import sys

import awscli  # puts its botocore in reach
import botocore.configloader
import botocore.exceptions
import botocore.session


def sections(path):
    try:
        parsed = botocore.configloader.raw_config_parse(path, parse_subsections=False)
    except botocore.exceptions.ConfigParseError:
        return None
    return [[name, keys] for name, keys in parsed.items()]


def credentials(profile):
    session = botocore.session.Session(profile=profile)
    found = session.get_credentials().get_frozen_credentials()
    return {
        'accessKeyId': found.access_key,
        'secretAccessKey': found.secret_key,
        'sessionToken': found.token,
        'region': session.get_config_variable('region'),
    }


action, *rest = sys.argv[1:]
results = {'sections': sections, 'credentials': credentials, 'command': shlex.split}
print(json.dumps([results[action](item) for item in rest]))
