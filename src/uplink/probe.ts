import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { messageOf } from '../core/errors.ts';
import type { UnixMs } from '../core/time.ts';
import { type Address, addressesOf, type Lookup, systemLookup } from './addresses.ts';
import type { Presented } from './credentials.ts';
import { plainReason } from './plain-reason.ts';
import { type CertificateReport, certificateReport, type ProbeReport, StageClock, sentence } from './probe-report.ts';
import { talkTo } from './probe-talk.ts';
import { explainHandshake } from './tls-reasons.ts';
import { contextOf, judge, type TlsSettings } from './transport.ts';

export interface ProbeSettings {
  readonly url: string;
  readonly presented: Presented;
  /** As whom it asks to be let in; undefined: it does not ask, as it can't be told before it has enrolled. */
  readonly gateway: string | undefined;
  readonly agent: string;
  /** By which certificates are judged. */
  readonly now: () => UnixMs;
  /** For tests. */
  readonly lookUp?: Lookup;
  /** How long each stage may take, in ms. Default 3,500, so that all of them together end within 15 s. */
  readonly patienceMs?: number;
}

const maxAddresses = 4;

/**
 * Tries a collector out, stage by stage: its name, its port, its certificate, whether it lets this gateway in, and whether it answers. What
 * comes after a stage that failed is skipped. The collector is told of no record and of no data directory, so nothing changes there.
 */
export async function probe(settings: ProbeSettings): Promise<ProbeReport> {
  const { url, presented, lookUp = systemLookup, patienceMs = 3_500 } = settings;
  const clock = new StageClock();
  const addresses: string[] = [];
  let certificate: CertificateReport | null = null;
  const { hostname, protocol, port } = new URL(url);
  const number = Number(port) || (protocol === 'https:' ? 443 : 80);
  const report = (collector: ProbeReport['collector'] = null): ProbeReport => {
    const stages = clock.all();
    return { url, isOk: !stages.some(({ state }) => state === 'failed'), stages, addresses, certificate, collector };
  };

  clock.begin('dns');
  let found: readonly Address[];
  try {
    found = (await within(patienceMs, addressesOf(url, lookUp, Math.random))).slice(0, maxAddresses);
    addresses.push(...found.map(({ ip }) => ip));
  } catch (error) {
    clock.failed(`The name ${hostname} is not known: ${plainReason(messageOf(error))}.`, advice.dns);
    return report();
  }
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  if (isAddress) clock.skipped('It is an address: there is nothing to look up.');
  else clock.ok(`${hostname} is ${addresses.join(', ')}.`);

  clock.begin('tcp');
  const reached = await reach(found, number, patienceMs);
  if ('reason' in reached) {
    clock.failed(reached.reason, advice.tcp);
    return report();
  }
  clock.ok(`${reached.address.ip} takes connections on port ${number}.`);

  clock.begin('tls');
  if (presented.tls === undefined) {
    reached.socket.destroy();
    clock.skipped('The address begins with http://: nothing is encrypted on the way.');
  } else {
    const shaken = await shake(reached.socket, presented.tls, settings.now, patienceMs);
    certificate = shaken.certificate;
    if (shaken.reason !== undefined) {
      clock.failed(sentence(shaken.reason), advice.tls);
      return report();
    }
    clock.ok(`The certificate is good for ${presented.tls.serverName} until ${certificate?.expiresAt.slice(0, 10)}.`);
  }

  // The answer comes first, as who is not let in learns no more; it is told in the order in which it is needed.
  const talk = await talkTo({ ...settings, address: reached.address, patienceMs: 2 * patienceMs });
  clock.told('auth', talk.auth);
  clock.told('echo', talk.echo);
  return report(talk.collector);
}

const advice = {
  dns: 'Check how it is spelt, and that this gateway’s network has a DNS server.',
  tcp: 'Check the address and the port, and that no firewall keeps this gateway from them.',
  tls: 'Give the certificate of the authority that signed the collector, or its fingerprint; check the name and the clock.',
} as const;

async function reach(
  addresses: readonly Address[],
  port: number,
  patienceMs: number,
): Promise<{ readonly socket: Socket; readonly address: Address } | { readonly reason: string }> {
  let reason = 'There is no address.';
  const eachMs = patienceMs / Math.max(1, addresses.length);
  for (const address of addresses) {
    const socket = connectTcp({ host: address.ip, port });
    try {
      await settled(socket, 'connect', eachMs);
      return { socket, address };
    } catch (error) {
      socket.destroy();
      reason = sentence(plainReason(messageOf(error)));
    }
  }
  return { reason };
}

async function shake(
  socket: Socket,
  tls: TlsSettings,
  now: () => UnixMs,
  patienceMs: number,
): Promise<{ readonly certificate: CertificateReport | null; readonly reason?: string }> {
  const where = String(socket.remoteAddress);
  const secured: TLSSocket = connectTls({
    socket,
    host: tls.serverName,
    ...(isIP(tls.serverName) === 0 && { servername: tls.serverName }),
    ALPNProtocols: ['h2'],
    // It is judged below, so that it can be said what is wrong.
    rejectUnauthorized: false,
    secureContext: contextOf(tls),
  });
  try {
    await settled(secured, 'secureConnect', patienceMs);
    const wrong = judge(secured, tls, where, now());
    const certificate = certificateReport(secured.getPeerCertificate());
    return wrong === undefined ? { certificate } : { certificate, reason: wrong.reason };
  } catch (error) {
    const isLate = error instanceof Late;
    const expectation = { serverName: tls.serverName, where };
    const reason = isLate ? `${where} ${messageOf(error)}` : explainHandshake(error as Error, expectation).reason;
    return { certificate: null, reason };
  } finally {
    secured.destroy();
  }
}

class Late extends Error {}

const late = (ms: number): Late => new Late(`does not answer within ${Math.round(ms / 100) / 10} s`);

/** Resolves on the event; rejects on an error, on the connection's end, and when it takes too long. */
function settled(socket: Socket, event: string, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late(patienceMs)), patienceMs);
    const over = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    socket.once(event, over(resolve));
    socket.on('error', (error: Error) => over(() => reject(error))());
    socket.once(
      'close',
      over(() => reject(Object.assign(new Error('it closed the connection'), { code: 'ECONNRESET' }))),
    );
  });
}

async function within<T>(patienceMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(patienceMs)), patienceMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
