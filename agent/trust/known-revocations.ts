// The newest list of revoked keys that a run has seen: lists are offered as they are found, and only a newer one that a pinned root key signed is taken.
import type { PublicKey } from './keys.ts';
import { type Revocations, readRevocations, requireUnrevoked } from './revocations.ts';

export class KnownRevocations {
  readonly #roots: readonly PublicKey[];
  readonly #site: string;
  #newest: Revocations | undefined;

  constructor(roots: readonly PublicKey[], site: string) {
    this.#roots = roots;
    this.#site = site;
  }

  /** Without a pinned root key no list can be believed, and none is looked for. */
  get canBelieve(): boolean {
    return this.#roots.length > 0;
  }

  get newest(): Revocations | undefined {
    return this.#newest;
  }

  get serial(): number {
    return this.#newest?.serial ?? 0;
  }

  /** @returns whether it was newer, and is the newest now. Faults: those of readRevocations; an older one is no fault: it changes nothing. */
  offer(bytes: Uint8Array, subject: string): boolean {
    const list = readRevocations(bytes, { roots: this.#roots, site: this.#site, subject });
    if (list.serial <= this.serial) return false;
    this.#newest = list;
    return true;
  }

  /** Fault: TRUST-13; `subject` is what the key signed. */
  requireUnrevoked(subject: string, key: Pick<PublicKey, 'id' | 'text'>): void {
    requireUnrevoked(subject, key, this.#newest);
  }

  isRevoked(key: Pick<PublicKey, 'text'>): boolean {
    return this.#newest?.revoked.some(({ publicKey }) => publicKey === key.text) ?? false;
  }
}
