/**
 * Bundles the pages of both windows into dist/renderer. Everything they load lies beside them, under relative addresses,
 * and nothing is inline: their policy lets neither run.
 */
import { resolve } from 'node:path';
import { build } from 'vite';

const root = 'src/renderer';

/**
 * @param {string} folder to build into, which is emptied; a path from the repository’s root, or an absolute one.
 * @returns {Promise<void>}
 */
export async function buildRenderer(folder = 'dist/renderer') {
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'warn',
    // Whatever NODE_ENV says: a test may be what builds.
    define: { 'process.env.NODE_ENV': JSON.stringify('production') },
    oxc: { jsx: { runtime: 'automatic', development: false } },
    build: {
      outDir: resolve(folder),
      emptyOutDir: true,
      // One build serves the Electron we ship and the old one of the end-to-end tests (Chromium 108).
      target: 'es2022',
      cssTarget: 'chrome108',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rolldownOptions: {
        // Libraries mark what may not run on a server; there is none.
        onLog: (level, log, tell) => {
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
        },
        input: { main: `${root}/index.html`, 'pin-window': `${root}/pin-window/index.html` },
      },
    },
  });
}
