import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { agentConfigSchema } from '../../agent/trust/agent-config.ts';
import { WINPE_FILES } from '../../scripts/sample/boot-image.mjs';

const WINPE = path.resolve(import.meta.dirname, '../../winpe');
const files = readdirSync(WINPE).filter(name => !name.startsWith('.'));
const read = (name: string): string => readFileSync(path.join(WINPE, name), 'utf8');

test.each(files)('%s has the line ends of Windows', name => {
  expect(read(name)).toMatch(/\r\n$/);
  expect(read(name).replaceAll('\r\n', '')).not.toContain('\n');
});

// Microsoft, "Winpeshl.ini reference": a command may have 250 characters, and a comma stands between program and options.
test('winpeshl.ini starts wpeinit, the launcher, and a shell behind it, in lines that winpeshl reads', () => {
  const [section, ...lines] = read('winpeshl.ini').trim().split('\r\n');
  expect(section).toBe('[LaunchApps]');
  expect(lines.map(line => line.split(',')[0])).toEqual([
    '%SYSTEMROOT%\\System32\\wpeinit.exe',
    '%SYSTEMROOT%\\System32\\cmd.exe',
    '%SYSTEMROOT%\\System32\\cmd.exe',
  ]);
  expect(lines[1]).toContain(' /d /c %SYSTEMDRIVE%\\Prestage\\launch.cmd');
  // Ctrl-C can end the launcher ("Terminate batch job?"): what comes next must not end by itself.
  expect(lines[2]).toMatch(/, \/d \/k echo [^,&|<>^%]+$/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(250);
});

// "The system cannot find the batch label specified" ends a batch file, and with it Windows PE.
test.each(['launch.cmd', 'startnet.cmd'])('%s jumps only to labels that it has', name => {
  const text = read(name);
  const labels = [...text.matchAll(/^:(\w+)/gm)].map(match => match[1]);
  const jumps = [...text.matchAll(/\bgoto (\w+)|\bcall :(\w+)/g)].map(match => match[1] ?? match[2]);
  expect(jumps.filter(label => !labels.includes(label))).toEqual([]);
  expect(new Set(labels).size).toBe(labels.length);
});

test('the example of agent.yaml is one that the agent reads', () => {
  expect(agentConfigSchema.safeParse(parse(read('agent.yaml'))).success).toBe(true);
});

test('docs/boot-image.md says of every file where it belongs, as the sample boot image has it', () => {
  const page = readFileSync(path.join(WINPE, '../docs/boot-image.md'), 'utf8');
  for (const [name, place] of Object.entries(WINPE_FILES)) {
    expect(page).toContain(`| \`${name}\` | \`\\${place.replaceAll('/', '\\')}\` |`);
  }
});
