// Judges the volume of a virtual machine's disk from outside, where it is mounted: at any moment of a deployment, and when it is completed. What is
// compared with are the folders that the site was made from, never anything that Prestage has written down of them.
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readJournal } from '../../agent/journal/journal.ts';
import type { JournalRecord } from '../../agent/journal/record.ts';
import { digestFile, digestTree } from '../../scripts/sample/tree-digest.mjs';
import { ID, INSTALLED, type VmSite } from '../../scripts/vm/site.mjs';

/** What must be there, taken from the site's folders once. */
export interface Reference {
  /** Every file of the OS image by its digest. */
  readonly image: ReadonlyMap<string, string>;
  /** Content ID -> path -> digest, of the version that is published now. */
  readonly content: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The library as the media has it. */
  readonly oldLibrary: ReadonlyMap<string, string>;
}

const ITEMS = [ID.osImage, ID.drivers, ID.tool, ID.library, ID.editor];

/** @param delivered the cache of a disk that was never started, `_SMSTaskSequence/Packages` */
export async function takeReference(site: VmSite, delivered: string): Promise<Reference> {
  const content = new Map<string, ReadonlyMap<string, string>>();
  for (const id of ITEMS) content.set(id, await digestTree(path.join(site.site, 'content', id, 'files')));
  return {
    image: await digestTree(site.osTree),
    content,
    oldLibrary: await digestTree(path.join(delivered, ID.library)),
  };
}

/** Of the image, what a running Windows changes: its registry; and where others put things beside. */
const CHANGED = /^Windows\/System32\/config\//i;

/** The tools whose call the machine tells on its serial line, and the actions that must be finished on the disk by then: the agent flushed before. */
const FINISHED_BY: readonly { readonly mark: RegExp; readonly actions: readonly string[] }[] = [
  { mark: /^tool dism /, actions: ['apply-image'] },
  { mark: /^tool bcdboot /, actions: ['apply-image', 'add-drivers', 'stage-agent', 'write-unattend'] },
  { mark: /^tool bcdedit .*\/default /, actions: ['make-bootable', 'protect-folders'] },
  { mark: /^tool wpeutil reboot/i, actions: ['hand-over'] },
];

export interface Moment {
  /** Marks of the serial line that had come: `tool dism ...`. */
  readonly marks: readonly string[];
  /** The boot store on the EFI system partition, as text. */
  readonly store: string;
}

/** @returns what is wrong, a sentence each. */
export async function judgeMoment(
  root: string,
  { marks, store }: Moment,
  reference: Reference,
): Promise<readonly string[]> {
  const own = path.join(root, '_SMSTaskSequence');
  const kept = path.join(root, 'Windows/Logs/Prestage/report.json');
  const wrong: string[] = [];
  const records = await journalOf(root, wrong);
  if (records === undefined) return wrong;
  const finished = finishedOf(records);
  // Its content goes only when the media starts no more; a cut meanwhile leaves any part of it, and the next start removes the rest.
  const isBeingRetired =
    !/boot\.wim/.test(store) &&
    records.some(record => record.type === 'action-started' && nameOf(record.action) === 'retire-media');
  const isRetired =
    isBeingRetired || finished.has('retire-media') || records.some(({ type }) => type === 'completed');

  for (const { mark, actions } of FINISHED_BY) {
    // A later start may do it again: what it called for in an earlier one says the same.
    if (!marks.some(text => mark.test(text))) continue;
    for (const action of actions)
      if (!finished.has(action))
        wrong.push(`${mark.source} was called, and ${action} is not finished in the journal`);
  }
  if (finished.has('apply-image')) wrong.push(...(await judgeImage(root, reference)));
  if (finished.has('add-drivers') && !existsSync(path.join(root, 'Windows/INF/oem0.inf')))
    wrong.push('add-drivers is finished, and no driver is in the image');
  if (finished.has('stage-agent') && !isRetired && !existsSync(path.join(own, 'Prestage/agent/prestage.exe')))
    wrong.push('stage-agent is finished, and there is no agent');
  if (finished.has('make-bootable') && !/^entry \{\S+\} partition=C: /m.test(store))
    wrong.push('make-bootable is finished, and the boot store has no entry of Windows');
  const isWindowsNext = startsWindows(store);
  if (isWindowsNext)
    for (const action of [
      'apply-image',
      'add-drivers',
      'stage-agent',
      'write-unattend',
      'make-bootable',
      'protect-folders',
    ])
      if (!finished.has(action)) wrong.push(`Windows is what starts, and ${action} is not finished`);
  if (finished.has('hand-over') && !isWindowsNext)
    wrong.push('hand-over is finished, and the media is what starts');
  const detected = detectedIn(records);
  for (const [id, name] of PROGRAMS)
    if (finished.has(`install:${id}`) && !detected.has(id))
      wrong.push(...(await judgeProgram(root, id, name, reference)));
  if (!isRetired) wrong.push(...(await judgeCache(own, records, reference)));
  if (!existsSync(own) && !existsSync(kept)) wrong.push('neither the media nor a report is there');
  return wrong;
}

