import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They wait for heartbeats to lapse: `npm run test:replicas` runs them.
    exclude: process.env['REPLICA_ROUNDS'] === undefined ? ['test/e2e/replicas-{kill,redis}.test.ts'] : [],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    slowTestThreshold: 3_000,
    pool: 'forks',
    // On two cores: much of it waits.
    maxWorkers: 3,
    // Of tests that mostly wait for a time-out.
    maxConcurrency: 20,
  },
});
