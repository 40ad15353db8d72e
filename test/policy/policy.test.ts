import { describe, expect, it } from 'vitest';
import { openFolderSource } from '../../agent/distribution/folder-source.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { asFault } from '../../agent/fault/fault.ts';
import { fetchPolicy } from '../../agent/policy/fetch-policy.ts';
import { POLICY_MAX_BYTES } from '../../agent/policy/policy.ts';
import { type PolicyExpectation, verifyPolicy } from '../../agent/policy/verify-policy.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { deployment, policy, reference, signed } from '../support/signed-documents.ts';
import { layTree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const pair = newKeyPair();
const expectation: PolicyExpectation = {
  keys: [pair.public],
  site: 'CON',
  floor: 5,
  clock: new Date('2026-04-01T00:00:00Z'),
  provenTimes: [],
};

function refusal(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    return asFault(thrown);
  }
  throw new Error('nothing was refused');
}

function verify(value: unknown, differences: Partial<PolicyExpectation> = {}) {
  const { bytes, signature } = signed('policy', value, pair);
  return verifyPolicy(bytes, signature, { ...expectation, ...differences });
}

describe('verifyPolicy', () => {
  it('gives the policy, the key that vouches, and the time to believe', () => {
    const verified = verify(policy(), {
      clock: new Date('2001-01-01T00:00:00Z'),
      provenTimes: ['2026-03-05T00:00:00Z'],
    });
    expect(verified.policy).toEqual(policy());
    expect(verified.key.id).toBe(pair.public.id);
    expect(verified.time).toEqual({ now: new Date('2026-03-05T00:00:00Z'), corrected: true });
  });

  it.each([
    ['of another site', policy({ site: 'FAB' }), {}, 'TRUST-11'],
    ['below the floor', policy({ serial: 4 }), {}, 'TRUST-06'],
    ['past its last day', policy(), { clock: new Date('2026-06-01T00:00:01Z') }, 'TRUST-05'],
    ['signed by a key that the media does not name', policy(), { keys: [newKeyPair().public] }, 'TRUST-02'],
    ['with an unknown field', { ...policy(), surprise: true }, {}, 'TRUST-10'],
    [
      'with an unknown field in a deployment',
      policy({ deployments: [{ ...deployment('CON20001'), ...{ when: 'later' } }] }),
      {},
      'TRUST-10',
    ],
  ])('refuses a policy %s', (_, value, differences, code) => {
    expect(refusal(() => verify(value, differences)).code).toBe(code);
  });

  it('refuses a policy without its signature, and one that was altered', () => {
    const { bytes, signature } = signed('policy', policy(), pair);
    expect(refusal(() => verifyPolicy(bytes, undefined, expectation)).code).toBe('TRUST-01');
    expect(
      refusal(() => verifyPolicy(Buffer.concat([bytes, Buffer.from(' ')]), signature, expectation)).code,
    ).toBe('TRUST-02');
  });

  it('weighs the document before it looks at the signature', () => {
    expect(
      refusal(() => verifyPolicy(new Uint8Array(POLICY_MAX_BYTES + 1), undefined, expectation)).code,
    ).toBe('TRUST-08');
  });

  it('names every reference that leads nowhere or to the wrong kind, and every ID used twice', () => {
    const [sequence] = policy().taskSequences;
    if (sequence === undefined) throw new Error('no task sequence');
    const broken = policy({
      content: [...policy().content, reference('CON00003', 'package')],
      taskSequences: [
        {
          ...sequence,
          osImage: { id: 'CON00003', index: 1 },
          applications: ['CON000FF'],
          drivers: ['CON00002'],
        },
      ],
      deployments: [deployment('CON20001', { taskSequence: 'CON00021' })],
    });
    const fault = refusal(() => verify(broken));
    expect(fault.code).toBe('TRUST-10');
    expect(fault.detail.issues).toEqual([
      'content[4].id: CON00003 is used twice',
      'taskSequences[0].osImage.id: expected content of type os-image, found CON00003 of type package',
      'taskSequences[0].drivers[0]: expected content of type driver-package, found CON00002 of type application',
      'taskSequences[0].applications[0]: no content has the ID CON000FF',
      'deployments[0].taskSequence: no task sequence has the ID CON00021',
    ]);
  });
});

describe('fetchPolicy', () => {
  const folder = tempFolder('fetch-policy');
  const source = openFolderSource({ url: folder, priority: 1 }, folder);
  const { bytes, signature } = signed('policy', policy(), pair);

  it('follows the pointer to the policy and its signature', async () => {
    layTree(folder, {
      'policy/current.json': encodeJson({ format: 'prestage-policy-pointer/1', serial: 5 }),
      'policy/5/policy.json': bytes,
      'policy/5/policy.json.sig': signature,
    });
    const served = await fetchPolicy(source);
    expect(verifyPolicy(served.bytes, served.signature, expectation).policy.serial).toBe(5);
  });

  it('leaves a missing signature to the verification, which refuses it', async () => {
    layTree(folder, { 'policy/5/policy.json.sig': undefined });
    const served = await fetchPolicy(source);
    expect(served.signature).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html>'],
    ['one wrong byte', '{"format":"prestage-policy-pointer/1","serial":5]'],
    ['more than a pointer can be', ' '.repeat(5000)],
    ['a pointer with a path', '{"format":"prestage-policy-pointer/1","serial":"../5"}'],
  ])('takes %s in place of the pointer, which nobody signs, for a failing server', async (_, text) => {
    layTree(folder, { 'policy/current.json': text });
    expect(await faultOf(fetchPolicy(source))).toMatchObject({
      code: 'NET-07',
      subject: 'policy/current.json',
      detail: { source: folder },
    });
  });

  it('leaves a signature larger than its cap to trust', async () => {
    layTree(folder, {
      'policy/current.json': encodeJson({ format: 'prestage-policy-pointer/1', serial: 6 }),
      'policy/6/policy.json': bytes,
      'policy/6/policy.json.sig': ' '.repeat(5000),
    });
    expect((await faultOf(fetchPolicy(source))).code).toBe('TRUST-08');
  });
});
