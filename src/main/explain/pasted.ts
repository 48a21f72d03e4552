/** What a text means that a person pasted, whoever printed it: Rolekey, AWS, or what keys are reached through. Pure. */
import { isErrorCode } from '../../shared/errors.ts';
import { explainPasted as explainAws, type PastedAnswer } from '../roles-anywhere/explain.ts';
import { explainHardware } from './hardware.ts';

/** Characters that are compared. */
const longestText = 4000;

/** Answers for every text and never throws. */
export function explainPasted(text: string): PastedAnswer {
  const start = text.slice(0, longestText).trim();
  // A code of Rolekey's own, alone or in its JSON, says more than what else is there.
  const isOwn = isErrorCode(start) || /^\{.*"code": ?"[a-z0-9-]+"/s.test(start);
  const meaning = isOwn ? null : explainHardware(start);
  return meaning === null ? explainAws(text) : { known: true, ...meaning };
}
