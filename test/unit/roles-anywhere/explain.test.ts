import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain, explainPasted } from '../../../src/main/roles-anywhere/explain.ts';
import { errorTable, isErrorCode } from '../../../src/shared/errors.ts';

describe('texts CreateSession answers', () => {
  it.each([
    ['Untrusted certificate. Insufficient certificate', 'aws-access-denied', /digitalSignature/],
    ['Untrusted signing certificate', 'aws-access-denied', /intermediates are missing/],
    ['AccessDeniedException: Untrusted signing certificate for arn:...', 'aws-access-denied', /trust anchor/],
    ['Untrusted certificate', 'aws-access-denied', /trust anchor/],
    ['Certificate revoked', 'aws-access-denied', /revoked/],
    ['AccessDeniedException: Certificate revoked', 'aws-access-denied', /revoked/],
    ['The certificate has been revoked', 'aws-access-denied', /revoked/],
    ['Certificate expired', 'cert-expired', /expired/],
    ['Certificate has expired', 'cert-expired', /expired/],
    ['Expired certificate', 'cert-expired', /expired/],
    ['Untrusted certificate. Certificate expired', 'cert-expired', /expired/],
    ['Untrusted certificate. Certificate not yet valid', 'cert-not-yet-valid', /not valid yet/],
    ['Certificate is not yet valid', 'cert-not-yet-valid', /not valid yet/],
    ['Invalid signature', 'aws-invalid-signature', /certificate’s key/],
    [
      'The request signature we calculated does not match the signature you provided',
      'aws-invalid-signature',
      /certificate’s key/,
    ],
    [
      'Signature expired: 20260312T103000Z is now earlier than 20260312T112500Z (20260312T113000Z - 5 min.)',
      'clock-skew',
      /time/,
    ],
    [
      'Signature not yet current: 20260312T113000Z is still later than 20260312T103500Z (20260312T103000Z + 5 min.)',
      'clock-skew',
      /time/,
    ],
    ['Request has expired', 'clock-skew', /time/],
    ['Unable to assume role for arn:aws:iam::123456789012:role/x', 'aws-access-denied', /trust policy/],
    [
      'Unable to assume role for arn:aws:iam::123456789012:role/x. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      'aws-access-denied',
      /longer than the role’s MaxSessionDuration/,
    ],
    [
      'Unable to assume role for arn:aws:iam::123456789012:role/x. Some attributes failed to be mapped into session tags. Issuer: []; Subject: [CN]; SAN: [DNS/2]',
      'aws-access-denied',
      /session tag: Subject CN, SAN DNS\/2\./,
    ],
    [
      'Unable to assume role for x. Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ CN ]; SAN: [  ]',
      'aws-access-denied',
      /session tag: Subject CN\.$/,
    ],
    [
      'Some attributes failed to be mapped into session tags. Issuer: [ O, CN ]; Subject: [  ]; SAN: [ DNS/2 ]',
      'aws-access-denied',
      /session tag: Issuer O, CN, SAN DNS\/2\.$/,
    ],
    [
      'Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ ]; SAN: [  ]',
      'aws-access-denied',
      /session tag\.$/,
    ],
    [
      'Some attributes failed to be mapped into session tags. Issuer: []; Subject: []; SAN: []',
      'aws-access-denied',
      /session tag\.$/,
    ],
    [
      'AccessDeniedException: Unable to to perform one of sts:AssumeRole, sts:TagSession, or sts:SetSourceIdentity on provided role',
      'aws-access-denied',
      /all|together/,
    ],
    [
      'Unable to perform one of sts:AssumeRole, sts:TagSession, or sts:SetSourceIdentity on provided role',
      'aws-access-denied',
      /together/,
    ],
    ['Access denied with roleSessionName', 'aws-access-denied', /session names/],
    ['The profile does not accept role session names', 'aws-access-denied', /session names/],
    ['Trust anchor is disabled', 'aws-access-denied', /^The trust anchor is disabled\.$/],
    ['Profile arn:aws:x is not enabled', 'aws-access-denied', /^The profile is disabled\.$/],
    ['Profile not found', 'aws-not-found', /no such profile/],
    ['Trust anchor 1a2b does not exist', 'aws-not-found', /no such trust anchor/],
    ['TrustAnchor not found', 'aws-not-found', /no such trust anchor in/],
    ['Resource trust-anchor/1a2b not found', 'aws-not-found', /no such trust anchor in/],
    ['TrustAnchor is disabled', 'aws-access-denied', /^The trust anchor is disabled\.$/],
    ['The certificate a.example.org has expired', 'cert-expired', /expired/],
    ['The certificate was read. Signature expired: 2026', 'clock-skew', /time/],
    ['For this certificate the signature has expired', 'clock-skew', /time/],
    ['Rate exceeded', 'aws-throttled', /10 a second/],
    ['ThrottlingException', 'aws-throttled', /10 a second/],
  ])('%s', (text, code, cause) => {
    const explanation = explain(text);
    expect(explanation.code).toBe(code);
    expect(explanation.cause).toMatch(cause);
    expect(explanation.known).toBe(true);
  });
});

