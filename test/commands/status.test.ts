// Status of a whole deployment, to a server that fails as servers fail: every event arrives, in order, once, and the deployment does not wait for it.

import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueDeployment } from '../../agent/commands/continue.ts';
import { deploy } from '../../agent/commands/deploy.ts';
import { openDurableFiles } from '../../agent/durable/open-durable-files.ts';
import { openStatusReceiver, type StatusReceiver } from '../../agent/server/receive-status.ts';
import { makeSmallSite, type SmallSite, testComposition } from '../support/small-site.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** What the server does with a post: takes it, fails, or takes it and breaks the line before it can say so. */
type Mood = 'take' | 'fail' | 'take and break' | 'unknown place';

const folder = tempFolder('status');
let site: SmallSite;
let server: Server;
let receiver: StatusReceiver;
let moods: Mood[] = [];
let posts = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    posts++;
    const mood = moods.shift() ?? 'take';
    if (mood === 'fail') return void response.writeHead(500).end();
    if (mood === 'unknown place') return void response.writeHead(404).end();
    if (mood === 'take and break') {
      const broken = { writeHead: () => ({ end: () => response.destroy() }) } as unknown as typeof response;
      return void receiver.receive(request, broken);
    }
    void receiver.receive(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  site = await makeSmallSite(path.join(folder, 'site'), {
    differences: {
      'task-sequences/CON00020.yaml': {
        name: 'Install Windows',
        osImage: { id: 'CON00001', index: 1 },
        drivers: ['CON00004'],
        steps: [
          { step: 'apply-os-image' },
          { step: 'set-variable', variable: 'Colour', value: 'a-secret-colour' },
          { step: 'send-status', message: 'Painted %Colour%' },
          { step: 'set-up-boot' },
        ],
      },
    },
    statusUrl: `http://127.0.0.1:${port}/status`,
  });
});
afterAll(async () => {
  await site?.close();
  server?.close();
});

async function play(name: string, wanted: readonly Mood[]): Promise<readonly { n: number; type: string }[]> {
  const kept = path.join(folder, name, 'received');
  receiver = openStatusReceiver({ folder: kept, durable: openDurableFiles(), observe: () => {} });
  moods = [...wanted];
  posts = 0;
  const disk = path.join(folder, name, 'disk');
  await site.layDisk(disk);
  const options = { disk, config: site.config, json: true } as const;
  expect(await deploy(options, testComposition(site))).toBe(3);
  expect(await continueDeployment(options, testComposition(site))).toBe(0);
  const files = await readdir(kept).catch(() => []);
  expect(files.length).toBeLessThanOrEqual(1);
  const text = files[0] === undefined ? '' : await readFile(path.join(kept, files[0]), 'utf8');
  return text
    .split('\n')
    .filter(line => line.startsWith('{"n"'))
    .map(line => JSON.parse(line));
}

test('every event of a deployment arrives in order, through the restart, to the last one', async () => {
  const events = await play('sound', []);
  expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => at));
  expect(events[0]).toMatchObject({ type: 'run-started', command: 'deploy' });
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'status', message: 'Painted a-secret-colour' }),
  );
  expect(events.at(-1)).toMatchObject({ type: 'completed' });
  // Of variables only the names go out on their own; of the plan its sums.
  expect(events).toContainEqual(expect.objectContaining({ type: 'variables-set', names: ['Colour'] }));
  expect(events.find(({ type }) => type === 'plan')).not.toHaveProperty('plan');
});

test('a server that fails, and one whose answer is lost, get everything once', async () => {
  const events = await play('troubled', ['fail', 'take and break', 'fail', 'take and break']);
  expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => at));
  expect(events.at(-1)).toMatchObject({ type: 'completed' });
});

test('a place that knows no status is asked once a run, and nothing is held up', async () => {
  expect(await play('nobody', ['unknown place', 'unknown place', 'unknown place', 'unknown place'])).toEqual(
    [],
  );
  expect(posts).toBe(2);
});
