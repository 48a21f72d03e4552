/** Answers of the agent: JSON, marked with the protocol's version. */
import { toErrorShape } from '../../shared/errors.ts';
import { protocolVersion, requestTooLong, wireHeaders, type ErrorBody } from '../../shared/wire.ts';
import type { AgentAnswer } from './listener.ts';

export type WholeAnswer = Extract<AgentAnswer, { body: string }>;

/** Of every answer. */
export const commonHeaders = { [wireHeaders.protocol]: String(protocolVersion), 'cache-control': 'no-store' };

const jsonHeaders = { ...commonHeaders, 'content-type': 'application/json' };

export function success(output: unknown): WholeAnswer {
  return { status: 200, headers: jsonHeaders, body: JSON.stringify(output) };
}

/** @param error any thrown value. */
export function failure(error: unknown): WholeAnswer {
  const body: ErrorBody = { error: toErrorShape(error) };
  return { status: statusOf(body.error.code), headers: jsonHeaders, body: JSON.stringify(body) };
}

/** For a request that is longer than the listener takes. */
export function tooLong(): WholeAnswer {
  return { ...failure(requestTooLong()), status: 413 };
}

function statusOf(code: string): number {
  if (code === 'internal') return 500;
  if (code === 'agent-version') return 426;
  return 400;
}
