// One attempt at an acquisition, in this process or in one of its own that can be killed; its sources count what they deliver.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AcquireRequest } from '../../agent/distribution/acquire.ts';
import { acquire } from '../../agent/distribution/acquire.ts';
import { openSourceHealth } from '../../agent/distribution/source-health.ts';
import { Fault } from '../../agent/fault/fault.ts';
import { systemClock } from '../../agent/progress/clock.ts';
import { acquireWorld } from './content-kit.ts';
import { countedSource } from './counted-source.ts';
import { openTestSource } from './sources.ts';

/** As plain data, so that another process can be told. */
export interface AcquireOrder {
  readonly volume: string;
  readonly urls: readonly string[];
  readonly request: AcquireRequest;
}

/** `done`, or the code of the fault that ended it. */
export type AttemptEnd = string;

/** Throws what has no name. @param received is told of bytes of files as they come. */
export async function attempt(
  { volume, urls, request }: AcquireOrder,
  received: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<AttemptEnd> {
  const sources = urls.map(url => countedSource(openTestSource(url), received));
  try {
    const health = openSourceHealth(systemClock);
    await acquire(request, acquireWorld(volume, sources, { health, ...(signal ? { signal } : {}) }));
    return 'done';
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  } finally {
    for (const source of sources) await source.close();
  }
}

/** The same in a process of its own. `end` resolves to `killed` when it was. */
export function attemptInProcess(
  order: AcquireOrder,
  received: (bytes: number) => void,
): { readonly kill: () => void; readonly end: Promise<AttemptEnd> } {
  const child = fork(fileURLToPath(new URL('acquire-process.ts', import.meta.url)), [], { execArgv: [] });
  let told: AttemptEnd | undefined;
  child.on('message', (message: { readonly received?: number; readonly end?: string }) => {
    if (message.received !== undefined) received(message.received);
    if (message.end !== undefined) told = message.end;
  });
  child.send(order);
  return { kill: () => child.kill('SIGKILL'), end: endOf(child, () => told) };
}

async function endOf(child: ChildProcess, told: () => AttemptEnd | undefined): Promise<AttemptEnd> {
  const [code, signal] = await once(child, 'close');
  if (signal === 'SIGKILL') return 'killed';
  const end = told();
  if (end === undefined) throw new Error(`the process ended with ${code ?? signal} and no word`);
  return end;
}
