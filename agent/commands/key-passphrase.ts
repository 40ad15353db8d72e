// The passphrase of protected key files, in one way for every command that signs: asked for when such a key is met, once for each file of a run.
import type { Command } from 'commander';
import {
  NEW_PASSPHRASE_VARIABLE,
  obtainNewSecret,
  obtainSecret,
  PASSPHRASE_VARIABLE,
  type SecretWorld,
} from './secret-source.ts';

export interface PassphraseOptions {
  readonly passphraseFile?: string;
  /** Standard output belongs to the result then: nobody is asked. */
  readonly json?: boolean;
}

/** Adds the option that `keyPassphrase` reads. */
export function addPassphraseOption(command: Command): Command {
  return command.option('--passphrase-file <file>', 'file whose first line opens protected keys');
}

/** Faults of what it answers: USAGE-08, USAGE-17 nobody to ask, STOP-01. */
export function keyPassphrase(
  { passphraseFile, json }: PassphraseOptions,
  world: SecretWorld,
): (file: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return file => {
    const asked = known.get(file) ?? ask(file);
    known.set(file, asked);
    return asked;
  };
  async function ask(file: string): Promise<string> {
    const what = {
      what: `Passphrase of ${file}`,
      option: '--passphrase-file',
      file: passphraseFile,
      variable: PASSPHRASE_VARIABLE,
    };
    return (await obtainSecret(what, withTerminal(world, json !== true))).text;
  }
}

/**
 * The passphrase that a key gets; for a key that has one, it comes from another variable than the old one.
 * Faults: USAGE-01 too short or not typed alike, and those of `keyPassphrase`.
 */
export async function newKeyPassphrase(
  key: string,
  {
    option,
    file,
    json,
  }: { readonly option: string; readonly file: string | undefined; readonly json?: boolean },
  world: SecretWorld,
): Promise<string> {
  const asked = {
    what: `Passphrase of ${key}`,
    option,
    file,
    variable: option === '--passphrase-file' ? PASSPHRASE_VARIABLE : NEW_PASSPHRASE_VARIABLE,
  };
  return (await obtainNewSecret(asked, withTerminal(world, json !== true))).text;
}

function withTerminal({ terminal, ...world }: SecretWorld, wanted: boolean): SecretWorld {
  return wanted && terminal !== undefined ? { ...world, terminal } : world;
}
