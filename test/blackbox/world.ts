// A small site behind a server that does as it is told, and disks laid from its media: what a case changes is said in data, and signed again
// with the site's own keys where the case is about what a good signature does not excuse.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { loadPrivateKey } from '../../agent/author/key-files.ts';
import { onDistributionPoint } from '../../agent/content/layout.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import { newKeyPair, type PrivateKey } from '../../agent/trust/keys.ts';
import { type SignatureDomain, signDetached } from '../../agent/trust/signature.ts';
import { type Files, filesBelow } from '../support/content-kit.ts';
import {
  type MisbehavingServer,
  type Misbehaviour,
  type SeenRequest,
  startMisbehavingServer,
} from '../support/misbehaving-server.ts';
import { layTree, type Tree } from '../support/site-kit.ts';
import { makeSmallSite, moveWorldOn, type SmallSite, wearDisk } from '../support/small-site.ts';

/** A JSON document as a case sees it: fields to look at, change and add. */
export type Document = Readonly<Record<string, unknown>>;

/** How a signed document differs. Left out: the document as published, signed by its own key for its own kind. */
export interface SignedChange {
  readonly fields?: (document: Document) => Document;
  /** In place of the document; signed as it stands. */
  readonly bytes?: Uint8Array;
  readonly key?: 'media' | 'policy' | 'stranger';
  readonly domain?: SignatureDomain;
  readonly signature?: 'absent' | 'of-other-bytes' | 'garbage';
}

/** What the server does wrong with requests for paths that match. */
export interface ServerRule {
  readonly on: RegExp;
  readonly does: Misbehaviour;
  /** Only so often. */
  readonly times?: number;
}

/** How the world differs from a sound disk of a sound site. */
export interface Change {
  /** Laid onto the disk folder; undefined removes. */
  readonly disk?: Tree;
  /** The depot's disk has worn on its way. */
  readonly worn?: true;
  readonly media?: SignedChange;
  readonly policy?: SignedChange;
  /** The current policy names a new version of the item whose manifest is this, digest and signature and all. */
  readonly item?: {
    readonly id: string;
    readonly manifest?: (manifest: Document) => Document;
    /** In place of its files, with their true digests. */
    readonly files?: (published: Files) => Files;
  };
  /** Files of the distribution point; undefined removes one. */
  readonly point?: Readonly<Record<string, string | Uint8Array | undefined>>;
  readonly server?: readonly ServerRule[];
  readonly config?: string;
}

export interface Place {
  /** Everything of the case lies below it; commands run in it. */
  readonly folder: string;
  readonly disk: string;
}

export interface World {
  readonly site: SmallSite;
  readonly server: MisbehavingServer;
  /** A fresh disk and agent.yaml in a new folder, and the server, as the change wants them. */
  lay(change: Change): Promise<Place>;
  /** From now on the server does as it should; what it holds stays. */
  mendServer(): void;
  /** Requests for content that it has and answered as it should, since the world was laid. */
  answeredWell(): readonly SeenRequest[];
  close(): Promise<void>;
}

/** The version of an item that a case changes. */
const VERSION = '9.9';

/** Makes site, media and server below `folder`. The world has moved on: the editor's version 1.1 is published, the disks have 1.0. */
export async function openWorld(folder: string): Promise<World> {
  const files = new Map<string, Uint8Array>();
  let rules: ServerRule[] = [];
  let well: SeenRequest[] = [];
  const server = await startMisbehavingServer({
    files,
    behave(request) {
      const wrong = behaviour(rules, request);
      // Whether packs are asked for depends on speed, and no byte of content comes from asking for what is not there.
      const isContent = request.path.startsWith('content/') && files.has(request.path);
      if (wrong === undefined && isContent) well.push(request);
      return wrong;
    },
  });
  const site = await makeSmallSite(folder, { address: `${server.url}/` });
  await moveWorldOn(site);
  // Without packs: whether they cost less than plain files depends on how quickly the server answers. What servers do wrong with them: test/distribution/packs.test.ts.
  const published = Object.fromEntries(
    Object.entries(await filesBelow(site.point)).filter(([name]) => !name.includes('/packs/')),
  );
  const keys = {
    media: await loadPrivateKey(path.join(site.site, 'keys'), 'media'),
    policy: await loadPrivateKey(path.join(site.site, 'keys'), 'policy'),
    stranger: newKeyPair(),
  };
  let places = 0;
  return {
    site,
    server,
    async lay(change) {
      const place = path.join(folder, `case-${places++}`);
      const disk = path.join(place, 'disk');
      mkdirSync(place);
      // A deployed disk holds the executable once more, which is large.
      onTestFinished(() => rmSync(place, { recursive: true, force: true }));
      await site.layDisk(disk);
      if (change.worn) await wearDisk(disk);
      if (change.media) layTree(disk, changedMedia(disk, change.media, keys));
      if (change.disk) layTree(disk, change.disk);
      layTree(place, { 'agent.yaml': change.config ?? agentYaml(keys.media) });
      files.clear();
      for (const [name, bytes] of Object.entries(publishedWith(published, change, keys)))
        files.set(name, bytes);
      rules = (change.server ?? []).map(rule => ({ ...rule }));
      well = [];
      return { folder: place, disk };
    },
    mendServer() {
      rules = [];
    },
    answeredWell: () => [...well],
    async close() {
      await site.close();
      await server.close();
    },
  };
}

