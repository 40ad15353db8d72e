// Which deployment runs, and what is said of the others.
import { describe, expect, it } from 'vitest';
import { Fault } from '../../agent/fault/fault.ts';
import { choose } from '../../agent/policy/choose.ts';
import type { MachineRecord } from '../../agent/policy/machine-record.ts';
import { type OfferOptions, offer } from '../../agent/policy/offer.ts';
import { deployment, LAPTOP, policy } from '../support/signed-documents.ts';

const asked: OfferOptions = { unknownComputers: true, now: new Date('2026-04-01T00:00:00Z') };
const among = (...deployments: readonly ReturnType<typeof deployment>[]) =>
  policy({ deployments: [...deployments] });
const chosen = (value: ReturnType<typeof policy>, options: Partial<OfferOptions> = {}) =>
  choose(value, LAPTOP, { ...asked, ...options });

function refusal(work: () => unknown): Fault {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

describe('choose', () => {
  it('takes a required deployment before an available one, and the first of several', () => {
    const choice = chosen(
      among(
        deployment('CON20001'),
        deployment('CON20002', { purpose: 'required' }),
        deployment('CON20003', { purpose: 'required' }),
      ),
    );
    expect(choice.deployment.id).toBe('CON20002');
    expect(choice.taskSequence.id).toBe('CON00020');
    expect(choice.why).toBe('first required deployment for this machine');
    expect(choice.others.map(({ deployment: { id }, why }) => [id, why])).toEqual([
      ['CON20001', 'CON20002 is required'],
      ['CON20003', 'CON20002 comes first in policy'],
    ]);
    expect(choice.offered.map(({ id }) => id)).toEqual(['CON20001', 'CON20002', 'CON20003']);
  });

  it('takes the first available one when nothing is required, and gives all for a person to choose from', () => {
    const choice = chosen(
      among(
        deployment('CON20001'),
        deployment('CON20002'),
        deployment('CON20003', { collection: 'unknown' }),
      ),
      { record: { format: 'prestage-machine/1', variables: {}, secret: [], collections: [] } },
    );
    expect(choice.deployment.id).toBe('CON20001');
    expect(choice.why).toBe('first available deployment for this machine');
    expect(choice.offered.map(({ id }) => id)).toEqual(['CON20001', 'CON20002']);
    expect(choice.others.map(({ deployment: { id } }) => id)).toEqual(['CON20002', 'CON20003']);
  });

  it('takes the preferred one even before a required one', () => {
    const choice = chosen(among(deployment('CON20001', { purpose: 'required' }), deployment('CON20002')), {
      preferred: 'CON20002',
    });
    expect(choice).toMatchObject({ deployment: { id: 'CON20002' }, why: 'named as preferred' });
    expect(choice.others.map(({ why }) => why)).toEqual(['CON20002 is preferred']);
  });

  it('never offers what is made available to clients only, not even by name', () => {
    const only = among(deployment('CON20001', { makeAvailableTo: 'clients', purpose: 'required' }));
    expect(refusal(() => chosen(only, { preferred: 'CON20001' })).code).toBe('CONTENT-07');
  });

  it('offers a hidden deployment only by name', () => {
    const value = among(
      deployment('CON20001', { makeAvailableTo: 'media-pxe-hidden' }),
      deployment('CON20002', { purpose: 'required' }),
    );
    expect(chosen(value).deployment.id).toBe('CON20002');
    expect(chosen(value, { preferred: 'CON20001' }).deployment.id).toBe('CON20001');
  });

  it('says of every deployment why it was not offered', () => {
    const value = among(
      deployment('CON20001', { collection: { manufacturers: ['Contoso Ltd.'], models: ['Tower 3'] } }),
      deployment('CON20002', { makeAvailableTo: 'clients' }),
      deployment('CON20003', { makeAvailableTo: 'media-pxe-hidden' }),
    );
    const fault = refusal(() => chosen(value));
    expect(fault).toMatchObject({ code: 'CONTENT-07', subject: 'Contoso Ltd. Book 14 SN-0042' });
    expect(fault.detail.reasons).toEqual([
      "CON20001 (CON00020): the collection (model Tower 3) does not hold this machine's model (Book 14)",
      'CON20002 (CON00020): made available to clients only',
      'CON20003 (CON00020): hidden, and not named as preferred',
    ]);
  });

  it('refuses a preferred deployment that policy does not have, rather than running another', () => {
    const fault = refusal(() => chosen(among(deployment('CON20001')), { preferred: 'CON20009' }));
    expect(fault.detail.reasons).toEqual([
      'CON20001 (CON00020): CON20009 is preferred',
      'CON20009: preferred, but not in policy',
    ]);
  });

  it('says that there is nothing where policy has no deployment at all', () => {
    expect(refusal(() => chosen(among())).detail).toEqual({ deployments: 0, reasons: [] });
  });
});

describe('offer', () => {
  const record: MachineRecord = {
    format: 'prestage-machine/1',
    variables: {},
    secret: [],
    collections: [],
  };
  const one = (differences: Parameters<typeof deployment>[1], options: Partial<OfferOptions> = {}) => {
    const [judgement] = offer(among(deployment('CON20001', differences)), LAPTOP, {
      ...asked,
      ...options,
    }).judgements;
    return `${judgement?.offered === true ? 'offered' : 'not offered'}: ${judgement?.why}`;
  };
  const schedule = { from: '2026-04-01T00:00:00Z', until: '2026-04-30T22:00:00Z' };
  const at = (time: string) => ({ now: new Date(time) });

  it.each<[string, Parameters<typeof deployment>[1], Partial<OfferOptions>, string]>([
    ['for all', {}, {}, 'offered: the collection holds all machines'],
    [
      'for clients, media and PXE',
      { makeAvailableTo: 'clients-media-pxe' },
      {},
      'offered: the collection holds all machines',
    ],
    ['for clients', { makeAvailableTo: 'clients' }, {}, 'not offered: made available to clients only'],
    [
      'for clients, by name',
      { makeAvailableTo: 'clients' },
      { preferred: 'CON20001' },
      'not offered: made available to clients only',
    ],
    [
      'hidden',
      { makeAvailableTo: 'media-pxe-hidden' },
      {},
      'not offered: hidden, and not named as preferred',
    ],
    [
      'hidden, by name',
      { makeAvailableTo: 'media-pxe-hidden' },
      { preferred: 'CON20001' },
      'offered: the collection holds all machines',
    ],
    [
      'hidden, another by name',
      { makeAvailableTo: 'media-pxe-hidden' },
      { preferred: 'CON20002' },
      'not offered: CON20002 is preferred',
    ],
    [
      'for unknown computers',
      { collection: 'unknown' },
      {},
      'offered: the collection holds unknown computers',
    ],
    [
      'for unknown computers, to a known one',
      { collection: 'unknown' },
      { record },
      'not offered: the collection holds unknown computers only, and policy has a record of this one',
    ],
    [
      'for all, on media for known computers',
      {},
      { unknownComputers: false },
      'not offered: unknown computers are not served by this media, and policy has no record of this one',
    ],
    [
      'for all, on media for known computers, to a known one',
      {},
      { unknownComputers: false, record },
      'offered: the collection holds all machines',
    ],
    [
      'clients come before unknown computers',
      { makeAvailableTo: 'clients' },
      { unknownComputers: false },
      'not offered: made available to clients only',
    ],
    [
      'in its first moment',
      { schedule },
      at('2026-04-01T00:00:00Z'),
      'offered: the collection holds all machines',
    ],
    [
      'in its last moment',
      { schedule },
      at('2026-04-30T22:00:00Z'),
      'offered: the collection holds all machines',
    ],
    [
      'too early',
      { schedule },
      at('2026-03-31T23:59:59Z'),
      'not offered: not before 2026-04-01T00:00:00Z; it is 2026-03-31T23:59:59Z',
    ],
    [
      'too late',
      { schedule },
      at('2026-04-30T22:00:01Z'),
      'not offered: not after 2026-04-30T22:00:00Z; it is 2026-04-30T22:00:01Z',
    ],
    [
      'open to the end',
      { schedule: { from: schedule.from } },
      at('2030-01-01T00:00:00Z'),
      'offered: the collection holds all machines',
    ],
    [
      'open from the beginning',
      { schedule: { until: schedule.until } },
      at('2020-01-01T00:00:00Z'),
      'offered: the collection holds all machines',
    ],
    [
      'too early, by name',
      { schedule },
      { ...at('2026-03-01T00:00:00Z'), preferred: 'CON20001' },
      'not offered: not before 2026-04-01T00:00:00Z; it is 2026-03-01T00:00:00Z',
    ],
    [
      'the collection comes before the schedule',
      { schedule, collection: { models: ['Tower 3'] } },
      at('2020-01-01T00:00:00Z'),
      "not offered: the collection (model Tower 3) does not hold this machine's model (Book 14)",
    ],
    [
      'without its task sequence',
      { taskSequence: 'CON00099' },
      {},
      'not offered: policy has no task sequence CON00099',
    ],
  ])('judges a deployment %s', (_, differences, options, expected) => {
    expect(one(differences, options)).toBe(expected);
  });

  it('chooses none: what is offered and what is not stay in policy’s order', () => {
    const all = offer(
      among(
        deployment('CON20003'),
        deployment('CON20002', { makeAvailableTo: 'clients' }),
        deployment('CON20001', { purpose: 'required' }),
      ),
      LAPTOP,
      asked,
    );
    expect(all.judgements.map(each => each.deployment.id)).toEqual(['CON20003', 'CON20002', 'CON20001']);
    expect(all.offered.map(each => each.id)).toEqual(['CON20003', 'CON20001']);
    expect(all.refused.map(each => each.deployment.id)).toEqual(['CON20002']);
  });
});
