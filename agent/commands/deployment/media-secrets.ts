// The sealed secrets of media during a run: in Windows PE opened with the password, in the new Windows with the key that was left there for it.
// What is opened lives in memory, and in the redactor.
import { whileUnseen } from '../../console/ask-secret.ts';
import { shareAccountOf } from '../../distribution/share-connections.ts';
import { decodeJson } from '../../document/decode-json.ts';
import { asFault, Fault } from '../../fault/fault.ts';
import { type MediaManifest, mediaSecretsSchema } from '../../media/media-manifest.ts';
import type { Plan } from '../../plan/plan.ts';
import { readStagedSecretsKey, stagedLayout } from '../../steps/stage-agent.ts';
import { keyOfPassword, openWithKey, type PasswordBox } from '../../trust/password-box.ts';
import type { Composition } from '../composition.ts';
import { MEDIA_PASSWORD_VARIABLE, obtainSecret, type SecretWorld } from '../secret-source.ts';
import type { RunContext } from './run-context.ts';
import { takeAccounts } from './take-accounts.ts';
import { targetVolume } from './target-volume.ts';

export interface UnlockOptions {
  readonly passwordFile?: string;
  /** Standard output belongs to the result: nobody is asked. */
  readonly json?: boolean;
}

/** What this needs of a run. */
export type LockedContext = Pick<RunContext, 'manifest' | 'observe'> & {
  readonly composition: Pick<
    Composition,
    'environment' | 'signal' | 'learnSecret' | 'endProgress' | 'terminal' | 'sleep' | 'shares' | 'accounts'
  >;
};

/** Secrets are 1,024 variables at most; the box itself is capped before it is opened. */
const SECRETS_MAX_BYTES = 1024 * 1024;

const MOST_TRIES = 10;
const LONGEST_WAIT_SECONDS = 64;

/**
 * @returns the context with the manifest as it was before it was sealed, and the key for the new Windows; media without a password as they are.
 * A wrong password that was typed is asked for again, each time later. Faults: TRUST-14 after ten tries, and at once for one from a file or the
 * environment; TRUST-15, USAGE-08, USAGE-17 nobody to ask, STOP-01.
 */
export async function unlockMedia<C extends LockedContext>(
  context: C,
  options: UnlockOptions,
): Promise<C & { readonly secretsKey?: Uint8Array }> {
  const { manifest } = context;
  if (manifest.secrets === undefined) return context;
  const secretsKey = await askKey(context, manifest.secrets, options);
  return { ...context, manifest: opened(context, manifest.secrets, secretsKey), secretsKey };
}

/** As unlockMedia, in the new Windows, where nobody types. Fault: TRUST-15 the key is absent or does not fit. */
export async function unlockAfterHandOver(context: RunContext, plan: Plan): Promise<RunContext> {
  const { manifest, layout, volume } = context;
  if (manifest.secrets === undefined) return context;
  const staged = await stagedLayout({ layout, volume, target: () => targetVolume(context, plan) });
  const secretsKey = await readStagedSecretsKey(staged);
  if (secretsKey === undefined)
    throw new Fault('TRUST-15', subjectOf(manifest), {
      expected: `its key in ${staged.agent}`,
      found: 'none',
    });
  return { ...context, manifest: opened(context, manifest.secrets, secretsKey), secretsKey };
}

function opened(
  { manifest, composition, observe }: LockedContext,
  box: PasswordBox,
  key: Uint8Array,
): MediaManifest {
  const name = subjectOf(manifest);
  const bytes = openWithKey(box, key, name);
  const { variables, accounts, machineKey } = decodeJson(bytes, mediaSecretsSchema, {
    name,
    maxBytes: SECRETS_MAX_BYTES,
  });
  composition.learnSecret([
    ...Object.values(variables),
    Buffer.from(key).toString('base64'),
    ...(machineKey === undefined ? [] : [machineKey]),
  ]);
  takeAccounts(accounts ?? [], composition, observe);
  const account = shareAccountOf({ ...manifest.variables, ...variables });
  if (account !== undefined) composition.shares?.useAccount(account);
  return {
    ...manifest,
    variables: { ...manifest.variables, ...variables },
    // Whatever lay sealed is secret, also under an agent that knows fewer names that always are.
    secret: [...manifest.secret, ...Object.keys(variables)],
    ...(machineKey === undefined ? {} : { machineKey }),
  };
}

async function askKey(
  { manifest, composition, observe }: LockedContext,
  box: PasswordBox,
  { passwordFile, json }: UnlockOptions,
): Promise<Uint8Array> {
  const what = `Password of media "${manifest.name}"`;
  const asked = { what, option: '--password-file', file: passwordFile, variable: MEDIA_PASSWORD_VARIABLE };
  const { terminal, ...silent } = composition;
  const world: SecretWorld = json === true || terminal === undefined ? silent : composition;
  /** What is typed meanwhile must not show either. */
  const unseen = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    world.terminal === undefined
      ? work(composition.signal)
      : whileUnseen(world.terminal, composition.signal, work);
  const seen = world.terminal?.keepUnseen?.();
  try {
    return await tryUntilOpen();
  } finally {
    seen?.();
  }

  async function tryUntilOpen(): Promise<Uint8Array> {
    for (let tried = 1; ; tried++) {
      const { text, from } = await obtainSecret(asked, world);
      try {
        return await unseen(() => keyOfPassword(box, text, subjectOf(manifest)));
      } catch (thrown) {
        const fault = asFault(thrown);
        if (fault.code !== 'TRUST-14' || from !== 'terminal' || tried === MOST_TRIES) throw fault;
      }
      const seconds = Math.min(2 ** (tried - 1), LONGEST_WAIT_SECONDS);
      await unseen(signal => {
        observe({
          kind: 'note',
          level: 'warning',
          component: 'media-password',
          text: `That is not the password of this media (try ${tried} of ${MOST_TRIES}); the next one in ${seconds} s.`,
        });
        return composition.sleep(seconds * 1000, signal);
      });
    }
  }
}

function subjectOf({ name }: MediaManifest): string {
  return `media "${name}"`;
}
