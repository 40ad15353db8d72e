// What the documents of a site say of each other: IDs used twice, and references that lead nowhere.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { valueAt } from '../document/issue.ts';
import { type Unresolved, unresolvedContent } from '../policy/policy.ts';
import type { WimImage } from '../wim/images.ts';
import { describeWim } from '../wim/read-wim.ts';
import { dependencyCircles } from './dependency-circles.ts';
import { mediaVariableIssues } from './media-variables.ts';
import type { Located, SiteDocuments, SiteIssue, SiteMedia } from './read-site.ts';
import { sequenceIssues } from './sequence-issues.ts';

type References = SiteDocuments;

/** @returns every mistake, with file, line and column. */
export async function referenceIssues(documents: References): Promise<SiteIssue[]> {
  return [
    ...duplicates(documents),
    ...(await missingSources(documents)),
    ...dependencyIssues(documents),
    ...documents.taskSequences.flatMap(sequence =>
      located(sequence, unresolvedContent(sequence.value, typesOf(documents)), documents),
    ),
    ...sequenceIssues(documents),
    ...deploymentIssues(documents),
    ...(await imageIndexIssues(documents)),
    ...documents.media.flatMap(media => located(media, mediaIssues(media.value, documents), documents)),
  ];
}

function typesOf({ content }: References): ReadonlyMap<string, string> {
  return new Map(content.map(({ value }) => [value.id, value.type]));
}

function located(
  { value, locate }: Located<unknown>,
  found: readonly Unresolved[],
  { unread }: Pick<References, 'unread'>,
): SiteIssue[] {
  // What is wrong with the document that is meant is told at its own place.
  const leadsNowhere = ({ path: place }: Unresolved): boolean => {
    const reference = valueAt(value, place);
    return typeof reference !== 'string' || !unread.has(reference);
  };
  return found.filter(leadsNowhere).map(({ path, text }) => ({
    code: 'USAGE-05',
    text: `${locate(path)} ${pathOf(path)}${text}`,
  }));
}

function pathOf(path: Unresolved['path']): string {
  const text = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return text === '' ? '' : `${text.replace(/^\./, '')}: `;
}

function duplicates({ content, taskSequences, deployments }: References): SiteIssue[] {
  const places: (readonly [string, string])[] = [
    ...content.map(({ value, locate }) => [value.id, locate(['id'])] as const),
    ...taskSequences.map(({ value, locate }) => [value.id, locate([])] as const),
    ...(deployments?.value ?? []).map(
      ({ id }, index) => [id, deployments?.locate([index, 'id']) ?? ''] as const,
    ),
  ];
  const first = new Map<string, string>();
  return places.flatMap(([id, place]) => {
    const earlier = first.get(id);
    first.set(id, earlier ?? place);
    return earlier === undefined
      ? []
      : [{ code: 'USAGE-04', text: `${place} id: ${id} is used twice, first at ${earlier}` } as const];
  });
}

async function missingSources({ content }: References): Promise<SiteIssue[]> {
  const issues = await Promise.all(
    content.map(async ({ value, locate }) => {
      const found = await stat(value.sourceFolder).catch(() => undefined); // Absent and unreadable are told alike, with the path.
      if (found?.isDirectory()) return undefined;
      return {
        code: 'USAGE-05',
        text: `${locate(['source'])} source: no folder at ${value.sourceFolder}`,
      } as const;
    }),
  );
  return issues.filter(issue => issue !== undefined);
}

function dependencyIssues(documents: References): SiteIssue[] {
  const byId = new Map(documents.content.map(({ value }) => [value.id, value]));
  const circles = dependencyCircles(
    new Map(documents.content.map(({ value }) => [value.id, value.dependencies ?? []])),
  );
  return documents.content.flatMap(item => {
    const dependencies = item.value.dependencies ?? [];
    const unknown = dependencies.flatMap((id, at) => {
      const type = byId.get(id)?.type;
      if (type === 'application' || type === 'package') return [];
      const found =
        type === undefined
          ? `no content has the ID ${id}`
          : `expected an application or package, found ${id} of type ${type}`;
      return [{ path: ['dependencies', at], text: found }];
    });
    const turning = circles
      .filter(([start]) => start === item.value.id)
      .map(circle => ({
        path: ['dependencies', dependencies.indexOf(circle[1] ?? '')],
        text: `dependencies form a circle: ${circle.join(' -> ')}`,
      }));
    return located(item, [...unknown, ...turning], documents);
  });
}

