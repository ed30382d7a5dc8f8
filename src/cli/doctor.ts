import { writeFileSync } from 'node:fs';
import { configFile } from '../config/load.ts';
import { loadWithRemote } from '../config/remote.ts';
import type { Config } from '../config/schema.ts';
import { messageOf } from '../core/errors.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { configOptions, sourcesOf } from './config-options.ts';
import { bundleOf } from './doctor/bundle.ts';
import { diskFindings } from './doctor/disk.ts';
import { type Finding, findingsText } from './doctor/finding.ts';
import { gatewayFindings, seenOf } from './doctor/running.ts';
import { siteFindings } from './doctor/site.ts';
import { urlOf, urlOption } from './gateway-client.ts';
import { addressOf } from './own-token.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'doctor',
  about:
    'Looks for what keeps a gateway from doing its work: its configuration, its disk, this machine, and the gateway as it runs.',
  options: {
    ...configOptions,
    ...urlOption,
    json: { about: 'Print what was found as JSON.' },
    bundle: {
      value: 'FILE',
      about: 'Write all that helps to help into this file, gzipped JSON: no secrets, and no data of devices.',
    },
  },
} as const satisfies Usage;

/** @returns 1 when something is broken, else 0 */
export async function doctor(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const { config, findings: ofConfig } = configFindings(values, terminal);
  const url = await urlOf(usage, values.url ?? (config && addressOf(config.http)));
  const seen = await seenOf(url);
  const findings = [
    ...ofConfig,
    ...(config === undefined ? [] : diskFindings(config.dataDir, seen.status !== undefined)),
    ...(config === undefined ? [] : await siteFindings(config, seen.status !== undefined)),
    ...gatewayFindings(seen, url),
  ];
  if (values.bundle !== undefined) {
    writeFileSync(values.bundle, bundleOf(findings, config, seen), { mode: 0o600 });
    terminal.err(`All of it is in ${values.bundle}: look into it before you send it (gunzip -c).`);
  }
  terminal.out(values.json ? JSON.stringify({ findings }, undefined, 2) : findingsText(findings));
  return findings.some(({ state }) => state === 'broken') ? 1 : 0;
}

function configFindings(
  values: Parameters<typeof sourcesOf>[0],
  terminal: Terminal,
): { readonly config: Config | undefined; readonly findings: readonly Finding[] } {
  const about = 'Configuration';
  try {
    const sources = sourcesOf(values, terminal);
    const { config, problem } = loadWithRemote(sources);
    const file = configFile(sources) ?? 'defaults, environment and --set';
    if (problem !== undefined)
      return { config, findings: [{ about, state: 'wrong', says: problem, todo: 'Correct it at the collector.' }] };
    return { config, findings: [{ about, state: 'well', says: `It is right (${file}).` }] };
  } catch (error) {
    const todo = '`headgate check` tells when it is right.';
    return { config: undefined, findings: [{ about, state: 'broken', says: messageOf(error), todo }] };
  }
}
