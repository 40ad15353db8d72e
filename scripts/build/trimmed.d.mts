// Types of trimmed.mjs.
import type { Plugin } from 'esbuild';

/** Leaves out what libraries do at their start, and nothing in the agent needs. */
export const trimmed: Plugin;
