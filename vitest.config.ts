import { defineConfig } from 'vitest/config';

const everywhere = { environment: 'node', setupFiles: 'test/support/private-home.ts' } as const;

export default defineConfig({
  test: {
    // Integration tests wait for processes and the network more than they compute.
    maxWorkers: '100%',
    projects: [
      {
        test: { ...everywhere, name: 'unit', include: ['test/unit/**/*.test.ts'] },
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
    ],
  },
});