/** Of a disk that should be through. */
export async function judgeCompleted(
  root: string,
  store: string,
  reference: Reference,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const records = (await journalOf(root, wrong)) ?? [];
  const detected = detectedIn(records);
  wrong.push(...(await judgeImage(root, reference)));
  for (const [id, name] of PROGRAMS)
    if (!detected.has(id)) wrong.push(...(await judgeProgram(root, id, name, reference)));
  wrong.push(...judgeOrder(await installed(root), detected));
  const left = [
    '_SMSTaskSequence',
    'Windows/System32/Tasks/Prestage',
    'Windows/Panther/unattend.xml',
    'Windows/Setup/Scripts/SetupComplete.cmd',
  ];
  for (const name of left) if (existsSync(path.join(root, name))) wrong.push(`${name} is still there`);
  const report = path.join(root, 'Windows/Logs/Prestage/report.json');
  if (!existsSync(report)) wrong.push('there is no report');
  else {
    const { outcome } = JSON.parse(readFileSync(report, 'utf8')) as { outcome: string };
    if (outcome !== 'completed') wrong.push(`the report says ${outcome}`);
  }
  if (/boot\.wim/.test(store)) wrong.push('the media is still in the boot store');
  if (!startsWindows(store)) wrong.push('Windows is not what starts');
  if (!existsSync(path.join(root, 'Windows/INF/oem0.inf'))) wrong.push('no driver is in the image');
  return wrong;
}

/** Whether the default entry of the boot store is one of a Windows on the disk. */
function startsWindows(store: string): boolean {
  const chosen = /^default (\S+)$/m.exec(store)?.[1];
  return (
    chosen !== undefined && store.split('\n').some(line => line.startsWith(`entry ${chosen} partition=`))
  );
}

/** How many records the journal has, wherever it lies by now; what one start finds, no later one may lose. */
export async function recordsOn(root: string): Promise<number> {
  return (await journalOf(root, []))?.length ?? 0;
}

/**
 * The IDs that installers wrote down, in order. A line that the cut caught while it was written may be left as zeros, in front of what is appended
 * next: ext4 journals the new length of a file, and not the bytes in a block that it had already.
 */
export async function installed(root: string): Promise<readonly string[]> {
  const text = await readFile(path.join(root, INSTALLED), 'latin1').catch(() => '');
  return text
    .replaceAll('\0', '')
    .split('\r\n')
    .filter(line => line !== '');
}

/** Installers may run again after a cut, but in their order, and all of them; what detection found after a cut need not. */
function judgeOrder(ids: readonly string[], detected: ReadonlySet<string>): readonly string[] {
  const ran = [...new Set(ids)];
  const due = PROGRAMS.map(([id]) => id).filter(id => ran.includes(id) || !detected.has(id));
  return ran.join() === due.join() ? [] : [`the installers that ran are ${ids.join(' ')}`];
}

/**
 * What was there already in the end, by the application's own rule. An installer that was cut may have left just what the rule asks for (a file), be it
 * whole or not, and its line in the list may be lost.
 */
