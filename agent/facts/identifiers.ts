// What identifies one machine, in the one form in which all writings of it are equal. Pure.
import type { MachineFacts } from './machine-facts.ts';

export const IDENTIFIER_KINDS = ['uuid', 'serial', 'mac'] as const;

export type IdentifierKind = (typeof IDENTIFIER_KINDS)[number];

export interface Identifier {
  readonly kind: IdentifierKind;
  /** As `normalIdentifier` gives it. */
  readonly value: string;
}

/**
 * Case, outer blanks, braces of a UUID and what stands between the digits of a UUID or MAC address never tell two machines apart.
 * @returns undefined for text that cannot be such an identifier.
 */
export function normalIdentifier(kind: IdentifierKind, text: string): string | undefined {
  const value = text.trim().toLowerCase();
  if (kind === 'serial') return value === '' ? undefined : value;
  const digits = value.replaceAll(/[-:.{}]/g, '');
  return (kind === 'uuid' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{12}$/).test(digits) ? digits : undefined;
}

/**
 * @param sharedAdapters MAC addresses of docks and adapters that many machines share: they identify none.
 * @returns what identifies this machine, the surest first: UUID, serial number, MAC addresses in the order of its facts.
 */
export function identifiersOf(facts: MachineFacts, sharedAdapters: readonly string[]): readonly Identifier[] {
  const identifier = (kind: IdentifierKind, text: string | undefined): Identifier[] => {
    const value = text === undefined ? undefined : normalIdentifier(kind, text);
    return value === undefined ? [] : [{ kind, value }];
  };
  return [
    ...identifier('uuid', facts.uuid),
    ...identifier('serial', facts.serial),
    ...ownMacAddresses(facts, sharedAdapters).flatMap(mac => identifier('mac', mac)),
  ];
}

/** @returns the machine's MAC addresses, as its facts write them, without shared ones. */
export function ownMacAddresses(facts: MachineFacts, sharedAdapters: readonly string[]): readonly string[] {
  const shared = new Set(sharedAdapters.map(mac => normalIdentifier('mac', mac)));
  return facts.macAddresses.filter(mac => !shared.has(normalIdentifier('mac', mac)));
}
