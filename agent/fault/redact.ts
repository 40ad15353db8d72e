// Takes secrets out of every text on its way out: screen, logs, reports, requests.

/** Replaces secrets in a text. */
export type Redact = (text: string) => string;

const MASK = '********';

// Shapes that are secrets wherever they stand: user:password@ in a URL, and values of names that say so.
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;
// A backslash before a quote belongs to the quote: in JSON text, masking it would leave the string without its end.
const NAMED_SECRET =
  /\b(password|passwd|pwd|secret|token|authorization|key)(["']?\s*[:=]\s*["']?)(?:bearer\s+|basic\s+)?((?:\\\\|\\(?!["'\\])|[^\s"',;}\\]){4,})/gi;

/**
 * @param secrets exact values that must never be shown (each at least 4 characters; shorter ones would blank ordinary text).
 * @returns a function that masks them and everything that looks like a credential.
 */
export function makeRedact(secrets: readonly string[] = []): Redact {
  const exact = secrets.filter(secret => secret.length >= 4).sort((a, b) => b.length - a.length);
  return text => {
    let clean = text;
    for (const secret of exact) clean = clean.split(secret).join(MASK);
    return clean
      .replace(URL_CREDENTIALS, `$1${MASK}@`)
      .replace(NAMED_SECRET, (whole, name: string, between: string, value: string) =>
        isPublic(name, value) ? whole : `${name}${between}${MASK}`,
      );
  };
}

// Public keys and key names are shown on purpose: a technician compares them.
function isPublic(name: string, value: string): boolean {
  return (
    name.toLowerCase() === 'key' &&
    (value.startsWith('ed25519:') || /^[0-9a-f]{16}$/.test(value) || value.length < 16)
  );
}
