// The order in which packages and applications are installed: as the task sequence names them, each after what it depends on. Pure.

/** One thing to install in the new Windows. */
export interface Install {
  readonly id: string;
  readonly kind: 'package' | 'application';
}

export interface InstallWish {
  readonly packages: readonly string[];
  readonly applications: readonly string[];
  /** What an item depends on, and whether it is a package or an application. */
  readonly about: (id: string) => {
    readonly kind: Install['kind'];
    readonly dependencies: readonly string[];
  };
}

/**
 * Packages first, then applications, each once. A circle of dependencies is refused at publish; here an item that is being visited is not
 * visited again, so that even a hostile manifest cannot keep the plan from ending.
 */
export function installOrder({ packages, applications, about }: InstallWish): readonly Install[] {
  const order: Install[] = [];
  const visited = new Set<string>();
  const visit = (id: string): void => {
    if (visited.has(id)) return;
    visited.add(id);
    const { kind, dependencies } = about(id);
    for (const dependency of dependencies) visit(dependency);
    order.push({ id, kind });
  };
  for (const id of [...packages, ...applications]) visit(id);
  return order;
}
