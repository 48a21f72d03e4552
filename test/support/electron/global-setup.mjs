/** Before the end-to-end tests: an Electron, where build/run-tests.mjs has not handed one on already. */
import { findElectron } from './find-electron.mjs';
import { handedOn, handOn } from './hand-on.mjs';

/** @throws {Error} where none can be had. */
export async function setup() {
  if (handedOn() !== null) return;
  const electron = await findElectron();
  if ('reason' in electron) throw new Error(`No Electron for the end-to-end tests: ${electron.reason}.`);
  handOn(electron);
}
