/** `rolekey explain`: what a message of AWS's, of a key's software or ours means and what to do. Needs no agent. */
import { explainPasted } from '../../main/explain/pasted.ts';
import { AppError } from '../../shared/errors.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { textOfStdin } from '../stdin.ts';

export const explain: Work = async ({ words }, terminal) => {
  const text = words.length === 1 && words[0] === '-' ? await textOfStdin() : words.join(' ');
  if (text.trim() === '') {
    throw new AppError('usage-invalid', {
      message: 'There is no text to explain.',
      remedy: 'Give it as words, or on standard input with: rolekey explain -.',
    });
  }
  const answer = explainPasted(text);
  terminal.print(answer, () => `${answer.cause} ${answer.remedy}`);
  return answer.known ? exitCodes.ok : exitCodes.failed;
};
