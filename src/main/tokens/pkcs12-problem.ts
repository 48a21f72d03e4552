/** Why a PKCS#12 file cannot be opened. */

export type Pkcs12ProblemKind =
  /** It does not say what it is meant to say: cut short, or not written by a PKCS#12 program. */
  | 'damaged'
  /** Its password opens it, but it is not what its MAC was made over. */
  | 'altered'
  /** Its MAC takes the password, its content another one. */
  | 'two-passwords'
  /** The password is not its. */
  | 'password'
  /** It is protected in an old way, or one hardly ever used. */
  | 'algorithm'
  /** It asks for more rounds of key derivation than are made. */
  | 'rounds'
  /** It is protected with a public key, not with a password. */
  | 'public-key';

/** Stays inside this room: {@link Pkcs12ProblemKind} becomes an AppError where the file's path is known. */
export class Pkcs12Problem extends Error {
  override readonly name = 'Pkcs12Problem';
  readonly kind: Pkcs12ProblemKind;

  constructor(kind: Pkcs12ProblemKind, cause?: unknown) {
    super(kind, { cause });
    this.kind = kind;
  }
}
