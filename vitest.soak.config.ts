// How the soak runs: the long tests below test/soak, two at a time, without a limit of minutes.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/soak/**/*.soak.ts'],
    globalSetup: ['test/support/capabilities.ts'],
    maxWorkers: 2,
    testTimeout: 6 * 60 * 60_000,
    hookTimeout: 600_000,
    pool: 'forks',
    reporters: ['verbose'],
  },
});
