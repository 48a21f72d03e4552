/**
 * Why a CreateSession request was refused: a reason code for tests, and what AWS answers in that case.
 * Texts are those seen in the wild where one is known; several causes share a text, as they do at AWS.
 */

interface Row {
  readonly status: number;
  /** Value of X-Amzn-ErrorType. */
  readonly type: string;
  readonly message: string;
}

const denied = (message: string): Row => ({ status: 403, type: 'AccessDeniedException', message });
const invalid = (message: string): Row => ({ status: 400, type: 'ValidationException', message });
const unknown = (message: string): Row => ({ status: 404, type: 'ResourceNotFoundException', message });

const badSignature = denied('Invalid signature');
const badLeaf = denied('Untrusted certificate. Insufficient certificate');
const badChain = denied('Untrusted signing certificate');
const badRole = denied('Unable to assume role');
const badCertificateHeader = invalid('Unable to parse the X.509 certificate');

export const refusals = {
  'path-unknown': { status: 404, type: 'UnknownOperationException', message: 'Unknown operation' },
  'method-unknown': { status: 405, type: 'UnknownOperationException', message: 'Method not allowed' },
  'query-malformed': invalid('The query string is malformed'),
  'body-too-long': {
    status: 413,
    type: 'RequestEntityTooLargeException',
    message: 'The request body is too long',
  },
  'body-malformed': invalid('The request body is not a JSON object'),

  'authorization-missing': {
    status: 403,
    type: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token',
  },
  'authorization-malformed': {
    status: 400,
    type: 'IncompleteSignatureException',
    message: 'The Authorization header does not conform to the required format',
  },
  'header-missing': invalid('A required header is missing'),
  'header-duplicated': invalid('A header occurs more than once'),
  'header-unsigned': badSignature,
  'signed-header-absent': badSignature,
  'date-malformed': invalid('X-Amz-Date must be a time of the form YYYYMMDDTHHMMSSZ'),
  'certificate-malformed': badCertificateHeader,
  'certificate-too-long': invalid('The X.509 certificate is too long'),
  'chain-malformed': badCertificateHeader,
  'chain-too-long': invalid('The certificate chain is too long'),

  'arn-missing': invalid('A required ARN is missing'),
  'arn-malformed': invalid('An ARN is malformed'),
  'arn-ambiguous': invalid('An ARN is given more than once with different values'),
  'arn-mismatch': denied('The trust anchor, profile and role do not belong together'),

  'key-unsupported': badLeaf,
  'algorithm-unknown': badSignature,
  'algorithm-mismatch': badSignature,
  'serial-mismatch': badSignature,
  'scope-date': badSignature,
  'scope-region': badSignature,
  'scope-service': badSignature,
  'clock-skew': badSignature,
  'body-hash-mismatch': badSignature,
  'signature-invalid': badSignature,

  'anchor-unknown': unknown('Trust anchor not found'),
  'anchor-disabled': badChain,
  'leaf-version': badLeaf,
  'leaf-is-ca': badLeaf,
  'leaf-no-digital-signature': badLeaf,
  'leaf-weak-signature': badLeaf,
  'leaf-empty-subject': badLeaf,
  'leaf-not-yet-valid': denied('Untrusted certificate. Certificate not yet valid'),
  'leaf-expired': denied('Untrusted certificate. Certificate expired'),
  'chain-untrusted': badChain,
  'chain-issuer-not-ca': badChain,
  'chain-weak-signature': badChain,
  'chain-path-length': badChain,
  'chain-validity': badChain,
  'certificate-revoked': denied('Certificate revoked'),

  'profile-unknown': unknown('Profile not found'),
  'profile-disabled': denied('Profile is disabled'),
  'role-unknown': badRole,
  'role-not-in-profile': badRole,
  'role-condition': badRole,
  'duration-malformed': invalid('durationSeconds must be an integer'),
  'duration-range': invalid('durationSeconds must be between 900 and 43200'),
  'duration-exceeds-role': badRole,
  'session-name-malformed': invalid('roleSessionName does not satisfy the constraint [\\w+=,.@-]{2,64}'),
  'instance-properties-malformed': invalid('instanceProperties must be a map of strings'),
  'session-name-not-accepted': denied('Access denied'),
  'attributes-unmappable': badRole,
} as const satisfies Record<string, Row>;

export type Reason = keyof typeof refusals;

/** A request that is refused. `detail` is for whoever reads the record or the log; it is not answered. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;
  readonly detail: string;

  /** @param answer the text AWS answers, where it is more than the reason's own. */
  constructor(reason: Reason, detail: string, answer?: string) {
    super(answer ?? refusals[reason].message);
    this.reason = reason;
    this.detail = detail;
  }

  get status(): number {
    return refusals[this.reason].status;
  }

  get type(): string {
    return refusals[this.reason].type;
  }
}
