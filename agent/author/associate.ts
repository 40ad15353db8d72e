// Computer associations from the command line: one more in associations.yaml, and the order that the old computer needs.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument, stringify } from 'yaml';
import type { ContentReference } from '../content/manifest.ts';
import { openFolderSource } from '../distribution/folder-source.ts';
import { encodeJson } from '../document/decode-json.ts';
import { nativeCodeOf } from '../durable/disk-fault.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { Fault } from '../fault/fault.ts';
import { type CaptureOrder, captureOrderSchema } from '../policy/capture-order.ts';
import { fetchPolicy } from '../policy/fetch-policy.ts';
import { verifyPolicy } from '../policy/verify-policy.ts';
import type { Clock } from '../progress/clock.ts';
import { stateKey } from '../trust/machine-key.ts';
import { signDetached } from '../trust/signature.ts';
import { createFile } from './create-file.ts';
import { type KeyAccess, loadPublicKey, requireMachineKey } from './key-files.ts';
import { type AssociationDocument, isOnOwnVolume } from './machine-documents.ts';
import { keyFolder } from './publish.ts';
import { utcSeconds } from './publish-policy.ts';
import { readSite, type Site } from './read-site.ts';
import { loadSigningKey } from './site-revocations.ts';

const DOCUMENT = 'associations.yaml';

/** How long the old computer may be captured by an order. */
const ORDER_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** An association as associations.yaml has it, its ID included; judged by that document's schema. */
export type NewAssociation = Readonly<Record<string, unknown>> & { readonly id: string };

/**
 * Adds an association; what stands in the file, comments included, stays as it is. Nothing is written when the site would have mistakes.
 * Faults: those of readSite, with the lines that the file would have; DISK-*.
 */
export async function addAssociation(
  folder: string,
  association: NewAssociation,
  durable: DurableFiles,
): Promise<AssociationDocument> {
  const file = path.join(path.resolve(folder), DOCUMENT);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (nativeCodeOf(cause) === 'ENOENT') return '';
    throw new Fault('USAGE-08', file, {}, { cause });
  });
  // What is wrong with the site now is told by the lines that it has now.
  await readSite(folder);
  const bytes = Buffer.from(withEntry(text, association));
  const site = await readSite(folder, new Map([[DOCUMENT, bytes]]));
  const added = site.associations.find(({ id }) => id === association.id);
  if (added === undefined) throw new Error('the text that was just decoded has the entry');
  await durable.replaceFile(file, bytes);
  return added;
}

/** The entry goes behind the text, which stays as it is; only where that would say something else is the document written anew. */
export function withEntry(text: string, entry: NewAssociation): string {
  const before = parseDocument(text);
  const wanted = JSON.stringify([...(Array.isArray(before.toJS()) ? before.toJS() : []), entry]);
  const appended = `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${stringify([entry], { lineWidth: 0 })}`;
  const after = parseDocument(appended);
  if (after.errors.length === 0 && JSON.stringify(after.toJS()) === wanted) return appended;
  before.add(before.createNode(entry));
  return before.toString({ lineWidth: 0 });
}

export interface OrderRequest {
  readonly site: string;
  /** ID of the association. */
  readonly association: string;
  /** The file to make; its signature lies beside it. */
  readonly out: string;
  readonly keys?: string;
  /** The distribution point folder that the site was published to; needed with method usmt, whose package is pinned by policy. */
  readonly point?: string;
}

export interface MadeOrder {
  readonly file: string;
  readonly signature: string;
  readonly order: CaptureOrder;
  readonly keyId: string;
  /** Text of the key that the old computer's agent.yaml has to name. */
  readonly publicKey: string;
}

/** Never overwrites. Faults: those of readSite, USAGE-01, USAGE-05, USAGE-08, USAGE-11, TRUST-* of the published policy, DISK-02. */
export async function makeOrder(
  request: OrderRequest,
  clock: Clock,
  access: KeyAccess = {},
): Promise<MadeOrder> {
  const site = await readSite(request.site);
  const association = site.associations.find(
    ({ id }) => id?.toLowerCase() === request.association.toLowerCase(),
  );
  if (association?.id === undefined)
    throw new Fault('USAGE-05', request.association, {
      expected: `the ID of an association in ${DOCUMENT}`,
      found:
        site.associations.length === 0
          ? 'no association'
          : site.associations.slice(0, 20).map(associationText),
    });
  const { id, from, store, method } = association;
  if (isOnOwnVolume(store))
    throw new Fault('USAGE-01', id, {
      expected:
        'an association with a store on a share: its computer captures by itself before it is installed anew',
      found: store,
    });
  const folder = keyFolder(site, request.keys);
  const root = await requireMachineKey(folder, site.keys.machine, access);
  const key = await loadSigningKey(site, folder, site.keys.policy, access);
  const now = clock.now();
  const order = captureOrderSchema.parse({
    format: 'prestage-capture-order/1',
    site: site.site,
    association: id,
    created: utcSeconds(now),
    expires: utcSeconds(new Date(now.getTime() + ORDER_DAYS * DAY_MS)),
    computer: from,
    store,
    key: stateKey(root, id),
    method,
    ...(association.package !== undefined && {
      package: await publishedPackage(association.package, site, folder, request.point, now),
      distributionPoints: site.distributionPoints,
    }),
  });
  const bytes = encodeJson(order);
  const file = path.resolve(request.out);
  const signature = `${file}.sig`;
  // The order last: where it is, its signature is.
  await createFile(signature, signDetached('capture-order', bytes, key), 0o600);
  await createFile(file, bytes, 0o600);
  return { file, signature, order, keyId: key.public.id, publicKey: key.public.text };
}

/** As the author knows it: its ID and the two computers. */
function associationText({ id, from, to }: Site['associations'][number]): string {
  return `${id}: ${from.serial ?? from.uuid} to ${to.serial ?? to.uuid}`;
}

async function publishedPackage(
  id: string,
  site: Site,
  keys: string,
  point: string | undefined,
  clock: Date,
): Promise<ContentReference> {
  if (point === undefined)
    throw new Fault('USAGE-01', '--point', {
      expected: `the folder that the site was published to: the order pins package ${id} as it was published`,
      found: 'nothing',
    });
  const source = openFolderSource({ url: point, priority: 0 }, path.resolve(point));
  const served = await fetchPolicy(source).catch(cause => {
    throw new Fault('USAGE-08', point, { expected: 'a folder that `prestage publish` wrote' }, { cause });
  });
  const { policy } = verifyPolicy(served.bytes, served.signature, {
    keys: [await loadPublicKey(keys, site.keys.policy)],
    site: site.site,
    floor: 1,
    clock,
    provenTimes: [],
  });
  const found = policy.content.find(reference => reference.id === id);
  if (found === undefined)
    throw new Fault('USAGE-05', id, {
      expected: `a package of policy ${policy.serial}; publish again`,
      found: 'none',
    });
  return found;
}
