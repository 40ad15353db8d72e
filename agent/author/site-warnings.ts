// What a site may well mean, but seldom does: told when it is published, and nothing is refused.
import type { Site } from './read-site.ts';

/** @returns sentences for people. Pure. */
export function siteWarnings(site: Site): readonly string[] {
  return [
    ...site.moved,
    ...policyWarnings(site),
    ...site.media.flatMap(media => mediaWarnings(site, media.name)),
  ];
}

/** @returns those of one media document. Pure. */
export function mediaWarnings(site: Pick<Site, 'media' | 'machines'>, name: string): readonly string[] {
  const media = site.media.find(each => each.name === name);
  if (media === undefined || media.unknownComputers || site.machines.length > 0) return [];
  return [
    `media/${name}.yaml serves only computers that machines.yaml knows (unknownComputers: false), and it knows none: no computer will be served.`,
  ];
}

function policyWarnings({ taskSequences, deployments }: Site): readonly string[] {
  if (taskSequences.length === 0)
    return ['The site has no task sequence in task-sequences/: no computer will be offered anything.'];
  if (deployments.length === 0)
    return ['The site has no deployment in deployments.yaml: no computer will be offered anything.'];
  return [];
}