describe('texts met while setting up or using a session', () => {
  it.each([
    ['#/Source/SourceData: expected type: JSONObject, found: String', /directly under SourceData/],
    ['#/Source/SourceData: extraneous key [x509CertificateData] is not permitted', /small x/],
    ['#/Source/SourceData: required key [X509CertificateData] not found', /small x/],
    ['#: extraneous key [SourceType] is not permitted', /wrong depth/],
    ['Resource handler returned message: "null" (HandlerErrorCode: InternalFailure)', /without a duration/],
    ["1 validation error detected: Value null at 'name' failed to satisfy constraint", /no name/],
    ['ValidationException: Incorrect basic constraints for CA certificate', /no CA’s/],
    ['a given Role can only be attached to a single Profile', /no such limit/],
    [
      'An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied',
      /do not allow ListObjectsV2/,
    ],
    ['ListBuckets: Access Denied', /do not allow ListBuckets/],
    [
      'User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: s3:GetObject on resource',
      /do not allow s3:GetObject/,
    ],
  ])('%s', (text, cause) => {
    expect(explain(text)).toMatchObject({ known: true, cause: expect.stringMatching(cause) as string });
  });
});

describe('a text nobody knows', () => {
  it.each([
    'User: arn:aws:iam::1:user/x is not authorized to perform: rolesanywhere:CreateSession on resource: y',
    'The certificate is self-signed, not expired',
    'The certificate has never expired',
    'A not expired certificate is at fault',
    'The certificate is not revoked',
    'Something is wrong with the certificate. The other one expired',
    'The trust anchor is not disabled',
    'The profile was read; the role does not exist',
  ])('may look like one that is known: %s', (text) => {
    expect(explain(text, { type: 'AccessDeniedException', status: 403 })).toEqual({
      ...explain('odd', { type: 'AccessDeniedException', status: 403 }),
      cause: `AWS says: “${text}”.`,
    });
  });

  it.each([
    ['AccessDeniedException', 403, 'aws-access-denied'],
    ['ResourceNotFoundException', 404, 'aws-not-found'],
    ['ValidationException', 400, 'aws-invalid-request'],
    ['ThrottlingException', 400, 'aws-throttled'],
    ['InvalidSignatureException', 403, 'aws-invalid-signature'],
    ['RequestTimeTooSkewed', 403, 'clock-skew'],
    ['NeverHeardOfException', 403, 'aws-access-denied'],
    ['NeverHeardOfException', 418, 'aws-invalid-request'],
    ['InternalServerException', 500, 'aws-failed'],
  ])('keeps AWS’s words; its code comes from %s and %d', (type, status, code) => {
    expect(explain('The moon is in the wrong phase.', { type, status })).toMatchObject({
      code,
      cause: 'AWS says: “The moon is in the wrong phase.”.',
      known: false,
    });
  });

  it('may have its type in it', () => {
    expect(explain('An error occurred (ResourceNotFoundException): odd').code).toBe('aws-not-found');
    expect(explain('odd').code).toBe('aws-failed');
  });

  it.each(['profile:', 'certificate ', 'ListX', ':', 'Issuer: ['])('may be a megabyte of %j', (part) => {
    const text = `profile${part.repeat(1_000_000 / part.length)}`;
    expect(explain(text).known).toBe(false);
  });

  it('may be empty', () => {
    expect(explain('', { status: 503 }).cause).toBe('AWS answered with a failure of its own.');
  });
});

describe('signing again with another time', () => {
  it.each([
    ['Invalid signature', undefined, true],
    ['Signature expired: ...', undefined, true],
    ['odd', 'AccessDeniedException', true],
    ['odd', 'InvalidSignatureException', true],
    ['odd', 'ValidationException', false],
    ['odd', 'ResourceNotFoundException', false],
    ['odd', 'ThrottlingException', false],
    ['Untrusted signing certificate', 'AccessDeniedException', false],
    ['Unable to assume role for x', 'AccessDeniedException', false],
    ['Certificate revoked', 'AccessDeniedException', false],
  ])('may help after %j, %s: %s', (text, type, expected) => {
    expect(explain(text, { type: type ?? null, status: 403 }).clockMayBeTheCause).toBe(expected);
  });
});

