// The documents that need an OS image: the image itself as content, the task sequence that applies it, the deployment that offers that, the media that
// carries all of it. Without an image they are examples beside the places where they would stand.
import type { WimImage } from '../../wim/images.ts';
import { DIGITS, idOf, type NewSite, schemaLine, yamlText } from './site-names.ts';

/** What the site has that these documents may refer to. */
export interface AtHand {
  /** Images of the WIM; none for examples. */
  readonly images: readonly WimImage[];
  /** Which of them is applied. */
  readonly index: number;
  readonly hasBootImage: boolean;
  readonly packages: readonly string[];
  readonly applications: readonly string[];
}

/** @returns path in the site -> text. The deployment comes last: it is what offers the rest. */
export function imageDocuments(site: NewSite, atHand: AtHand): ReadonlyMap<string, string> {
  const osImage = idOf(site, DIGITS.osImage);
  const taskSequence = idOf(site, DIGITS.taskSequence);
  const isExample = atHand.images.length === 0;
  const ending = isExample ? '.yaml.example' : '.yaml';
  return new Map([
    ...(isExample ? [] : [[`content/${osImage}/content.yaml`, osImageDocument(osImage, atHand)] as const]),
    [`task-sequences/${taskSequence}${ending}`, taskSequenceDocument(site, atHand)],
    [`media/depot${ending}`, mediaDocument(site, atHand)],
    [`deployments${ending}`, deploymentsDocument(site)],
  ]);
}

/** content.yaml of the boot image. */
export function bootImageDocument(site: NewSite): readonly [file: string, text: string] {
  const id = idOf(site, DIGITS.bootImage);
  return [
    `content/${id}/content.yaml`,
    `${schemaLine('content', 2)}
# The boot image: its files become the EFI system partition of the media, as they are. sources/boot.wim holds the agent and agent.yaml.

id: ${yamlText(id)}
type: boot-image
name: Boot image
version: "1"
source: files
`,
  ];
}

function osImageDocument(id: string, { images, index }: AtHand): string {
  const name = images[index - 1]?.name;
  return `${schemaLine('content', 2)}
# The OS image: one .wim file in files/.

id: ${yamlText(id)}
type: os-image
name: ${yamlText(name === undefined || name === '' ? 'Windows' : name.slice(0, 256))}
version: "1"
source: files
`;
}

function taskSequenceDocument(site: NewSite, { images, index, packages, applications }: AtHand): string {
  const listed = images.map(each => `#   ${each.index}  ${oneLine(each.name)}${details(each)}`);
  return `${schemaLine('task-sequence', 1)}
# What is done to a computer. Without \`steps\` the default sequence: validate the media, download what is missing, apply the image, drivers, answer
# file and boot files; then, in the new Windows, packages and applications. The file's name is the ID.

name: Install Windows
osImage: { id: ${yamlText(idOf(site, DIGITS.osImage))}, index: ${index} }${listed.length === 0 ? '' : `\n# Images of the file:\n${listed.join('\n')}`}
drivers: auto                        # every driver package that fits the machine; or a list of them
packages: ${listText(packages)}
applications: ${listText(applications)}
# variables:
#   OSDTimeZone: W. Europe Standard Time
`;
}

function mediaDocument(site: NewSite, { hasBootImage }: AtHand): string {
  const bootImage = `bootImage: ${yamlText(idOf(site, DIGITS.bootImage))}`;
  return `${schemaLine('media', 1)}
# Prestaged media, as \`prestage media create\` makes it. What is left out follows the task sequence or site.yaml.

taskSequence: ${yamlText(idOf(site, DIGITS.taskSequence))}               # what it refers to goes onto the media
${hasBootImage ? `${bootImage}                  # its files become the EFI system partition` : `# ${bootImage}                # content of type boot-image: without it the disk does not start by itself`}
createdBy: ${yamlText(site.name)}
version: "1"
comment: Made by prestage init
validDays: 365                       # or validFrom and validUntil
unattended: true                     # false: a menu where several deployments are available
management: site                     # dynamic: boundary groups of site.yaml may name nearer points
unknownComputers: true               # false: only computers that machines.yaml knows
allowOffline: false                  # true: the policy on the media may be followed when no server is reached
receipt: optional                    # required: only disks that a depot has vouched for
password: false                      # true: secrets of the media lie encrypted, and a person types the password at each computer
# agent: agent/prestage.exe          # the agent's executable, laid onto the volume
# variables: { Depot: Graz }         # the lowest level: policy overrides it
# secret: [JoinPassword]             # names of variables whose values are never shown; they need password: true
# prestart: { command: cmd.exe /c ask.cmd }   # runs before policy is asked for, and may set variables
`;
}

function deploymentsDocument(site: NewSite): string {
  return `${schemaLine('deployments', 0)}
# Which task sequence is offered to whom. \`required\` starts by itself; \`media-pxe\` offers it to computers that start from media alone, never to a
# Windows that runs.

- id: ${yamlText(idOf(site, DIGITS.deployment))}
  taskSequence: ${yamlText(idOf(site, DIGITS.taskSequence))}
  collection: all                    # or unknown, the name of a collection, or lists: { models: [21HM] }
  purpose: required                  # or available
  makeAvailableTo: media-pxe         # clients | clients-media-pxe | media-pxe | media-pxe-hidden
`;
}

function details({ architecture, build }: WimImage): string {
  const known = [architecture, build].filter(each => each !== undefined && each !== 'unknown');
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

/** A WIM's names are somebody's text: in a comment they stay on their line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').slice(0, 100);
}

function listText(ids: readonly string[]): string {
  return `[${ids.map(yamlText).join(', ')}]`;
}
