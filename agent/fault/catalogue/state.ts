// STATE: User state was not captured or not restored.
import type { CatalogueEntry } from '../entry.ts';

export const STATE = {} as const satisfies Readonly<Record<string, CatalogueEntry>>;
