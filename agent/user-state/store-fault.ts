// A disk fault in the store is a fault of the store: the technician looks at the share, not at the computer's disk.
import { Fault } from '../fault/fault.ts';
import type { Store } from './store.ts';

/** Runs `work`; DISK-* about something below the store's root becomes STATE-02 with it as the cause. */
export async function onStore<T>({ root }: Pick<Store, 'root'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault && cause.code.startsWith('DISK-') && cause.subject.startsWith(root))
      throw new Fault('STATE-02', cause.subject, cause.detail, { cause });
    throw cause;
  }
}
