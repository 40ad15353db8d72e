// How the tests with emulated machines run: after all others, two machines at a time, with the patience that emulation needs.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/vm/machine/*.test.ts'],
    globalSetup: ['test/support/capabilities.ts'],
    maxWorkers: 2,
    testTimeout: 30 * 60_000,
    hookTimeout: 600_000,
    pool: 'forks',
    reporters: ['verbose'],
  },
});