describe('what a person pastes', () => {
  /** Every row of AWS's errors that users met, as they were met. */
  const met: readonly (readonly [text: string, code: string, cause: RegExp, remedy: RegExp])[] = [
    [
      '#/Source/SourceData: expected type: JSONObject, found: String',
      'aws-invalid-request',
      /SourceData/,
      /X509CertificateData/,
    ],
    ['extraneous key [x509CertificateData]', 'aws-invalid-request', /small x/, /capital X/],
    ['required key [X509CertificateData] not found', 'aws-invalid-request', /small x/, /capital X/],
    ['#: extraneous key [SourceType] is not permitted', 'aws-invalid-request', /wrong depth/, /under Source/],
    [
      'Resource handler returned message: "null" (RequestToken: 1, HandlerErrorCode: InternalFailure)',
      'aws-invalid-request',
      /without a duration/,
      /DurationSeconds/,
    ],
    ["Value null at 'name' failed to satisfy constraint", 'aws-invalid-request', /no name/, /Name/],
    [
      'AccessDeniedException: Unable to to perform one of sts:AssumeRole, sts:TagSession, or sts:SetSourceIdentity on provided role',
      'aws-access-denied',
      /conditions.*apostrophe/,
      /all three actions/,
    ],
    [
      'Unable to assume role for arn:aws:iam::1:role/x. Some attributes failed to be mapped into session tags. Issuer: []; Subject: []; SAN: [DNS/2]',
      'aws-access-denied',
      /SAN DNS\/2/,
      /remove its attribute mapping/,
    ],
    [
      'AccessDeniedException: Untrusted signing certificate for arn:aws:rolesanywhere:x',
      'aws-access-denied',
      /intermediates are missing.*disabled or of another region/,
      /--intermediates/,
    ],
    ['Invalid signature', 'aws-invalid-signature', /certificate’s key/, /belongs to the key.*clock/],
    ['AccessDeniedException: Certificate revoked', 'aws-access-denied', /list imported/, /new certificate/],
    [
      'ValidationException: Incorrect basic constraints for CA certificate',
      'aws-invalid-request',
      /no CA’s/,
      /CA:TRUE/,
    ],
    ['Access denied with roleSessionName', 'aws-access-denied', /session names/, /acceptRoleSessionName/],
    [
      'DurationSeconds exceeds MaxSessionDuration',
      'aws-access-denied',
      /longer than the role’s/,
      /raise MaxSessionDuration/,
    ],
    [
      'Unable to assume role for arn:aws:iam::1:role/x. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      'aws-access-denied',
      /longer than the role’s/,
      /shorter duration/,
    ],
    [
      'An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied',
      'aws-access-denied',
      /session works/,
      /permission/,
    ],
    ['ListBuckets: AccessDenied', 'aws-access-denied', /session works/, /permission/],
    [
      'a given Role can only be attached to a single Profile',
      'aws-invalid-request',
      /no such limit/,
      /other fields/,
    ],
    [
      'Untrusted certificate. Insufficient certificate',
      'aws-access-denied',
      /digitalSignature/,
      /end-entity/,
    ],
    [
      'Unable to assume role for arn:aws:iam::123456789012:role/x',
      'aws-access-denied',
      /trust policy.*organization/,
      /service control policy/,
    ],
    ['ValidationException 400', 'aws-invalid-request', /ARN.*900 and 43200.*certificate/, /ARNs/],
    [
      'An error occurred (ResourceNotFoundException) when calling the CreateSession operation: odd',
      'aws-not-found',
      /account and region/,
      /ARNs/,
    ],
    ['ThrottlingException 429', 'aws-throttled', /10 a second/, /Wait/],
  ];

  it.each(met)('%s', (text, code, cause, remedy) => {
    expect(explainPasted(text)).toEqual({
      known: true,
      code,
      cause: expect.stringMatching(cause) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  const codes = Object.keys(errorTable).filter(isErrorCode);
  it.each(codes)('may be Rolekey’s own %s, or how it was told', (code) => {
    const { message, remedy } = errorTable[code];
    const row = { known: true, code, cause: message, remedy };
    expect(explainPasted(code)).toEqual(row);
    expect(explainPasted(` ${code}\n`)).toEqual(row);
    expect(explainPasted(`rolekey: ${message} ${remedy}`)).toEqual(row);
    expect(explainPasted(`rolekey: dev: ${message} ${remedy}`)).toEqual(row);
    expect(explainPasted(`{"version":1,"error":{"code":"${code}","message":"x"}}`)).toEqual(row);
  });

  it.each([
    ['hello', null],
    ['', null],
    ['constructor', null],
    ['{"code":"toString"}', null],
    ['AccessDeniedException: The moon is in the wrong phase.', 'aws-access-denied'],
  ])('is not known where it is %j, which is said', (text, code) => {
    expect(explainPasted(text)).toMatchObject({
      known: false,
      code,
      cause: 'Rolekey does not know this text.',
    });
  });

  it('has an answer whatever it is', () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.nat({ max: 0x10ffff }).map((point) => String.fromCodePoint(point)) }),
      fc.string(),
      fc.constantFrom(
        'certificate ',
        'not ',
        'expired ',
        'profile:',
        'Issuer: [',
        '"code":"',
        'Exception',
        'List',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { known, code, cause, remedy } = explainPasted(pieces.join(''));
        const areSentences = [cause, remedy].every((text) => /\S\.$/.test(text));
        return areSentences && (code === null ? !known : isErrorCode(code));
      }),
    );
  });
});
