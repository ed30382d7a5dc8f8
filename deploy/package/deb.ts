import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { version } from '../../src/version.ts';
import { allHelp, bashCompletion, manualPage } from './manual.ts';
import { type Architecture, normaliseModes, run, sizeOf, stageProgram } from './program.ts';

const here = import.meta.dirname;
const root = join(here, '../..');

export type PackageName = 'headgate' | 'headgate-collector';

export interface PackageOrder {
  readonly name: PackageName;
  readonly architecture: Architecture;
  /** The installed dependencies. */
  readonly modules: string;
  readonly out: string;
  /** An empty place of its own. */
  readonly work: string;
  readonly revision: string;
  /** Seconds since 1970 that all files bear. */
  readonly date: number;
  /** Packed with less effort, for tests. */
  readonly isFast: boolean;
}

export interface Built {
  readonly path: string;
  readonly installedBytes: number;
  readonly packedBytes: number;
  readonly sha256: string;
}

/** SOURCE_DATE_EPOCH, else the time of the newest commit: not when it was built, but what it was built of. */
export function buildDate(): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) {
    if (!/^\d{1,11}$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH is ${given}, but has to be seconds since 1970.`);
    return Number(given);
  }
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error('There is no git history to take a date from: set SOURCE_DATE_EPOCH.');
  return Number(stdout.trim());
}

const texts: Readonly<Record<PackageName, { summary: string; about: string; recommends?: string }>> = {
  headgate: {
    summary: 'IoT gateway that never loses an acknowledged message',
    about: `Takes in what devices say over MQTT, serial ports and Modbus, keeps it safe on its
 own disk, and forwards it to a collector over one gRPC stream. A positive
 acknowledgement means that the message survives a power cut and reaches the
 collector exactly once. With a dashboard, and with the Node.js that it runs on.`,
    recommends: 'avahi-daemon',
  },
  'headgate-collector': {
    summary: 'collector for Headgate IoT gateways',
    about: `Takes records from Headgate gateways over gRPC, stores each exactly once in files,
 SQLite or NATS JetStream, and acknowledges what is stored. With the Node.js that
 it runs on.`,
  },
};

/** Assembles a package's tree and packs it. */
export async function buildPackage(order: PackageOrder): Promise<Built> {
  const { name, architecture, modules, out, work, revision, date, isFast } = order;
  const full = `${version}-${revision}`;
  const tree = join(work, 'tree');
  const put = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  };
  stageProgram(architecture, modules, join(tree, 'usr/lib', name), name === 'headgate');
  cpSync(join(here, name, 'root'), tree, { recursive: true });
  const documents = `usr/share/doc/${name}`;
  put(`${documents}/copyright`, copyright());
  put(`${documents}/changelog.Debian.gz`, packed(debianChangelog(name, full, date)));
  put(`${documents}/changelog.gz`, packed(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')));
  put(`${documents}/headgate.example.yaml`, readFileSync(join(root, 'deploy/headgate.example.yaml')));
  if (name === 'headgate') {
    const help = await allHelp();
    put('usr/share/man/man1/headgate.1.gz', packed(manualPage(help, version, date)));
    put('usr/share/bash-completion/completions/headgate', bashCompletion(help));
  } else put('usr/share/man/man1/headgate-collector.1.gz', packed(collectorManual(date)));
  const installedBytes = sizeOf(tree);
  for (const script of readdirSync(join(here, name, 'scripts')))
    put(`DEBIAN/${script}`, readFileSync(join(here, name, 'scripts', script)));
  put('DEBIAN/control', control(order, full, Math.ceil(installedBytes / 1024)));
  put('DEBIAN/conffiles', conffiles(tree));
  put('DEBIAN/md5sums', checksums(tree));
  normaliseModes(tree);
  const path = join(out, `${name}_${full}_${architecture}.deb`);
  // One thread: with several, the bytes would depend on how many there are.
  const packing = isFast ? ['-Zgzip', '-z1'] : ['-Zxz', '--threads-max=1'];
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(date) };
  run('dpkg-deb', ['--root-owner-group', ...packing, '--build', tree, path], root, env);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { path, installedBytes, packedBytes: statSync(path).size, sha256 };
}

function control({ name, architecture }: PackageOrder, full: string, kilobytes: number): string {
  const { summary, about, recommends } = texts[name];
  return [
    `Package: ${name}`,
    `Version: ${full}`,
    `Architecture: ${architecture}`,
    'Maintainer: Headgate developers <headgate@localhost>',
    `Installed-Size: ${kilobytes}`,
    // The unit asks systemd for what 252 has, Debian 12's; the C libraries are those that Node is built for.
    'Pre-Depends: init-system-helpers (>= 1.54~)',
    'Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.4), libstdc++6 (>= 12), systemd (>= 252)',
    ...(recommends === undefined ? [] : [`Recommends: ${recommends}`]),
    'Section: net',
    'Priority: optional',
    `Description: ${summary}`,
    ` ${about}`,
    '',
  ].join('\n');
}

/** Whatever is in /etc is the administrator's. */
function conffiles(tree: string): string {
  const folder = join(tree, 'etc');
  if (!existsSync(folder)) return '';
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => `${join(entry.parentPath, entry.name).slice(tree.length)}\n`)
    .sort()
    .join('');
}

function checksums(tree: string): string {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .filter((path) => !path.startsWith('DEBIAN/') && !path.startsWith('etc/'));
  return files
    .sort()
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');
}

/** Without the time of packing, which gzip would note. */
function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function debianChangelog(name: string, full: string, date: number): string {
  const day = new Date(date * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${full}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- Headgate developers <headgate@localhost>  ${day}\n`;
}

function copyright(): string {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Headgate

Files: *
Copyright: the Headgate developers
License: Apache-2.0
 On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.
Comment:
 The licence of Node.js, and of what it contains, is bin/LICENSE.node in the
 program's directory; that of each library is in its directory under
 node_modules. The dashboard tells all of them under Settings, About.
`;
}

function collectorManual(date: number): string {
  const day = new Date(date * 1000).toISOString().slice(0, 10);
  return `.TH HEADGATE\\-COLLECTOR 1 "${day}" "Headgate ${version}" "User Commands"
.SH NAME
headgate\\-collector \\- administer the collector of Headgate gateways
.SH SYNOPSIS
.B headgate\\-collector
[\\fIVERB\\fR] [options]
.SH DESCRIPTION
What \\fBheadgate collector\\fR is where the gateway is installed, with the configuration of this collector:
records, command, gateways, enrol\\-token, gateway\\-token, revoke. \\fBheadgate\\-collector \\-\\-help\\fR tells what they take.
.SH FILES
/etc/headgate\\-collector/collector.yaml, /var/lib/headgate\\-collector
`;
}
