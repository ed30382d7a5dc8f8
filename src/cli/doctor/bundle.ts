import { gzipSync } from 'node:zlib';
import { describeConfig } from '../../config/describe.ts';
import { configNode } from '../../config/node.ts';
import type { Config } from '../../config/schema.ts';
import { redactLine, withoutUrlPaths } from '../../instrumentation/redact.ts';
import { stringifyExact } from '../../lib/exact-json.ts';
import { version } from '../../version.ts';
import type { Finding } from './finding.ts';

/**
 * What helps to help, as gzipped JSON: its texts pass through what hides secrets in the log.
 *
 * @param more what else is known, by name
 * @param hide takes out what else is secret
 */
export function bundleOf(
  findings: readonly Finding[],
  config: Config | undefined,
  more: object,
  hide = (text: string): string => text,
): Buffer {
  const bundle = {
    madeAt: new Date().toISOString(),
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    findings,
    config: config && JSON.parse(withoutUrlPaths(JSON.stringify(describeConfig(configNode, config)))),
    ...more,
  };
  return gzipSync(hide(redactLine(stringifyExact(bundle))));
}
