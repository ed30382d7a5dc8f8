import type { PeerCertificate } from 'node:tls';

/** What is tried, in this order. */
export type Stage = 'dns' | 'tcp' | 'tls' | 'auth' | 'echo';

/** `ok`: it works. `failed`: it does not. `skipped`: there is nothing to try, or what comes before failed. */
export type StageState = 'ok' | 'failed' | 'skipped';

export interface StageReport {
  readonly stage: Stage;
  readonly state: StageState;
  /** How long it took; null: it was not tried. */
  readonly ms: number | null;
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What to do next; null: nothing, or the detail says so. */
  readonly advice: string | null;
}

/** What a server's certificate says. Nothing here says that it can be trusted. */
export interface CertificateReport {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  /** ISO 8601 in UTC. */
  readonly validFrom: string;
  readonly expiresAt: string;
  /** SHA-256, in hex with colons. */
  readonly fingerprint: string;
}

export interface ProbeReport {
  readonly url: string;
  /** No stage failed. */
  readonly isOk: boolean;
  /** All five, in their order. */
  readonly stages: readonly StageReport[];
  /** That the name stands for. */
  readonly addresses: readonly string[];
  /** Null: none was seen. */
  readonly certificate: CertificateReport | null;
  /** What the collector said of itself; null: it did not come so far. */
  readonly collector: { readonly agent: string; readonly protocol: number } | null;
}

export type Outcome = Omit<StageReport, 'stage'>;

const order: readonly Stage[] = ['dns', 'tcp', 'tls', 'auth', 'echo'];
const notTried = 'Not tried, as what comes before it failed.';

/** Notes what became of each stage, and how long it took. */
export class StageClock {
  readonly #told = new Map<Stage, Outcome>();
  #stage: Stage = 'dns';
  #sinceMs = 0;

  begin(stage: Stage): void {
    this.#stage = stage;
    this.#sinceMs = performance.now();
  }

  ok(detail: string): void {
    this.told(this.#stage, { state: 'ok', ms: msSince(this.#sinceMs), detail, advice: null });
  }

  failed(detail: string, advice: string): void {
    this.told(this.#stage, { state: 'failed', ms: msSince(this.#sinceMs), detail, advice });
  }

  skipped(detail: string): void {
    this.told(this.#stage, { state: 'skipped', ms: null, detail, advice: null });
  }

  told(stage: Stage, outcome: Outcome): void {
    this.#told.set(stage, outcome);
  }

  all(): StageReport[] {
    return order.map((stage) => {
      const outcome = this.#told.get(stage) ?? { state: 'skipped', ms: null, detail: notTried, advice: null };
      return { stage, ...outcome };
    });
  }
}

export function msSince(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) * 10) / 10;
}

/** Null: none was shown. */
export function certificateReport(certificate: PeerCertificate): CertificateReport | null {
  const { subject, issuer, subjectaltname, valid_from, valid_to, fingerprint256 } = certificate;
  if (fingerprint256 === undefined) return null;
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    names: subjectaltname?.split(', ').map((one) => one.replace(/^(?:DNS|IP Address|URI):/, '')) ?? [],
    validFrom: isoOf(valid_from),
    expiresAt: isoOf(valid_to),
    fingerprint: fingerprint256,
  };
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const { CN, O } = name ?? {};
  return [CN ?? O ?? ''].flat().join(' ');
}

/** A certificate may name a time that no calendar has. */
function isoOf(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

/** As a sentence of its own. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.?!]$/.test(trimmed) ? '' : '.'}`;
}
