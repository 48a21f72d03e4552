import type { ErrorCode } from '../../../shared/errors.ts';

/** A failure inside the host, ready to cross to the engine. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: ErrorCode;
  /** Names the function and what it returned; never holds a secret. */
  readonly detail: string;
  /** The CKR's name where a PKCS#11 function returned one. */
  readonly rv: string | null;

  constructor(code: ErrorCode, detail: string, rv: string | null = null) {
    super(detail);
    this.code = code;
    this.detail = detail;
    this.rv = rv;
  }
}

/** A token did not take the PIN that was held for it. */
export class HeldPinRefused extends HostError {}

/** Runs what may fail without harm, such as closing what is broken already. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing depends on it.
  }
}
