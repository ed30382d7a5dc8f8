import { dirname, resolve } from 'node:path';
import type { UpkeepApi } from './api/upkeep-routes.ts';
import { Certificates } from './auth/tls/certificates.ts';
import { sqliteVersion } from './buffer/sqlite-version.ts';
import { messageOf } from './core/errors.ts';
import type { HttpParts } from './http-parts.ts';
import type { About } from './upkeep/about.ts';
import { Credentials, identityDirectory } from './uplink/credentials.ts';
import { version } from './version.ts';

type Parts = Pick<
  HttpParts,
  'restart' | 'levels' | 'auth' | 'config' | 'status' | 'logs' | 'welcome' | 'identity' | 'clock' | 'bufferDirectory'
>;

/** What keeps a gateway in good order, wired to the parts. What is asked for once a month is loaded then. */
export function upkeepOf(parts: Parts): UpkeepApi {
  const { restart, levels, auth, config, bufferDirectory } = parts;
  const identity = identityDirectory(dirname(bufferDirectory));
  const credentials = new Credentials(config.uplink, identity);
  const about = () => aboutOf(parts);
  return {
    restart,
    levels,
    certificates: new Certificates({
      listeners: auth.certificates,
      directory: auth.tlsDirectory,
      // The one that would be shown, whoever is dialled.
      uplink: () => credentials.load('https://collector.invalid').tls?.certificate,
    }),
    about,
    support: () => supportOf(parts, about),
  };
}

async function aboutOf({ welcome }: Parts): Promise<About> {
  const { libraries, thisMachine } = await import('./upkeep/about.ts');
  const { http, mdnsName } = welcome.gateway.report();
  return {
    name: 'Headgate',
    version,
    license: 'Apache-2.0',
    versions: {
      node: process.versions.node,
      // The gateway runs, so it is there; if it is not for this thread, that keeps nobody from the rest.
      sqlite: await sqliteVersion().catch(() => null),
      openssl: process.versions.openssl,
    },
    machine: thisMachine(),
    addresses: { http: http.urls, mdnsName },
    libraries: libraries(),
  };
}

/** As `headgate doctor --bundle`, from within: what would hold the gateway up, such as trying the disk, is left out. */
async function supportOf(
  { config, status, logs, identity, clock }: Parts,
  about: () => Promise<About>,
): ReturnType<UpkeepApi['support']> {
  const { bundleOf } = await import('./cli/doctor/bundle.ts');
  const { spaceOf } = await import('./cli/doctor/disk.ts');
  const { gatewayFindings } = await import('./cli/doctor/running.ts');
  const { siteFindings } = await import('./cli/doctor/site.ts');
  const seen = { status: status(), logs: linesOf(logs.after(0)), silence: undefined };
  const findings = [
    spaceOf(resolve(config.dataDir)),
    ...(await siteFindings(config, true)),
    ...gatewayFindings(seen, ''),
  ];
  const known = await about().catch((error: unknown) => ({ problem: messageOf(error) }));
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  const name = identity()
    .gateway.replace(/[^\w.-]/g, '_')
    .slice(0, 60);
  return {
    name: `headgate-support-${name}-${day}.json.gz`,
    content: bundleOf(findings, config, { ...seen, about: known }),
  };
}

function linesOf(lines: readonly { readonly text: string }[]): object {
  return { lines: lines.map(({ text }) => JSON.parse(text) as unknown) };
}