function detectedIn(records: readonly JournalRecord[]): ReadonlySet<string> {
  const detected = new Set<string>();
  for (const record of records) {
    if (record.type !== 'action-finished' || record.result.alreadyDone !== true) continue;
    const [step = '', id = ''] = record.action.split(':');
    if (step === 'install-application') detected.add(id);
  }
  return detected;
}

const PROGRAMS: readonly (readonly [id: string, name: string])[] = [
  [ID.tool, 'tool.bin'],
  [ID.library, 'library.bin'],
  [ID.editor, 'editor.bin'],
];

/** What is finished and was not begun again. */
function finishedOf(records: readonly JournalRecord[]): ReadonlySet<string> {
  const finished = new Set<string>();
  for (const record of records) {
    if (record.type === 'action-finished') finished.add(nameOf(record.action));
    if (record.type === 'action-started') finished.delete(nameOf(record.action));
  }
  return finished;
}

/** `apply-image:VMS00010` -> `apply-image`; installers keep their ID: `install:VMS00030`. */
function nameOf(action: string): string {
  const [step = '', id] = action.split(':');
  return step.startsWith('install-') ? `install:${id}` : step;
}

/** Undefined where there is nothing to judge by. */
async function journalOf(root: string, wrong: string[]): Promise<readonly JournalRecord[] | undefined> {
  const places = ['_SMSTaskSequence/Prestage/journal.log', 'Windows/Logs/Prestage/journal.log'];
  const file = places.map(name => path.join(root, name)).find(existsSync);
  if (file === undefined) return [];
  try {
    return await readJournal(file);
  } catch (error) {
    wrong.push(`the journal is not sound: ${(error as Error).message}`);
    return undefined;
  }
}

async function judgeImage(root: string, { image }: Reference): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [name, digest] of image) {
    if (CHANGED.test(name)) continue;
    const file = path.join(root, name);
    if (!existsSync(file)) wrong.push(`of the image ${name} is missing`);
    else if (digest !== 'folder' && (await digestFile(file)) !== digest)
      wrong.push(`of the image ${name} has other bytes`);
  }
  return wrong.slice(0, 5);
}

async function judgeProgram(
  root: string,
  id: string,
  name: string,
  { content }: Reference,
): Promise<readonly string[]> {
  const file = path.join(root, 'Program Files/Sample', name);
  if (!existsSync(file)) return [`${id} is installed, and ${name} is missing`];
  return (await digestFile(file)) === content.get(id)?.get(name)
    ? []
    : [`${id} is installed, and ${name} has other bytes`];
}

/** Nothing half-renamed: under its plain name an item is whole, in one version. */
async function judgeCache(
  own: string,
  records: readonly JournalRecord[],
  { content, oldLibrary }: Reference,
): Promise<readonly string[]> {
  const packages = path.join(own, 'Packages');
  const wrong: string[] = [];
  const isFetched = records.some(
    record => record.type === 'action-finished' && record.action === `acquire-content:${ID.library}`,
  );
  for (const entry of await readdir(packages)) {
    // What is staged, or waits for its removal, may be in any state.
    if (entry.includes('.')) continue;
    const wanted = content.get(entry);
    if (wanted === undefined) {
      wrong.push(`nobody knows ${entry} in the cache`);
      continue;
    }
    const found = await digestTree(path.join(packages, entry));
    const allowed = entry === ID.library ? (isFetched ? [wanted] : [wanted, oldLibrary]) : [wanted];
    if (!allowed.some(version => equal(version, found)))
      wrong.push(`${entry} in the cache is no whole version`);
  }
  const missing = ITEMS.filter(id => id !== ID.library && !existsSync(path.join(packages, id)));
  for (const id of missing) wrong.push(`${id} is gone from the cache`);
  if (isFetched && !existsSync(path.join(packages, ID.library)))
    wrong.push(`${ID.library} was fetched and is gone`);
  return wrong;
}

function equal(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, digest]) => b.get(name) === digest);
}
