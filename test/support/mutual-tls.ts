import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gatewayUri } from '../../src/wire/identity.ts';
import { keep, TestAuthority } from './certificates.ts';
import type { Settings } from './headgate-process.ts';
import { tempDir } from './temp-dir.ts';

/** What a collector and a gateway are told so that they speak mutual TLS with each other, and with nobody else. */
export interface MutualTls {
  readonly collector: Settings;
  readonly gateway: Settings;
}

/**
 * Mutual TLS for a test that is about something else, or nothing when it runs in plaintext: such tests run with the one and
 * with the other in turn. `HEADGATE_TLS=on` or `off` decides for all of them.
 */
export async function mutualTls(t: TestContext, isOn: boolean): Promise<MutualTls | undefined> {
  const { HEADGATE_TLS: wanted } = process.env;
  if (wanted === undefined ? !isOn : wanted !== 'on') return undefined;
  const directory = tempDir(t);
  const authority = await TestAuthority.make();
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const collector = keep(directory, 'collector', await authority.sign());
  const gateway = keep(directory, 'gateway', await authority.sign({ names: [], uris: [gatewayUri('tested')] }));
  t.diagnostic('over mutual TLS');
  return {
    collector: {
      'collector.tls.enabled': true,
      'collector.tls.certificate': collector.certificate,
      'collector.tls.key': collector.key,
      'collector.tls.clientCa': ca,
    },
    gateway: {
      'gateway.id': 'tested',
      'uplink.tls.ca': ca,
      'uplink.tls.certificate': gateway.certificate,
      'uplink.tls.key': gateway.key,
    },
  };
}