/** An image index beyond the WIM's images would show on the first machine only. What is wrong with a WIM itself is told when it is published. */
async function imageIndexIssues(documents: References): Promise<SiteIssue[]> {
  const { content, taskSequences, media } = documents;
  const asked = [...taskSequences, ...media].map(document => ({ image: document.value.osImage, document }));
  const issues = await Promise.all(
    asked.map(async ({ image, document }) => {
      const item = content.find(({ value }) => value.id === image?.id && value.type === 'os-image');
      const images = item && (await imagesOf(item.value.sourceFolder));
      if (image === undefined || images === undefined || image.index <= images.length) return [];
      const named = images.map(({ index, name }) => (name === '' ? `${index}` : `${index} (${name})`));
      const text = `expected 1 to ${images.length}, the images of ${image.id}: ${named.join(', ')}; found ${image.index}`;
      return located(document, [{ path: ['osImage', 'index'], text }], documents);
    }),
  );
  return issues.flat();
}

async function imagesOf(folder: string): Promise<readonly WimImage[] | undefined> {
  const names = await readdir(folder).catch(() => []); // An absent source is told at its own place.
  const [wim, another] = names.filter(name => name.toLowerCase().endsWith('.wim'));
  if (wim === undefined || another !== undefined) return undefined;
  const described = await describeWim(path.join(folder, wim)).catch(() => undefined); // See above: publishing tells what is wrong with it.
  return described?.images;
}

function deploymentIssues(documents: References): SiteIssue[] {
  const { deployments, taskSequences } = documents;
  if (deployments === undefined) return [];
  const ids = new Set(taskSequences.map(({ value }) => value.id));
  const unknown = deployments.value.flatMap((deployment, index) =>
    ids.has(deployment.taskSequence)
      ? []
      : [{ path: [index, 'taskSequence'], text: `no task sequence has the ID ${deployment.taskSequence}` }],
  );
  return located(deployments, unknown, documents);
}

function mediaIssues(media: SiteMedia, documents: References): Unresolved[] {
  const types = typesOf(documents);
  const sequence = documents.taskSequences.find(({ value }) => value.id === media.taskSequence)?.value;
  const wanted = [
    ...(media.bootImage === undefined ? [] : [[['bootImage'], media.bootImage, 'boot-image'] as const]),
    ...(media.osImage === undefined ? [] : [[['osImage', 'id'], media.osImage.id, 'os-image'] as const]),
    ...(media.applications ?? []).map((id, at) => [['applications', at], id, 'application'] as const),
    ...(media.packages ?? []).map((id, at) => [['packages', at], id, 'package'] as const),
    ...(media.driverPackages ?? []).map((id, at) => [['driverPackages', at], id, 'driver-package'] as const),
    ...(media.prestart?.content === undefined
      ? []
      : [[['prestart', 'content'], media.prestart.content, 'package'] as const]),
  ];
  const unknown = wanted.flatMap(([path, id, type]) => {
    const found = types.get(id);
    if (found === type) return [];
    return [
      {
        path: [...path],
        text:
          found === undefined
            ? `no content has the ID ${id}`
            : `expected content of type ${type}, found ${id} of type ${found}`,
      },
    ];
  });
  const mistakes = [...unknown, ...mediaVariableIssues(media, documents.deployments?.value ?? [])];
  return sequence === undefined
    ? [{ path: ['taskSequence'], text: `no task sequence has the ID ${media.taskSequence}` }, ...mistakes]
    : mistakes;
}
