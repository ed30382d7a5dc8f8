import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority } from '../../src/collector/certificate-authority.ts';
import { systemClock } from '../../src/core/time.ts';
import { makeKey, requestFor } from '../../src/uplink/certification-request.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { headgate, type RelaySettings, relay } from './relay.ts';

const plain = 'plaintext';
const secure = 'mutual TLS';
/** What TLS may cost the gateway, in µs a message. */
const goalMicros = 1.5;

/** An authority, and certificates of it for both ends. */
async function mutualTls(folder: string): Promise<RelaySettings> {
  const authority = await CertificateAuthority.open(join(folder, 'authority.pem'), systemClock);
  const key = makeKey();
  const gateway = await authority.signGateway(await requestFor(key, 'bench', 'a key'), 'bench', 1);
  const collector = await authority.makeServer(['127.0.0.1'], 1);
  const write = (name: string, pem: string): string => {
    writeFileSync(join(folder, name), pem);
    return join(folder, name);
  };
  const ca = write('ca.pem', authority.certificate);
  return {
    collector: {
      'collector.tls.enabled': 'true',
      'collector.tls.certificate': write('collector.pem', collector.certificate),
      'collector.tls.key': write('collector.key', collector.key),
      'collector.tls.clientCa': ca,
    },
    gateway: {
      'gateway.id': 'bench',
      'uplink.tls.ca': ca,
      'uplink.tls.certificate': write('gateway.pem', gateway.certificate),
      'uplink.tls.key': write('gateway.key', key),
    },
  };
}

async function secured(bench: Bench): Promise<Sample> {
  return await headgate(bench, 'file', await mutualTls(bench.folder));
}

export const tls: Scenario = {
  name: 'tls',
  title: 'What TLS costs a message',
  about:
    'The relay with a file sink, with the uplink in plaintext and over mutual TLS with EC P-256 certificates; uncompressed, as both ends are on one machine.',
  seconds: relay.seconds,
  rounds: relay.rounds,
  metrics: relay.metrics,
  ratio: { metric: 'relayCpu', to: plain },
  peers: [
    { name: plain, run: (bench) => headgate(bench, 'file') },
    { name: secure, run: secured },
  ],
  goals: (summary) => [
    atMost(
      'CPU a message that TLS costs the gateway',
      summary.median(secure, 'relayCpu') - summary.median(plain, 'relayCpu'),
      goalMicros,
      'µs',
      2,
    ),
  ],
};
