import { AppError } from '../../src/shared/errors.ts';

/** The AppError that `work` ends with. @throws Error where it goes through, and what else it throws. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  return work.then(
    () => {
      throw new Error('It went through.');
    },
    (error: unknown) => {
      if (error instanceof AppError) return error;
      throw error;
    },
  );
}
