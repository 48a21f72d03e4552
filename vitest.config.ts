import { defineConfig } from 'vitest/config';

const everywhere = { environment: 'node', setupFiles: 'test/support/private-home.ts' } as const;

export default defineConfig({
  test: {
    // Integration tests wait for processes and the network more than they compute.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          ...everywhere,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 30_000, // against what hangs; a busy machine takes long to make an RSA key
        },
      },
      {
        test: {
          ...everywhere,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...everywhere,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/electron/global-setup.mjs',
          fileParallelism: false, // each file has a whole desktop and an Electron
          sequence: { groupOrder: 1 }, // and the machine to itself
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 10_000, interval: 20 } },
        },
      },
    ],
  },
});
