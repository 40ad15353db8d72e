// How the tests run: every test file below test/, two at a time, after a look at what this machine can do.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/vm/machine/**'], // vitest.vm.config.ts
    globalSetup: ['test/support/capabilities.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Real servers, files and processes: each file gets a process of its own, as the agent does.
    pool: 'forks',
    reporters: ['default'],
  },
});
