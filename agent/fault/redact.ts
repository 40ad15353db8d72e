// Takes secrets out of every text on its way out: screen, logs, reports, requests.

/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

const MASK = '********';

// Shapes that are secrets wherever they stand: user:password@ in a URL, and values of names that say so.
// The scheme is bounded, or a line of dashed hex digits would be walked anew from each of its dashes.
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/"']+@/gi;
// A backslash before a quote belongs to the quote: in JSON text, masking it would leave the string without its end. Plain letters are taken in runs:
// one by one, the way back of a value of megabytes is more than the engine keeps.
const NAMED_SECRET =
  /\b(password|passwd|pwd|secret|token|authorization|key)(["']?\s*[:=]\s*["']?)(?:bearer\s+|basic\s+)?(?=(?:\\\\|\\(?!["'\\])|[^\s"',;}\\]){4})((?:[^\s"',;}\\]+|\\\\|\\(?!["'\\]))+)/gi;

/** A redactor that is told secrets while the run goes on: those of media and machine records are known only once these are verified. */
export interface Redactor {
  readonly redact: Redact;
  /** From now on these exact values are masked, also as JSON writes them. Shorter than 4 characters: passed over. */
  readonly learn: (values: readonly string[]) => void;
}

/** Names whose values are secrets, as keys of JSON. */
const SECRET_KEY = /(^|[^a-z])(password|passwd|pwd|secret|token|authorization)$/i;

/** Shorter values would blank ordinary text. */
const SHORTEST = 4;

/** @returns a redactor that masks what it has learned and everything that looks like a credential. A text that is JSON stays JSON. */
export function openRedactor(): Redactor {
  const exact = new Set<string>();
  let longestFirst: readonly string[] = [];
  const redactText: Redact = text => {
    let clean = text;
    for (const secret of longestFirst) clean = clean.replaceAll(secret, MASK);
    return clean
      .replace(URL_CREDENTIALS, `$1${MASK}@`)
      .replace(NAMED_SECRET, (whole, name: string, between: string, value: string) =>
        isPublic(name, value) ? whole : `${name}${between}${MASK}`,
      );
  };
  return {
    learn(values) {
      for (const value of values.filter(each => each.length >= SHORTEST)) {
        exact.add(value);
        // A quote or a backslash stands escaped where JSON is part of a text.
        exact.add(JSON.stringify(value).slice(1, -1));
      }
      // A secret may be part of another one.
      longestFirst = [...exact].sort((a, b) => b.length - a.length);
    },
    redact: text => redactJson(text, redactText) ?? redactText(text),
  };
}

/** A secret of digits must not blank a number, nor one that ends in a backslash the end of a string. @returns undefined for what is no JSON. */
function redactJson(text: string, redact: Redact): string | undefined {
  const json = text.trim();
  if (!json.startsWith('{') && !json.startsWith('[')) return undefined;
  try {
    const clean = redactValue(JSON.parse(json), redact);
    return text.replace(json, () => JSON.stringify(clean, undefined, json.includes('\n') ? 2 : undefined));
  } catch {
    // Text that begins with a bracket.
    return undefined;
  }
}

function redactValue(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(each => redactValue(each, redact));
  if (typeof value !== 'object' || value === null) return value;
  const clean = Object.entries(value).map(([key, each]) => [redact(key), redactEntry(key, each, redact)]);
  return Object.fromEntries(clean);
}

function redactEntry(key: string, value: unknown, redact: Redact): unknown {
  if (typeof value !== 'string' || value.length < SHORTEST) return redactValue(value, redact);
  if (SECRET_KEY.test(key)) return MASK;
  return key.toLowerCase() === 'key' && !isPublic(key, value) ? MASK : redact(value);
}

/**
 * @param secrets exact values that must never be shown (each at least 4 characters).
 * @returns a function that masks them and everything that looks like a credential.
 */
export function makeRedact(secrets: readonly string[] = []): Redact {
  const { redact, learn } = openRedactor();
  learn(secrets);
  return redact;
}

// Public keys and key names are shown on purpose: a technician compares them.
function isPublic(name: string, value: string): boolean {
  return (
    name.toLowerCase() === 'key' &&
    (value.startsWith('ed25519:') || /^[0-9a-f]{16}$/.test(value) || value.length < 16)
  );
}
