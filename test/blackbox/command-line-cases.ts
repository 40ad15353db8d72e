// Command lines that nobody should get away with typing, and what the person is told.
import type { Words } from './judge.ts';

export interface CommandLineCase {
  readonly title: string;
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** USAGE-01 unless it says otherwise; all of the family end with exit code 2. */
  readonly fault?: `USAGE-${string}`;
  readonly subject: Words;
  readonly says: readonly Words[];
}

export const COMMAND_LINE_CASES: readonly CommandLineCase[] = [
  {
    title: 'a command that does not exist',
    words: ['frobnicate', '--json'],
    subject: 'prestage frobnicate',
    says: ["unknown command 'frobnicate'"],
  },
  {
    title: 'a command that is nearly one',
    words: ['delpoy'],
    subject: 'prestage delpoy',
    says: ["unknown command 'delpoy'", 'Did you mean deploy?'],
  },
  {
    title: 'an option that is nearly one',
    words: ['deploy', '--frsh', '--json'],
    subject: 'prestage deploy --frsh',
    says: ["unknown option '--frsh'", 'Did you mean --fresh?'],
  },
  {
    title: 'an option of another command',
    words: ['check', '--fresh'],
    subject: 'prestage check --fresh',
    says: ["unknown option '--fresh'"],
  },
  {
    title: 'an option without its value',
    words: ['deploy', '--disk'],
    subject: 'prestage deploy --disk',
    says: ['--disk <folder>', 'argument missing'],
  },
  {
    title: 'an argument too many',
    words: ['report', 'D:'],
    subject: 'prestage report D:',
    says: ['too many arguments'],
  },
  {
    title: 'an argument too few',
    words: ['media', 'create', 'site', '--to', 'depot.wim', '--from', 'point'],
    subject: 'prestage media create site',
    says: ["missing required argument 'name'"],
  },
  {
    title: 'a required option left out',
    words: ['publish', 'site'],
    subject: 'prestage publish site',
    says: ["required option '--to <folder>' not specified"],
  },
  {
    title: 'a command without its sub-command, after its help',
    words: ['keys'],
    subject: 'prestage keys',
    says: ['make a key pair', 'expected: one of the commands listed'],
  },
  {
    title: 'a fault code that does not exist',
    words: ['explain', 'NET-99', '--json'],
    subject: 'NET-99',
    says: ['expected: a fault code such as NET-04'],
  },
  {
    title: 'a port that is no number',
    words: ['serve', '.', '--port', 'eighty'],
    subject: '--port',
    says: ['expected: a number from 0 to 65535', 'found: eighty'],
  },
  {
    title: 'a folder to serve that is not there',
    words: ['serve', 'nowhere', '--port', '0'],
    fault: 'USAGE-08',
    subject: 'nowhere',
    says: [],
  },
  {
    title: 'one half of a pair of volumes',
    words: ['media', 'apply', 'depot.wim', '--esp', 'S:'],
    subject: '--volume',
    says: [],
  },
  {
    title: 'a key name that leads elsewhere',
    words: ['keys', 'new', '../policy'],
    subject: '../policy',
    says: ['expected: a key name'],
  },
  {
    title: 'a deployment on this computer where it is not Windows',
    words: ['deploy', '--json'],
    fault: 'USAGE-10',
    subject: 'this computer',
    says: ['expected: Windows or WinPE, or --disk FOLDER to rehearse', 'found: linux'],
  },
  {
    title: 'an imaging library that does not exist',
    words: ['media', 'apply', 'depot.wim', '--to', 'disk', '--key', `ed25519:${'A'.repeat(43)}=`, '--yes'],
    env: { PRESTAGE_IMAGING: 'magic' },
    subject: 'PRESTAGE_IMAGING',
    says: ['expected: wimgapi or wimlib', 'found: magic'],
  },
];
