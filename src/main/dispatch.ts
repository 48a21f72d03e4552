/** From what came in at a door to the handler of the call: nothing passes that the one list does not show there. */
import { calls, isCallAt, type Caller, type Door, type Handlers } from '../shared/api.ts';
import { AppError } from '../shared/errors.ts';

/**
 * Runs one call.
 * @param name and `input` may come from anywhere: the input is parsed by the call's own schema.
 * @throws AppError `usage-invalid` where the door does not show the call or the input is not one of its, and whatever the handler throws.
 */
export async function dispatch<D extends Door>(
  door: D,
  handlers: Handlers<D>,
  name: unknown,
  input: unknown,
  caller: Caller,
): Promise<unknown> {
  if (!isCallAt(door, name)) throw new AppError('usage-invalid', { message: 'There is no such call here.' });
  const parsed = calls[name].input.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
    throw new AppError('usage-invalid', { message: `The request is not valid: ${where}.` });
  }
  // The handler's type is that of its own call; the union over all names is what the compiler cannot follow.
  const handler = handlers[name] as (input: unknown, caller: Caller) => Promise<unknown>;
  return handler(parsed.data, caller);
}
