// Computer associations: added without harm to what stands in the file, and the order that the old computer is captured by.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withEntry } from '../../agent/author/associate.ts';
import { createKey, createMachineKey, loadMachineKey, loadPublicKey } from '../../agent/author/key-files.ts';
import { publish } from '../../agent/author/publish.ts';
import { readSite } from '../../agent/author/read-site.ts';
import { type AssociateOptions, associate } from '../../agent/commands/associate.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openRedactor } from '../../agent/fault/redact.ts';
import { readCaptureOrder } from '../../agent/policy/capture-order.ts';
import { newKeyPair } from '../../agent/trust/keys.ts';
import { stateKey } from '../../agent/trust/machine-key.ts';
import { signDetached } from '../../agent/trust/signature.ts';
import { authorKit, layTree, SITE, type Tree } from '../support/site-kit.ts';
import { faultOf } from '../support/sources.ts';
import { tempFolder } from '../support/temp-folder.ts';

const temporary = tempFolder('associate');
const NOW = '2026-03-01T12:00:00.000Z';
const PAIR = { fromSerial: 'OLD', toSerial: 'NEW', store: '\\\\srv\\state' };
let count = 0;

async function lay(tree: Tree = {}): Promise<string> {
  count += 1;
  const site = path.join(temporary, `site-${count}`);
  layTree(site, {
    'site.yaml': SITE['site.yaml'],
    'content/CON00003/content.yaml': {
      id: 'CON00003',
      type: 'package',
      name: 'USMT',
      version: '10',
      source: 'files',
    },
    'content/CON00003/files/scanstate.exe': 'tool',
    ...tree,
  });
  await createKey(path.join(site, 'keys'), 'policy');
  await createMachineKey(path.join(site, 'keys'), 'machine');
  return site;
}

async function run(site: string, options: AssociateOptions): Promise<string> {
  const printed: string[] = [];
  const { redact, learn: learnSecret } = openRedactor();
  await associate(site, options, {
    print: text => void printed.push(redact(text)),
    durable: openDurableFiles(),
    clock: authorKit(NOW).clock,
    learnSecret,
    environment: {},
    signal: new AbortController().signal,
    endProgress: () => {},
    observe: () => {},
  });
  return printed.join('\n');
}

const documentOf = (site: string): string => readFileSync(path.join(site, 'associations.yaml'), 'utf8');

