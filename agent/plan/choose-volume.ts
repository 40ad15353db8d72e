// Chooses the volume that takes Windows by its label, or says why none is touched. Pure.
import { Fault } from '../fault/fault.ts';
import type { Volume } from '../machine/machine.ts';

export interface VolumesAtHand {
  readonly volumes: readonly Volume[];
  /** ID of the media's volume: it is chosen by `media`, never by a label. */
  readonly media: string;
  /** ID of the volume that was chosen before and took Windows: it stays the one, also when its owner has named it anew. */
  readonly before?: string | undefined;
}

/** @returns the one fixed NTFS volume with that label, without regard to case. Faults: MACHINE-02 when there is none, MACHINE-05 when there are several. */
export function chooseVolume(label: string, { volumes, media, before }: VolumesAtHand): Volume {
  const possible = volumes.filter(
    ({ id, kind, fileSystem }) => id !== media && kind === 'fixed' && fileSystem.toUpperCase() === 'NTFS',
  );
  const named = possible.filter(volume => volume.label.toLowerCase() === label.toLowerCase());
  if (named.length === 1) return named[0]!;
  const known = (named.length === 0 ? possible : named).find(volume => volume.id === before);
  if (known !== undefined) return known;
  if (named.length === 0)
    throw new Fault('MACHINE-02', `volume ${label}`, {
      expected: 'one fixed NTFS volume with this label, other than the media’s',
      found: volumes.map(volumeWords),
    });
  throw new Fault('MACHINE-05', `volume ${label}`, { found: named.map(volumeWords) });
}

/** A volume as a technician is told of it. */
export function volumeWords({ root, label, fileSystem, kind, sizeBytes, id }: Volume): string {
  return `${root}: ${label === '' ? 'no label' : label}, ${fileSystem}, ${kind}, ${(sizeBytes / 1e9).toFixed(1)} GB, ${id}`;
}
