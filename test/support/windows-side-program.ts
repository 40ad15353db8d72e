// Runs under Wine (node.exe windows-side-program.ts PORT): opens the Windows machine and answers calls from windows-side.ts.
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { Fault } from '../../agent/fault/fault.ts';
import type { Machine } from '../../agent/machine/machine.ts';
import { openImaging } from '../../agent/machine/open-imaging.ts';
import { consoleDecoder } from '../../agent/machine/windows/console-text.ts';
import { diskProbes } from '../../agent/machine/windows/disk-probes.ts';
import { openWindowsMachine } from '../../agent/machine/windows/open-windows-machine.ts';
import { BACKUP_PRIVILEGES, enablePrivileges } from '../../agent/machine/windows/privileges.ts';
import { openSystemLibraries } from '../../agent/machine/windows/system-library.ts';

interface Request {
  readonly id: number;
  readonly method: string;
  readonly values: readonly unknown[];
  readonly hooks: { readonly signal: boolean; readonly aborted?: boolean; readonly advance: boolean };
  readonly abort?: true;
}

process.env.UV_THREADPOOL_SIZE = '12';
const socket = connect(Number(process.argv[2]), '127.0.0.1');
const stoppers = new Map<number, AbortController>();
const send = (value: unknown): void => {
  socket.write(`${JSON.stringify(value)}\n`);
};

const imaging = await openImaging({ system: 'windows' });
const parts = { imaging, environment: process.env, architecture: 'x64' } as const;
const targets: Record<string, object> = {
  imaging,
  durable: openDurableFiles(),
  machine: await openWindowsMachine(parts),
  test: {
    /** Console output, in base64, as text. */
    async decode(output: string) {
      return consoleDecoder(await openSystemLibraries())(Buffer.from(output, 'base64'));
    },
    /** What the self-test sees of disks and of the rights that clearing a volume needs. */
    async diskProbes() {
      return Promise.all(
        diskProbes(await openSystemLibraries()).map(async probe => [probe.name, await probe.run()]),
      );
    },
    /** Of the privileges that clearing a volume needs, those that can be had. */
    async privileges() {
      return enablePrivileges(await openSystemLibraries(), [...BACKUP_PRIVILEGES, 'SeNoSuchPrivilege']);
    },
    /** ISO text, or what the clock says at this moment. */
    async setClock(time?: string) {
      await (targets.machine as Machine).setClock(time === undefined ? new Date() : new Date(time));
    },
    /** What tells WinPE from a full OS; the machine is opened again in it. */
    async becomeWinPe() {
      execFileSync('reg', ['add', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\MiniNT', '/f']);
      targets.machine = await openWindowsMachine(parts);
    },
  },
};

createInterface({ input: socket }).on('line', line => {
  const request: Request = JSON.parse(line);
  if (request.abort) stoppers.get(request.id)?.abort();
  else void answer(request);
});
socket.on('close', () => process.exit(0));

async function answer({ id, method, values, hooks }: Request): Promise<void> {
  const stopper = new AbortController();
  stoppers.set(id, stopper);
  if (hooks.aborted) stopper.abort();
  try {
    const [target = '', name = ''] = method.split('.');
    const called: unknown = Reflect.get(targets[target] ?? {}, name);
    if (typeof called !== 'function') {
      send({ id, result: called });
      return;
    }
    const [first, ...rest] = values;
    const request =
      hooks.signal || hooks.advance
        ? {
            ...(first as object),
            ...(hooks.signal ? { signal: stopper.signal } : {}),
            ...(hooks.advance
              ? { advance: (done: number, total: number) => send({ id, advance: [done, total] }) }
              : {}),
          }
        : first;
    send({ id, result: await Reflect.apply(called, targets[target], [request, ...rest]) });
  } catch (thrown) {
    const failed =
      thrown instanceof Fault
        ? { code: thrown.code, subject: thrown.subject, detail: thrown.detail }
        : { message: String(thrown instanceof Error ? thrown.stack : thrown) };
    send({ id, failed });
  } finally {
    stoppers.delete(id);
  }
}
