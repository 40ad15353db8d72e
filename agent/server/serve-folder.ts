// The embedded distribution point: serves one folder as plain files, for benches, rehearsals, QA and small sites. What nginx, IIS or a CDN
// do for the same folder, it does too; nothing more.
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Fault } from '../fault/fault.ts';
import type { Observe } from '../progress/event.ts';
import { answerRequest } from './answer-request.ts';
import type { StatusReceiver } from './receive-status.ts';

export interface ServeOptions {
  readonly folder: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The address to listen on; `127.0.0.1` keeps it to this machine. */
  readonly host: string;
  /** Takes what is posted to `status`; without it every POST is refused, as by any static server. */
  readonly status?: StatusReceiver;
  /** Receives one note per answered request. */
  readonly observe: Observe;
}

export interface FolderServer {
  /** `http://host:port`, with the real port. */
  readonly url: string;
  /** Stops listening, ends every connection and resolves when all are gone. */
  close(): Promise<void>;
}

/** Resolves when the server listens. Faults: USAGE-08 when the folder cannot be read, USAGE-01 when the address cannot be listened on. */
export async function serveFolder({
  folder,
  port,
  host,
  status,
  observe,
}: ServeOptions): Promise<FolderServer> {
  const root = await realFolder(folder);
  const server = createServer((request, response) => {
    logAnswer(request, response, observe);
    const answered =
      status !== undefined && isStatus(request)
        ? status.receive(request, response)
        : answerRequest(root, request, response);
    answered.catch(thrown => giveUp(thrown, request, response, observe));
  });
  const { address, port: realPort } = await listen(server, port, host);
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${realPort}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close(error => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function isStatus({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && url.split('?', 1)[0] === '/status';
}

async function realFolder(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    throw new Fault('USAGE-08', folder, {}, { cause });
  }
  throw new Fault('USAGE-08', folder, { expected: 'a folder', found: 'a file' });
}

function listen(
  server: Server,
  port: number,
  host: string,
): Promise<{ readonly address: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => {
      const native = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
      reject(
        new Fault(
          'USAGE-01',
          `${host}:${port}`,
          { native, expected: 'an address and port that are free' },
          { cause },
        ),
      );
    });
    server.listen(port, host, () => {
      const found = server.address();
      if (found !== null && typeof found === 'object') resolve(found);
      else reject(new Fault('USAGE-01', `${host}:${port}`, { found: 'no address' }));
    });
  });
}

/** One line of the access log when the answer has left or its client has gone. */
function logAnswer(request: IncomingMessage, response: ServerResponse, observe: Observe): void {
  // Asked now: a request that was given up has no connection any more when its answer is closed.
  const client = request.socket.remoteAddress ?? '';
  response.once('close', () => {
    const { method = '', url = '', headers } = request;
    const whole = response.writableFinished;
    observe({
      kind: 'note',
      level: response.statusCode < 400 && whole ? 'info' : 'warning',
      component: 'serve',
      text: `${method} ${url}${headers.range ? ` ${headers.range}` : ''} ${response.statusCode}${whole ? '' : ' (client gone)'}`,
      detail: { client, status: response.statusCode },
    });
  });
}

/** A file that cannot be read: 403 or 500 while that can still be said, else a broken connection, which the client sees as cut short. */
function giveUp(thrown: unknown, request: IncomingMessage, response: ServerResponse, observe: Observe): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const native = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  observe({ kind: 'note', level: 'error', component: 'serve', text: `${request.url ?? ''}: ${native}` });
  response
    .writeHead(native === 'EACCES' || native === 'EPERM' ? 403 : 500, {
      'content-type': 'text/plain; charset=utf-8',
    })
    .end();
}
