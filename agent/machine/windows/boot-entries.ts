// Reads what `bcdedit /enum osloader /v` prints. Pure. Only what is the same in every language is looked at: braces, element names, values.
// Source: Microsoft, "BCDEdit /enum"; "BCD Boot Options Reference". Headings and the word for "identifier" are translated, element names are not.

export interface BootEntry {
  /** `{xxxxxxxx-...}` as bcdedit takes it. */
  readonly id: string;
  /** `partition=W:` or `ramdisk=[boot]\sources\boot.wim,{...}`. */
  readonly device?: string;
  /** `\Windows` */
  readonly systemRoot?: string;
}

/** @returns the entries in the order printed; blocks without an identifier are left out. */
export function decodeBootEntries(output: string): readonly BootEntry[] {
  return blocksOf(output).flatMap(lines => {
    const id = lines.map(line => /\s(\{[^{}]+\})\s*$/.exec(line)?.[1]).find(found => found !== undefined);
    if (id === undefined) return [];
    return [
      {
        id,
        device: elementOf(lines, 'osdevice') ?? elementOf(lines, 'device'),
        systemRoot: elementOf(lines, 'systemroot'),
      },
    ];
  });
}

/** @returns ID of the default entry, from what `bcdedit /enum {bootmgr} /v` prints; undefined when the boot manager has none. */
export function decodeDefault(output: string): string | undefined {
  return elementOf(output.split(/\r?\n/), 'default');
}

/** The Windows in `windowsFolder` (`W:\Windows`), the newest when several entries name it: bcdboot adds at the end. */
export function entryOfWindows(entries: readonly BootEntry[], windowsFolder: string): BootEntry | undefined {
  const [, letter, folder] = /^([A-Za-z]:)(\\[^\\]+)\\?$/.exec(windowsFolder) ?? [];
  if (letter === undefined || folder === undefined) return undefined;
  return entries.findLast(
    ({ device, systemRoot }) =>
      device?.toLowerCase() === `partition=${letter}`.toLowerCase() &&
      systemRoot?.toLowerCase() === folder.toLowerCase(),
  );
}

/** Entries of the media's own WinPE: `\sources\boot.wim` in a RAM disk. The recovery environment (Winre.wim) is none of them. */
export function entriesOfMedia(entries: readonly BootEntry[]): readonly BootEntry[] {
  return entries.filter(
    ({ device }) => device !== undefined && /^ramdisk=\[[^\]]*\]\\sources\\boot\.wim(,|$)/i.test(device),
  );
}

/** A rule of dashes stands under each block's heading. */
function blocksOf(output: string): readonly (readonly string[])[] {
  const blocks: string[][] = [];
  for (const line of output.split(/\r?\n/)) {
    if (/^-{5,}\s*$/.test(line)) blocks.push([]);
    else if (line.trim() !== '') blocks.at(-1)?.push(line);
  }
  return blocks;
}

function elementOf(lines: readonly string[], name: string): string | undefined {
  return lines
    .map(line => new RegExp(`^${name}\\s+(\\S.*?)\\s*$`, 'i').exec(line)?.[1])
    .find(found => found !== undefined);
}
