// How the tests with emulated machines run: after all others, two machines at a time, with the patience that emulation needs.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest come first: what begins last decides how long one processor waits for the other. */
const LONGEST = ['cuts-mixed', 'cuts-none', 'faults', 'replay-deployment'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex(name => moduleId.endsWith(`${name}.test.ts`));
      return place === -1 ? LONGEST.length : place;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/vm/machine/*.test.ts'],
    globalSetup: ['test/support/capabilities.ts'],
    maxWorkers: 2,
    testTimeout: 30 * 60_000,
    hookTimeout: 600_000,
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    reporters: ['verbose'],
  },
});
