// The device IDs that an INF file offers drivers for: those of the Models sections that its Manufacturer section names, of every architecture and
// Windows version. Source: Microsoft, "INF Manufacturer Section" and "INF Models Section".
import { DEVICE_ID } from '../content/hardware.ts';
import { type InfEntry, readInf } from './inf-text.ts';

export interface InfDevices {
  /** Upper case, sorted, each once. */
  readonly ids: readonly string[];
  /** What is wrong with the file, where something is: part of a sentence that begins with its name. */
  readonly warning?: string;
}

/** Longer than any ID with all its string tokens as written. */
const FIELD_MAX = 4096;

/** Never throws: of a file that is not understood there are no IDs, and a warning. */
export function infDevices(bytes: Uint8Array): InfDevices {
  const inf = readInf(bytes);
  if (inf.section('Version') === undefined)
    return { ids: [], warning: 'is no INF file of a driver: it has no [Version] section' };
  const manufacturers = inf.section('Manufacturer') ?? [];
  const names = new Set(manufacturers.flatMap(entry => modelsSections(entry).map(inf.expand)));
  const sections = [...names].map(inf.section).filter(section => section !== undefined);
  const ids = new Set<string>();
  const refused = new Set<string>();
  for (const entry of sections.flat()) {
    for (const field of deviceFields(entry)) {
      const id = inf.expand(field).trim().toUpperCase();
      if (id !== '') (DEVICE_ID.test(id) ? ids : refused).add(id);
    }
  }
  const warning =
    names.size > 0 && sections.length === 0
      ? 'has none of the sections that its [Manufacturer] section names'
      : refused.size > 0
        ? `has ${refused.size === 1 ? 'a device ID' : `${refused.size} device IDs`} that Windows would not take`
        : undefined;
  return { ids: [...ids].sort(), ...(warning === undefined ? {} : { warning }) };
}

/** `%name% = models, NTamd64, NTarm64` names `[models]`, `[models.NTamd64]` and `[models.NTarm64]`; a name alone is that of the section. */
function modelsSections({ fields }: InfEntry): readonly string[] {
  const [models, ...targets] = fields.filter(field => field !== '' && field.length <= FIELD_MAX);
  if (models === undefined) return [];
  return [models, ...targets.map(target => `${models}.${target}`)];
}

/** `description = install section, hardware ID, compatible ID, ...`; the hardware ID may be left out. */
function deviceFields({ key, fields }: InfEntry): readonly string[] {
  return key === undefined ? [] : fields.slice(1).filter(field => field.length <= FIELD_MAX);
}
