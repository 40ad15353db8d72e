import { describe, expect, test } from 'vitest';
import { sealSecrets } from '../../agent/author/media-secrets.ts';
import { summarize } from '../../agent/author/media-summary.ts';
import { decodeJson } from '../../agent/document/decode-json.ts';
import { mediaSecretsSchema } from '../../agent/media/media-manifest.ts';
import { openWithPassword } from '../../agent/trust/password-box.ts';
import { mediaManifest } from '../support/signed-documents.ts';

const MEDIA = {
  variables: { Depot: 'Graz', pin: 'geheim-4711', OSDJoinPassword: 'hunter2' },
  secret: ['Pin'],
};
const RECORDS = new Uint8Array(32).fill(7);
const MACHINE_KEY = Buffer.from(RECORDS).toString('base64');

describe('what is secret of a media', () => {
  test('lies sealed on it, with the key of records, and nowhere else', async () => {
    const { secrets, ...open } = await sealSecrets(MEDIA, RECORDS, 'correct horse');
    expect(open).toEqual({ variables: { Depot: 'Graz' }, secret: ['Pin'] });
    if (secrets === undefined) throw new Error('not sealed');
    const bytes = await openWithPassword(secrets, 'correct horse');
    expect(decodeJson(bytes, mediaSecretsSchema, { name: 'secrets', maxBytes: 1000 })).toEqual({
      format: 'prestage-media-secrets/1',
      variables: { pin: 'geheim-4711', OSDJoinPassword: 'hunter2' },
      machineKey: MACHINE_KEY,
    });
  });

  test('of media without a password is the key of records alone, and in the clear', async () => {
    const { variables } = { variables: { Depot: 'Graz' } };
    expect(await sealSecrets({ variables, secret: [] }, RECORDS, undefined)).toEqual({
      variables,
      secret: [],
      machineKey: MACHINE_KEY,
    });
  });

  test('makes unattended media wait for a person, which its bill says', async () => {
    const sealed = await sealSecrets({ variables: {}, secret: [] }, undefined, 'correct horse');
    const waits =
      'The media is unattended and has a password, so that each computer waits until somebody types it.';
    const now = new Date('2026-03-02T00:00:00Z');
    const summary = (differences: object) => summarize(mediaManifest('ed25519:none', differences), now);
    expect(summary(sealed)).toMatchObject({ secrets: 'sealed', warnings: expect.arrayContaining([waits]) });
    expect(summary({ ...sealed, unattended: false }).warnings).not.toContain(waits);
    expect(summary({}).warnings).not.toContain(waits);
  });

  test('is sealed also where there is nothing to hide: a password keeps others from deploying', async () => {
    const sealed = await sealSecrets({ variables: {}, secret: [] }, undefined, 'correct horse');
    expect(sealed.secrets).toBeDefined();
  });
});
