/** A package that Headgate is made with. */
export interface Library {
  readonly name: string;
  readonly version: string;
  /** SPDX; `unknown` when the package does not say. */
  readonly license: string;
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

/** What the dashboard is built with goes to browsers, although it is installed for building only. */
const inTheDashboard: ReadonlySet<string> = new Set(['preact', '@preact/signals', '@preact/signals-core', 'uplot']);

/** The packages in a lock file that are used at run time, by name; those that this machine may do without are left out. */
export function librariesIn(lock: string): Library[] {
  const { packages } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, Locked>> };
  const found = new Map<string, Library>();
  for (const [path, { version = '', license = 'unknown', dev, optional, devOptional }] of Object.entries(packages)) {
    const isLeft = dev || optional || devOptional;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (path === '' || (isLeft && !inTheDashboard.has(name))) continue;
    found.set(`${name} ${version}`, { name, version, license });
  }
  return [...found.values()].toSorted((a, b) =>
    a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1,
  );
}