describe('adding an association', () => {
  it('makes the file, and says what to do next', async () => {
    const site = await lay();
    const text = await run(site, PAIR);
    const [only] = (await readSite(site)).associations;
    expect(only).toMatchObject({
      from: { serial: 'OLD' },
      to: { serial: 'NEW' },
      store: '\\\\srv\\state',
      method: 'files',
    });
    expect(text).toContain(`prestage associate ${site} --order ${only?.id} --out order.json`);
  });

  it('leaves what stands there as it is, comments and all', async () => {
    const before =
      '# Replaced in March\n- id: 8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51   # first\n  from: { serial: "0001" }\n  to: {serial: "0002"}\n  store: /srv/state\n  method: files\n# the end';
    const site = await lay({ 'associations.yaml': before });
    await run(site, PAIR);
    expect(documentOf(site).startsWith(`${before}\n- id: `)).toBe(true);
    expect((await readSite(site)).associations).toHaveLength(2);
  });

  it.each([
    ['nothing', '', 1],
    ['a comment', '# none yet\n', 1],
    ['an empty list', '[]\n', 1],
    ['a list in brackets', '[{ a: 1 }] # one\n', 2],
    ['an indented list', '  - a: 1\n', 2],
    ['an end mark', '- a: 1\n...\n', 2],
  ])('works on a file with %s', (_, text, length) => {
    const site = withEntry(text, { id: 'x', to: { serial: '1' } });
    expect(site).toContain('serial: "1"');
    expect(site.match(/(id: x|a: 1)/g)).toHaveLength(length);
    for (const comment of text.match(/#.*/g) ?? []) expect(site).toContain(comment);
  });

  it('writes nothing when a computer is in another association already', async () => {
    const site = await lay();
    await run(site, PAIR);
    const before = documentOf(site);
    const fault = await faultOf(run(site, { ...PAIR, fromSerial: 'new', toSerial: 'THIRD' }));
    expect(fault).toMatchObject({
      code: 'USAGE-02',
      detail: {
        issues: [
          expect.stringMatching(
            /^associations.yaml:\d+:\d+ \[1\].from: this computer is in another association/,
          ),
        ],
      },
    });
    expect(documentOf(site)).toBe(before);
  });

  it.each([
    ['no old computer', { toSerial: 'NEW', store: '/srv' }, '--from-serial'],
    ['no new computer', { fromSerial: 'OLD', store: '/srv' }, '--to-serial'],
    ['no store', { fromSerial: 'OLD', toSerial: 'NEW' }, '--store'],
    ['no file for an order', { order: '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51' }, '--out'],
  ])('with %s is USAGE-01', async (_, options, subject) => {
    expect(await faultOf(run(await lay(), options))).toMatchObject({ code: 'USAGE-01', subject });
  });

  it.each([{ method: 'scan' }, { fromUuid: 'none' }, { package: 'CON00009' }, { method: 'usmt' }])(
    'judges %j as the document would be judged',
    async more => {
      const site = await lay();
      expect((await faultOf(run(site, { ...PAIR, ...more }))).code).toMatch(/^USAGE-0[25]$/);
      expect(existsSync(path.join(site, 'associations.yaml'))).toBe(false);
    },
  );
});

describe('an order', () => {
  async function ordered(more: AssociateOptions = {}, order: AssociateOptions = {}) {
    const site = await lay();
    await run(site, { ...PAIR, ...more });
    const id = (await readSite(site)).associations[0]?.id ?? '';
    const out = path.join(site, '..', `order-${count}.json`);
    const printed = await run(site, { order: id.toUpperCase(), out, ...order });
    const keys = [await loadPublicKey(path.join(site, 'keys'), 'policy')];
    return { site, id, out, printed, keys, bytes: readFileSync(out), signature: readFileSync(`${out}.sig`) };
  }
  const clock = new Date('2026-03-02T00:00:00Z');
  const subject = 'order.json';

  it('says which computer, where to and under which key, signed by the policy key', async () => {
    const { site, id, bytes, signature, keys } = await ordered();
    const root = (await loadMachineKey(path.join(site, 'keys'), 'machine')) ?? new Uint8Array();
    expect(readCaptureOrder(bytes, signature, { keys, clock, subject })).toEqual({
      format: 'prestage-capture-order/1',
      site: 'CON',
      association: id,
      created: '2026-03-01T12:00:00Z',
      expires: '2026-03-31T12:00:00Z',
      computer: { serial: 'OLD' },
      store: '\\\\srv\\state',
      key: stateKey(root, id),
      method: 'files',
      distributionPoints: [],
    });
  });

  it('can be read by its owner alone, and is never overwritten', async () => {
    const { site, id, out } = await ordered();
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect((await faultOf(run(site, { order: id, out }))).code).toBe('DISK-02');
  });

  it('is told without its key, as text and as JSON', async () => {
    const { site, id, printed, bytes, out, keys } = await ordered();
    const { key } = JSON.parse(bytes.toString());
    const json = await run(site, { order: id, out: `${out}.2`, json: true });
    for (const text of [printed, json]) expect(text).not.toContain(key);
    expect(printed).toContain(keys[0]?.text);
    expect(printed).toContain('secret key');
  });

  it('with usmt pins the package as it was published, and says where it is fetched', async () => {
    const site = await lay();
    await run(site, { ...PAIR, package: 'CON00003' });
    const id = (await readSite(site)).associations[0]?.id ?? '';
    const out = path.join(temporary, 'usmt.json');
    const point = path.join(temporary, 'point');
    expect((await faultOf(run(site, { order: id, out }))).code).toBe('USAGE-01');
    expect((await faultOf(run(site, { order: id, out, point }))).code).toBe('USAGE-08');
    const { items } = await publish({ site, point }, authorKit(NOW));
    await run(site, { order: id, out, point });
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
      method: 'usmt',
      package: { id: 'CON00003', version: '10', digest: items[0]?.digest },
      distributionPoints: [{ url: 'http://dp.contoso.example/prestage', priority: 1 }],
    });
  });

  it('of an association that there is not is USAGE-05', async () => {
    const fault = await faultOf(
      run(await lay(), { order: '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51', out: 'o.json' }),
    );
    expect(fault.code).toBe('USAGE-05');
    expect(fault.detail.found).toBe('no association');
  });

  it('of another one tells those that there are', async () => {
    const site = await lay();
    await run(site, PAIR);
    const other = '8f4b2c1e-8d1f-4a9b-9f3e-0d9a4b7c6e51';
    const fault = await faultOf(run(site, { order: other, out: 'o.json' }));
    expect(fault.detail.found).toEqual([expect.stringMatching(/^[0-9a-f-]{36}: OLD to NEW$/)]);
  });

  it('is not made for a computer that keeps its state on its own volume', async () => {
    const site = await lay();
    await run(site, { ...PAIR, toSerial: 'OLD', store: 'State' });
    const id = (await readSite(site)).associations[0]?.id ?? '';
    expect((await faultOf(run(site, { order: id, out: path.join(site, 'o.json') }))).code).toBe('USAGE-01');
  });

  it('that was changed, is signed by another key or as another document, or has expired is refused', async () => {
    const { bytes, signature, keys } = await ordered();
    const refusal = async (...[b, s, expectation]: Parameters<typeof readCaptureOrder>) =>
      (await faultOf((async () => readCaptureOrder(b, s, expectation))())).code;
    const pair = newKeyPair();
    const good = { keys, clock, subject };
    const other = Buffer.from(bytes.toString().replace('srv', 'evil'));
    expect(await refusal(bytes, undefined, good)).toBe('TRUST-01');
    expect(await refusal(other, signature, good)).toBe('TRUST-02');
    expect(await refusal(bytes, signDetached('capture-order', bytes, pair), good)).toBe('TRUST-02');
    const own = { ...good, keys: [pair.public] };
    expect(await refusal(bytes, signDetached('policy', bytes, pair), own)).toBe('TRUST-02');
    expect(
      await refusal(Buffer.from('{}'), signDetached('capture-order', Buffer.from('{}'), pair), own),
    ).toBe('TRUST-10');
    expect(await refusal(Buffer.alloc(70_000), signature, good)).toBe('TRUST-08');
    expect(await refusal(bytes, signature, { ...good, clock: new Date('2026-04-01T00:00:00Z') })).toBe(
      'TRUST-05',
    );
  });
});
