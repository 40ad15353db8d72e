// Where content lies: on a distribution point (always `/` and URL-like) and in the cache on the media volume.
import path from 'node:path';

/** Paths below a distribution point's root. Plain files, immutable per version. */
export const onDistributionPoint = {
  manifest: (id: string, version: string): string => `content/${id}/${version}/manifest.json`,
  chunkIndex: (id: string, version: string, fileSha256: string): string =>
    `content/${id}/${version}/chunks/${fileSha256}.chunks`,
  file: (id: string, version: string, filePath: string): string =>
    `content/${id}/${version}/files/${filePath}`,
  /** Frames of all units; beside it, under this name and `.idx`, its index. */
  fullPack: (id: string, version: string): string => `content/${id}/${version}/packs/full.pack`,
  /** Frames of what the older version does not have. */
  packFrom: (id: string, version: string, older: string): string =>
    `content/${id}/${version}/packs/from-${older}.pack`,
  packIndex: (pack: string): string => `${pack}.idx`,
  /** The chunk indexes of all large files, see content/packed-indexes.ts. */
  packedIndexes: (id: string, version: string): string => `content/${id}/${version}/packs/indexes.pack`,
  /** The same for who has those of the older version. */
  indexesFrom: (id: string, version: string, older: string): string =>
    `content/${id}/${version}/packs/indexes-from-${older}.pack`,
  /** The manifest, compressed, see content/packed-manifest.ts. */
  packedManifest: (id: string, version: string): string => `content/${id}/${version}/packs/manifest.pack`,
  /** The manifest for who has that of the older version, see content/difference.ts. */
  manifestFrom: (id: string, version: string, older: string): string =>
    `content/${id}/${version}/packs/manifest-from-${older}.pack`,
  /** Names the current serial number; replaced last, in one rename. */
  policyPointer: 'policy/current.json',
  policy: (serial: number): string => `policy/${serial}/policy.json`,
  policySignature: (serial: number): string => `policy/${serial}/policy.json.sig`,
  /** Machine records, by the number of their shard. */
  policyShard: (serial: number, shard: number): string => `policy/${serial}/machines/${shard}.json`,
  /** The list of revoked keys with its signature by the root key, in one file; absent where nothing was ever revoked. */
  revocations: 'keys/revocations.json',
} as const;

/** Names on the media volume, all below `_SMSTaskSequence`, which the wipe of a same-volume apply spares. */
export interface CacheLayout {
  /** `<volume>/_SMSTaskSequence` */
  readonly root: string;
  readonly packages: string;
  /** `_SMSTaskSequence/Prestage`: everything that is not content itself. */
  readonly own: string;
  readonly journal: string;
  readonly media: string;
  readonly mediaSignature: string;
  readonly policy: string;
  readonly policySignature: string;
  /** The policy that the plan follows, kept so that the new Windows can prove it again. */
  readonly acceptedPolicy: string;
  readonly acceptedPolicySignature: string;
  /** The shard that holds this machine's record, as served. */
  readonly acceptedShard: string;
  /** The list of revoked keys that the media was made with. */
  readonly revocations: string;
  /** The newest list that any run on this volume has seen. */
  readonly acceptedRevocations: string;
  readonly logs: string;
  readonly agent: string;
  readonly applied: string;
  /** Machine records of the policy on the media. */
  policyShard(shard: number): string;
  /** The item's folder, as ConfigMgr lays it: plain files. */
  item(id: string): string;
  /** Where another version is staged before it is swapped in whole. */
  staging(id: string, version: string): string;
  /** Where the old version waits while the new one is swapped in. */
  retired(id: string): string;
  /** Manifests and chunk indexes are stored by digest. */
  manifest(digest: string): string;
  chunkIndex(fileSha256: string): string;
}

/** @param volumeRoot the media volume's root as node:fs takes it. */
export function cacheLayout(volumeRoot: string): CacheLayout {
  const root = path.join(volumeRoot, '_SMSTaskSequence');
  const packages = path.join(root, 'Packages');
  const own = path.join(root, 'Prestage');
  return {
    root,
    packages,
    own,
    journal: path.join(own, 'journal.log'),
    media: path.join(own, 'media.json'),
    mediaSignature: path.join(own, 'media.json.sig'),
    policy: path.join(own, 'policy.json'),
    policySignature: path.join(own, 'policy.json.sig'),
    acceptedPolicy: path.join(own, 'accepted', 'policy.json'),
    acceptedPolicySignature: path.join(own, 'accepted', 'policy.json.sig'),
    acceptedShard: path.join(own, 'accepted', 'machines.json'),
    policyShard: shard => path.join(own, 'machines', `${shard}.json`),
    revocations: path.join(own, 'revocations.json'),
    acceptedRevocations: path.join(own, 'accepted', 'revocations.json'),
    logs: path.join(root, 'Logs'),
    agent: path.join(own, 'agent'),
    applied: path.join(own, 'applied.json'),
    item: id => path.join(packages, id),
    staging: (id, version) => path.join(packages, `${id}.${version}.partial`),
    retired: id => path.join(packages, `${id}.retired`),
    manifest: digest => path.join(own, 'manifests', `${digest}.json`),
    chunkIndex: sha256 => path.join(own, 'chunks', `${sha256}.chunks`),
  };
}
