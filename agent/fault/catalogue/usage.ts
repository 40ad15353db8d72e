// USAGE: What an admin or technician typed or wrote is not usable as it stands.
import type { CatalogueEntry } from '../entry.ts';

export const USAGE = {
  'USAGE-01': {
    title: 'Command line not understood',
    meaning: 'An argument or option is unknown, missing or out of range.',
    safe: 'Nothing was read or changed.',
    next: 'Correct the argument shown; `prestage help COMMAND` lists what it takes.',
  },
  'USAGE-02': {
    title: 'Document not valid',
    meaning: 'A YAML or JSON document has mistakes; all of them are listed with line and column.',
    safe: 'Nothing was published or changed.',
    next: 'Correct every place listed and run the command again.',
  },
  'USAGE-03': {
    title: 'Not a site folder',
    meaning: 'The folder has no readable site.yaml, or a document that it needs is absent.',
    safe: 'Nothing was changed.',
    next: 'Name the folder that holds site.yaml.',
  },
  'USAGE-04': {
    title: 'ID used twice',
    meaning:
      'Two of content, task sequences and deployments carry the same ID, so a reference to it would be ambiguous.',
    safe: 'Nothing was published or changed.',
    next: 'Give one of the two shown another ID.',
  },
  'USAGE-05': {
    title: 'Reference to something unknown',
    meaning:
      'A document names content, a task sequence, a collection, a variable, an image index or a key that the site does not have, or has in a circle.',
    safe: 'Nothing was published or changed.',
    next: 'Correct the reference shown or add what it names.',
  },
  'USAGE-06': {
    title: 'Published version would change',
    meaning:
      'This ID and version was published before with other bytes. Versions are immutable, because machines trust them by digest.',
    safe: 'The published version is untouched.',
    next: 'Raise the version in content.yaml and publish again.',
  },
  'USAGE-07': {
    title: 'Name that Windows cannot store',
    meaning:
      'A file name has characters, a device name or an ending that NTFS under Windows refuses, or two names differ only by case.',
    safe: 'Nothing was published.',
    next: 'Rename the file shown in the source folder.',
  },
  'USAGE-08': {
    title: 'Source not readable',
    meaning: 'A file or folder that the command needs cannot be read.',
    safe: 'Nothing was changed.',
    next: 'Check the path and its permissions, then run the command again.',
  },
  'USAGE-09': {
    title: 'Target not usable',
    meaning: 'The target exists and is not what this command may write into.',
    safe: 'The target is untouched.',
    next: 'Name another target, empty or not there yet; or the option that is shown as expected.',
  },
  'USAGE-10': {
    title: 'Not possible on this system',
    meaning:
      'This command does not run in this system: it needs Windows, Windows PE, or a tool or library that is not here.',
    safe: 'Nothing was changed.',
    next: 'Run it where the message says, or name a folder with --disk to rehearse.',
  },
  'USAGE-11': {
    title: 'Key not usable',
    meaning: 'A key file is absent, damaged or of the wrong kind.',
    safe: 'Nothing was signed.',
    next: 'Check the key named; `prestage keys new NAME` makes a pair, with --machine the machine key.',
  },
  'USAGE-12': {
    title: 'Confirmation missing',
    meaning: 'The command would change a disk and was not confirmed.',
    safe: 'Nothing was changed.',
    next: 'Read what is listed; add --yes to confirm it.',
  },
  'USAGE-13': {
    title: 'Source changed while it was read',
    meaning: 'A file of the source folder changed between two looks, so its digest would be a guess.',
    safe: 'Nothing was published for this item.',
    next: 'Wait until nobody writes to the folder, then publish again.',
  },
  'USAGE-14': {
    title: 'Another run is at work',
    meaning: 'Another run works on the volume or file shown already, most likely in another window.',
    safe: 'This run changed nothing; the other one goes on.',
    next: 'Wait until the other run ends; `prestage report` shows how far a deployment is.',
  },
  'USAGE-15': {
    title: 'Several deployments, and nobody to choose',
    meaning:
      'Policy offers several available deployments to this computer, none is required, the media is not unattended, and there is no terminal to ask at.',
    safe: 'Nothing was changed.',
    next: 'Run it again with --deployment and one of the IDs listed, or make one of them required.',
  },
  'USAGE-16': {
    title: 'Passphrase does not open the key',
    meaning: 'The key file is protected, and the passphrase given is not the one that protects it.',
    safe: 'Nothing was signed; the key file is as it was.',
    next: 'Try the passphrase again. If it is surely right, the file is damaged: take it from its backup. Nobody can open a key whose passphrase is lost; make a new one and rotate, see docs/keys.md.',
  },
  'USAGE-17': {
    title: 'Password needed, and nobody to ask',
    meaning:
      'A password or passphrase is needed; neither a file nor the environment has one, and there is no terminal to ask at.',
    safe: 'Nothing was changed.',
    next: 'Name a file with it in the first line, or set the variable shown, or run the command at a terminal. It is never taken from the command line, which every program can read.',
  },
  'USAGE-18': {
    title: 'Distribution point of another site',
    meaning:
      'The current policy of this distribution point names another site, or was signed by a key that this site does not have. Publishing here would take that site away from its computers.',
    safe: 'The distribution point is untouched.',
    next: 'Name the folder of this site. If it is this site’s, from before its key was replaced: put the old key’s .pub file back into the key folder.',
  },
  'USAGE-20': {
    title: 'Program of this system missing',
    meaning: 'A program that makes disk images, or a file that comes with it, is not installed here.',
    safe: 'Nothing was left half-made.',
    next: 'Install the Debian package named, with the command shown, and run it again.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
