// How the paths of an image are told apart: without regard to case, unit by unit, as Windows' file systems do.

/** @returns the key of a path: upper case, then lower, each UTF-16 unit by itself, where that is one unit again. */
export function imageKey(path: string): string {
  if (/^[\u0020-\u007e]*$/.test(path)) return path.toLowerCase();
  let key = '';
  for (let at = 0; at < path.length; at += 1) {
    const unit = path.charAt(at);
    const upper = unit.toUpperCase();
    const lower = (upper.length === 1 ? upper : unit).toLowerCase();
    // Windows keeps signs such as that of kelvin apart from the letter k.
    key += lower.length === 1 && (lower > '\u007f' || unit <= '\u007f') ? lower : unit;
  }
  return key;
}
