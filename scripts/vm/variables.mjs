// The firmware's variables, fresh: those of a computer that was never started.
import { copyFileSync } from 'node:fs';
import { OVMF } from './machine-words.mjs';

export const freshVariables = file => copyFileSync(`${OVMF}/OVMF_VARS_4M.fd`, file);
