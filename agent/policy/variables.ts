// Task-sequence variables: layers in their order of precedence, looked up and expanded without regard to case. Pure.

/** One level of variables. */
export interface VariableLayer {
  /** `media`, `site`, `task sequence`, `collection Graz`, `machine`, `prestart`, `step`. */
  readonly level: string;
  readonly values: Readonly<Record<string, string>>;
  /** Names whose values must never be shown. */
  readonly secret?: readonly string[];
}

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly level: string;
  readonly secret: boolean;
}

/** Variables as they stand at one moment. */
export interface Variables {
  get(name: string): string | undefined;
  /** Every variable once, sorted by name, from the highest level that sets it. */
  readonly all: readonly Variable[];
  /** Replaces `%NAME%` by its value, once (values are not expanded again); a name that is not set stays as it stands, for Windows to expand. */
  expand(text: string): string;
}

/** @param layers the lowest level first: a later one overrides. A name that is secret on any level stays secret. */
export function resolveVariables(layers: readonly VariableLayer[]): Variables {
  const byName = new Map<string, Variable>();
  const secret = new Set(layers.flatMap(layer => (layer.secret ?? []).map(name => name.toLowerCase())));
  for (const { level, values } of layers) {
    for (const [name, value] of Object.entries(values)) {
      const key = name.toLowerCase();
      byName.set(key, { name: byName.get(key)?.name ?? name, value, level, secret: secret.has(key) });
    }
  }
  const get = (name: string): string | undefined => byName.get(name.toLowerCase())?.value;
  return {
    get,
    all: [...byName.values()].toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)),
    expand: text =>
      text.replaceAll(/%([A-Za-z_][A-Za-z0-9_-]*)%/g, (whole, name: string) => get(name) ?? whole),
  };
}
