"""boto3 with botocore's default chain of credential providers. See README.md."""
import functools
import json
import os
import sys
import time

import boto3

OFFSET_SECONDS = 0.1  # when to call, after the full second: see README.md


def show(answer):
    print(json.dumps(answer), flush=True)


def told(error):
    return f'{type(error).__name__}: {error}'


def resolve(profile):
    keys = boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
    return {'accessKeyId': keys.access_key, 'secretAccessKey': keys.secret_key, 'sessionToken': keys.token}


def answered(action):
    try:
        return action()
    except Exception as error:  # whatever the SDK reports is the answer
        return {'error': told(error)}


@functools.cache
def sts():
    return boto3.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL_STS'])  # looks for credentials already


def identity():
    result = sts().get_caller_identity()
    return {'arn': result['Arn'], 'requestId': result['ResponseMetadata']['RequestId']}


def resolve_all(profiles):
    for profile in profiles or [None]:
        show({'profile': profile, **answered(lambda: resolve(profile))})


def call(every_ms=0, seconds=0):
    every = int(every_ms) / 1000
    end = time.monotonic() + float(seconds)
    while True:
        if every > 0:
            time.sleep(every - (time.time() - OFFSET_SECONDS) % every)
        started = time.monotonic()
        answer = answered(identity)
        show({**answer, 'ms': round((time.monotonic() - started) * 1000)})
        if time.monotonic() >= end:
            return


action, *rest = sys.argv[1:]
if action == 'resolve':
    resolve_all(rest)
elif action == 'call':
    call(*rest)
else:
    sys.exit('Usage: resolve [PROFILE]... | call [EVERY_MS SECONDS]')
