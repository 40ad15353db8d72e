// A terminal at which somebody types, or nobody does.
import type { Terminal } from '../../agent/console/menu.ts';

/** @param keys all that is ever typed, key by key; questions take from it one after the other. `written` is what the screen shows. */
export function typing(...keys: readonly string[]): Terminal & { readonly written: string[] } {
  const left = [...keys];
  const written: string[] = [];
  return {
    columns: 80,
    written,
    write: text => void written.push(text),
    async *keys(signal) {
      for (let key = left.shift(); key !== undefined; key = left.shift()) yield key;
      await new Promise<void>(resolve => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve());
      });
    },
  };
}
