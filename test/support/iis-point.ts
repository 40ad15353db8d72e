// A distribution point of Configuration Manager as far as files are fetched from it: the virtual directory SMS_DP_SMSPKG$ with packages by ID, behind the
// request filtering that IIS has unless told otherwise.
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface IisPoint {
  readonly url: string;
  /** Request lines as they came. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** @param packages files by `ABC00012/sub/a.txt`; may be changed while it runs. */
export async function startIisPoint(packages: Map<string, Uint8Array>): Promise<IisPoint> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [rawPath = '', ...query] = (request.url ?? '').split('?');
    // 404.11: what would decode to something else a second time (blogs.iis.net/thomad, "IIS7 rejecting URLs containing +"). The query is not looked at.
    const once = decodeURIComponent(rawPath);
    if (once.includes('+') || /%[0-9a-f]{2}/i.test(once)) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404.11</html>');
      return;
    }
    const name = `${once}${decodeURIComponent(query.join('?'))}`.replace('/sccm/', '/');
    const file = packages.get(/^\/SMS_DP_SMSPKG\$\/(.+)$/i.exec(name)?.[1] ?? '');
    if (file === undefined) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404.0</html>');
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const [start, end] = from === undefined ? [0, file.length] : [Number(from), Number(to) + 1];
    response.writeHead(from === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': end - start,
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.length}` }),
    });
    response.end(file.subarray(start, end));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
