/** The FileModes port. */
import { stat } from 'node:fs/promises';
import type { FileModes } from '../ports.ts';

export const fileModes: FileModes = {
  mode: async (path) => {
    // Windows has no such bits, and Node makes some up.
    if (process.platform === 'win32') return null;
    return stat(path).then(
      ({ mode }) => mode & 0o7777,
      () => null,
    );
  },
};
