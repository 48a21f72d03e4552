/**
 * How a test run tells its end-to-end tests which Electron was found: by the environment variable E2E_ELECTRON, which
 * holds what findElectron gave, as JSON. Whoever runs vitest by hand need not set it (see global-setup.mjs).
 */
const variable = 'E2E_ELECTRON';

/**
 * @param {import('./find-electron.mjs').FoundElectron} electron
 * @param {Record<string, string | undefined>} env it is put in.
 */
export function handOn(electron, env = process.env) {
  env[variable] = JSON.stringify(electron);
}

/**
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @returns {import('./find-electron.mjs').FoundElectron | null} null where none was handed on.
 */
export function handedOn(env = process.env) {
  const text = env[variable] ?? '';
  if (text === '') return null;
  /** @type {unknown} */
  const electron = JSON.parse(text);
  return /** @type {import('./find-electron.mjs').FoundElectron} */ (electron);
}