/** Short patience: a test of it takes no longer than it must. */
function agentYaml({ public: { text } }: PrivateKey): string {
  return `keys: [${text}]\ntransfer: {retryCount: 1, retryDelaySeconds: 0.01, stallTimeoutSeconds: 0.4}\n`;
}

function behaviour(rules: readonly ServerRule[], request: SeenRequest): Misbehaviour | undefined {
  const counted = rules as { on: RegExp; does: Misbehaviour; times?: number }[];
  const rule = counted.find(({ on, times }) => on.test(request.path) && times !== 0);
  if (rule?.times !== undefined) rule.times--;
  return rule?.does;
}

type Keys = Readonly<Record<'media' | 'policy' | 'stranger', PrivateKey>>;

function changedMedia(disk: string, change: SignedChange, keys: Keys): Tree {
  const place = 'volumes/windows/_SMSTaskSequence/Prestage/media.json';
  const original = readFileSync(path.join(disk, place));
  const { bytes, signature } = signedAgain('media', original, change, keys);
  return { [place]: bytes, [`${place}.sig`]: signature };
}

function publishedWith(published: Files, { policy, item, point }: Change, keys: Keys): Files {
  const changed: Record<string, Uint8Array | undefined> = { ...published };
  const current = JSON.parse(text(changed[onDistributionPoint.policyPointer])) as { serial: number };
  const [place, proof] = [
    onDistributionPoint.policy(current.serial),
    onDistributionPoint.policySignature(current.serial),
  ];
  if (item !== undefined) {
    const bytes = encodeJson(changedManifest(changed, item));
    changed[onDistributionPoint.manifest(item.id, VERSION)] = bytes;
    for (const [name, file] of Object.entries(item.files?.(published) ?? {}))
      changed[onDistributionPoint.file(item.id, VERSION, name)] = file;
    const named = signedAgain('policy', changed[place]!, { fields: naming(item.id, bytes) }, keys);
    changed[place] = named.bytes;
    changed[proof] = named.signature;
  }
  if (policy !== undefined) {
    const again = signedAgain('policy', changed[place]!, policy, keys);
    changed[place] = again.bytes;
    changed[proof] = again.signature;
  }
  for (const [name, bytes] of Object.entries(point ?? {}))
    changed[name] = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return Object.fromEntries(
    Object.entries(changed).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined),
  );
}

function changedManifest(
  published: Readonly<Record<string, Uint8Array | undefined>>,
  { id, manifest = same => same, files }: NonNullable<Change['item']>,
): Document {
  const place = Object.keys(published).findLast(
    name => name.startsWith(`content/${id}/`) && name.endsWith('/manifest.json'),
  );
  const old = { ...(JSON.parse(text(published[place ?? ''])) as Document), version: VERSION };
  const given = files?.(published as Files);
  return manifest({
    ...old,
    ...(given && {
      files: Object.entries(given).map(([name, bytes]) => ({
        path: name,
        size: bytes.length,
        sha256: sha256(bytes),
      })),
    }),
  });
}

function naming(id: string, manifest: Uint8Array): (policy: Document) => Document {
  return policy => ({
    ...policy,
    content: (policy.content as Document[]).map(item =>
      item.id === id
        ? { ...item, version: VERSION, digest: sha256(manifest), manifestBytes: manifest.length }
        : item,
    ),
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function signedAgain(
  own: 'media' | 'policy',
  original: Uint8Array,
  { fields, bytes: given, key = own, domain = own, signature }: SignedChange,
  keys: Keys,
): { readonly bytes: Uint8Array; readonly signature: Uint8Array | undefined } {
  const bytes =
    given ?? (fields === undefined ? original : encodeJson(fields(JSON.parse(text(original)) as Document)));
  if (signature === 'absent') return { bytes, signature: undefined };
  if (signature === 'garbage') return { bytes, signature: Buffer.from('<html>404</html>') };
  const signed = signature === 'of-other-bytes' ? Buffer.concat([bytes, Buffer.from(' ')]) : bytes;
  return { bytes, signature: signDetached(domain, signed, keys[key]) };
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? new Uint8Array()).toString('utf8');
}
