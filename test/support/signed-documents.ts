// Policies and media manifests with throwaway keys: tests say only what differs.

import type { ContentReference } from '../../agent/content/manifest.ts';
import { encodeJson } from '../../agent/document/decode-json.ts';
import type { MachineFacts } from '../../agent/facts/machine-facts.ts';
import type { MediaManifest } from '../../agent/media/media-manifest.ts';
import type { Deployment, Policy } from '../../agent/policy/policy.ts';
import type { PrivateKey } from '../../agent/trust/keys.ts';
import { type SignatureDomain, signDetached } from '../../agent/trust/signature.ts';

const DIGEST = 'ab'.repeat(32);

export function reference(id: string, type: ContentReference['type']): ContentReference {
  return { id, version: '1', type, name: `Item ${id}`, digest: DIGEST, manifestBytes: 100, totalBytes: 1000 };
}

export function deployment(id: string, differences: Partial<Deployment> = {}): Deployment {
  return {
    id,
    taskSequence: 'CON00020',
    collection: 'all',
    purpose: 'available',
    makeAvailableTo: 'media-pxe',
    ...differences,
  };
}

export function policy(differences: Partial<Policy> = {}): Policy {
  return {
    format: 'prestage-policy/1',
    site: 'CON',
    serial: 5,
    created: '2026-03-01T00:00:00Z',
    expires: '2026-06-01T00:00:00Z',
    content: [
      reference('CON00001', 'os-image'),
      reference('CON00002', 'application'),
      reference('CON00003', 'package'),
      reference('CON00004', 'driver-package'),
    ],
    taskSequences: [
      {
        id: 'CON00020',
        name: 'Install',
        osImage: { id: 'CON00001', index: 1 },
        drivers: ['CON00004'],
        packages: ['CON00003'],
        applications: ['CON00002'],
        variables: { OSDTimeZone: 'UTC' },
      },
    ],
    deployments: [deployment('CON20001', { purpose: 'required' })],
    variables: {},
    collections: [],
    boundaries: [],
    sharedAdapters: [],
    ...differences,
  };
}

export function mediaManifest(policyKey: string, differences: Partial<MediaManifest> = {}): MediaManifest {
  return {
    format: 'prestage-media/1',
    mediaId: '11111111-2222-4333-8444-555555555555',
    name: 'depot',
    site: 'CON',
    created: '2026-03-01T00:00:00Z',
    validFrom: '2026-03-01T00:00:00Z',
    validUntil: '2027-03-01T00:00:00Z',
    createdBy: 'A. Admin',
    version: '1',
    policyKeys: [policyKey],
    depotKeys: [],
    receipt: 'optional',
    revocationFloor: 0,
    policyFloor: 5,
    managementPoints: ['http://mp.contoso.example'],
    distributionPoints: [{ url: 'http://dp.contoso.example', priority: 1 }],
    management: 'site',
    variables: {},
    secret: [],
    unknownComputers: true,
    unattended: true,
    allowOffline: false,
    taskSequence: 'CON00020',
    osImage: { id: 'CON00001', index: 1 },
    content: [reference('CON00001', 'os-image')],
    esp: [],
    volume: [],
    ...differences,
  };
}

/** A document's bytes and its signature. `value` need not be a good one. */
export function signed(
  domain: SignatureDomain,
  value: unknown,
  key: PrivateKey,
): { readonly bytes: Uint8Array; readonly signature: Uint8Array } {
  const bytes = encodeJson(value);
  return { bytes, signature: signDetached(domain, bytes, key) };
}

export const LAPTOP: MachineFacts = {
  manufacturer: 'Contoso Ltd.',
  model: 'Book 14',
  serial: 'SN-0042',
  uuid: '4C4C4544-0042-4810-8051-B4C04F4E3132',
  macAddresses: ['00-11-22-33-44-55'],
  ipAddresses: [],
  memoryBytes: 8 * 1024 ** 3,
  firmware: 'uefi',
  architecture: 'x64',
  system: 'winpe',
  power: 'mains',
};
