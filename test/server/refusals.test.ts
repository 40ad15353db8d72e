// What a refusal costs the client of `prestage serve`: an answer, and no connection.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { expect, it } from 'vitest';
import { unobserved } from '../../agent/progress/event.ts';
import { serveFolder } from '../../agent/server/serve-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('refusals');

it('files that are not there are refused with a length, and what is there comes over the same connection', async () => {
  await writeFile(path.join(folder, 'here'), 'bytes');
  const server = await serveFolder({ folder, port: 0, host: '127.0.0.1', observe: unobserved });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  const ask = async (name: string, headers: Readonly<Record<string, string>> = {}) => {
    const [answer]: IncomingMessage[] = await once(
      get(`${server.url}/${name}`, { agent, headers }),
      'response',
    );
    ports.add(answer?.socket.localPort);
    let text = '';
    for await (const piece of answer!.setEncoding('utf8')) text += piece;
    return [answer?.statusCode, answer?.headers['content-length'], text];
  };
  try {
    expect(await ask('absent')).toEqual([404, '4', '404\n']);
    expect(await ask('here', { range: 'bytes=9-' })).toEqual([416, '4', '416\n']);
    expect(await ask('here')).toEqual([200, '5', 'bytes']);
    expect(ports.size).toBe(1);
  } finally {
    agent.destroy();
    await server.close();
  }
});
