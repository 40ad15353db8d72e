// MACHINE: This computer, as it stands, cannot be deployed: its power, disks, clock or architecture.
import type { CatalogueEntry } from '../entry.ts';

export const MACHINE = {} as const satisfies Readonly<Record<string, CatalogueEntry>>;
