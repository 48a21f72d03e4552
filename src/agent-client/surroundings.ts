/** This process's surroundings for shared/paths. */
import { homedir } from 'node:os';
import type { Surroundings } from '../shared/paths.ts';

export function surroundings(): Surroundings {
  return {
    platform: process.platform,
    env: process.env,
    uid: process.getuid?.() ?? 0,
    home: homedir(),
  };
}
