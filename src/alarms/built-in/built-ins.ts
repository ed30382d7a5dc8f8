import type { UnixMs } from '../../core/time.ts';
import { formatDuration } from '../../core/units.ts';
import type { Subject } from '../alarm.ts';
import type { AlarmBook } from '../book.ts';
import type { AlarmDesk } from '../desk.ts';
import type { BuiltInOptions } from '../options.ts';
import type { Severity } from '../rule.ts';
import { type BuiltInName, type Finding, findingsOf, type Vitals } from './findings.ts';
import { type MachinePlaces, type MachineReading, readMachine } from './machine.ts';

/** What of a device is looked at. */
export interface WatchedDevice {
  readonly name: string;
  readonly presence: string;
  readonly isIgnored: boolean;
}

export interface BuiltInDependencies {
  readonly options: BuiltInOptions;
  readonly places: MachinePlaces;
  readonly vitals: () => Vitals;
  readonly devices: { ids(): Iterable<string>; find(id: string): WatchedDevice | undefined };
  readonly book: AlarmBook;
  readonly desk: AlarmDesk;
  readonly now: () => UnixMs;
}

/** One that is built in, as it is told. */
export interface BuiltInView {
  readonly id: BuiltInName;
  readonly name: string;
  readonly about: string;
  readonly enabled: boolean;
  readonly severity: Severity;
  readonly forSeconds: number;
  readonly limit: string;
  /** False: this machine does not tell. Null: it has not been looked yet. */
  readonly isOffered: boolean | null;
}

const titles: Readonly<Record<BuiltInName, readonly [name: string, about: string]>> = {
  deviceSilent: [
    'Device silent',
    'A device was not heard for three times as long as is usual for it, or is said to be gone.',
  ],
  bufferFilling: ['Buffer filling', 'What waits for the collector takes much of the buffer.'],
  bufferFull: ['No room for records', 'The buffer or its disk is full: messages wait at their source, or are refused.'],
  uplinkDown: ['Uplink down', 'Records do not reach the collector.'],
  diskSpace: ['Disk space', 'The file system of the data directory has little room left.'],
  diskFailing: ['Disk failing', 'The disk refuses records.'],
  power: ['Power supply', 'A Raspberry Pi has too little voltage, or slows down for it or its heat.'],
  temperature: ['Processor hot', 'The processor is hot.'],
  clock: ['Clock not synchronised', 'Nothing is known to keep the clock right.'],
  certificate: ['Certificate ends', 'A certificate of a listener or of the uplink ends soon.'],
  settings: ['Settings wrong', 'Something in the settings on the card of an appliance is wrong, and was left out.'],
  update: ['Update taken back', 'A new version did not work, and the machine went back to the one before.'],
  sources: ['Source not heard', 'A serial port, Modbus bus or bridge that is configured is not heard.'],
};
export const builtInNames = Object.keys(titles) as readonly BuiltInName[];

/** What only some machines tell. */
const ofMachine = {
  diskSpace: 'freeShare',
  power: 'power',
  temperature: 'celsius',
  settings: 'wrongSettings',
  update: 'takenBack',
} as const satisfies Partial<Record<BuiltInName, keyof MachineReading>>;

const isWell = { input: { name: 'normal' as const }, value: 'well', text: () => '', forMs: 0, clearForMs: 0 };

/** What is watched over without a rule: looked at slowly, and held against the options. */
export class BuiltIns {
  readonly #deps: BuiltInDependencies;
  #machine: MachineReading | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: BuiltInDependencies) {
    this.#deps = deps;
  }

  /** Alarms of an earlier run of what is switched off by now are over. */
  start(): void {
    const { book, desk, options } = this.#deps;
    for (const alarm of [...book.open()]) {
      const { origin, rule } = alarm.subject;
      if (origin !== 'built-in') continue;
      const its = Object.hasOwn(options, rule) ? options[rule as BuiltInName] : undefined;
      if (its?.enabled !== true) desk.withdraw(alarm, 'rule-gone');
      else desk.expect(alarm, { forMs: its.for, clearForMs: 0 });
    }
  }

  /** Looks at everything once. One look at a time: a sensor may take long to answer. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  views(): BuiltInView[] {
    return builtInNames.map((id) => {
      const [name, about] = titles[id];
      const { enabled, severity, for: forMs } = this.#deps.options[id];
      const source = Object.hasOwn(ofMachine, id) ? ofMachine[id as keyof typeof ofMachine] : undefined;
      const machine = this.#machine;
      const isOffered = source === undefined ? true : machine === undefined ? null : machine[source] !== undefined;
      return { id, name, about, enabled, severity, forSeconds: forMs / 1_000, limit: this.#limitOf(id), isOffered };
    });
  }

  async #lookOnce(): Promise<void> {
    const { places, vitals, options, now } = this.#deps;
    this.#machine = await readMachine(places);
    this.#judge(findingsOf(vitals(), this.#machine, options, now()));
    this.#lookAtDevices();
  }

  #judge(findings: readonly Finding[]): void {
    const { book, desk, options } = this.#deps;
    const seen = new Set<string>();
    for (const { builtIn, about, occasion, input, value, unit, text } of findings) {
      const { enabled, for: forMs } = options[builtIn];
      if (!enabled) continue;
      const subject = this.#subjectOf(builtIn, about, undefined, occasion);
      seen.add(subject.key);
      const its = { input: { name: input }, value, unit, text: () => text, forMs, clearForMs: 0 };
      desk.see(subject, book.ofKey(subject.key), its);
    }
    const isUpdateTold = findings.some(({ builtIn }) => builtIn === 'update');
    for (const alarm of [...book.open()]) {
      const { origin, rule, key } = alarm.subject;
      if (origin !== 'built-in' || seen.has(key)) continue;
      // A listener or a port that is not configured any more.
      if (rule === 'sources' || rule === 'certificate') desk.withdraw(alarm, 'rule-gone');
      // Another one was tried since.
      else if (rule === 'update' && isUpdateTold) desk.see(alarm.subject, alarm, isWell);
    }
  }

  #lookAtDevices(): void {
    const { devices, book, desk, options } = this.#deps;
    for (const alarm of [...book.open()]) this.#lookAgain(alarm.subject, devices);
    const { enabled, for: forMs } = options.deviceSilent;
    if (!enabled) return;
    for (const id of devices.ids()) {
      const device = devices.find(id)!;
      if (device.isIgnored || (device.presence !== 'stale' && device.presence !== 'offline')) continue;
      const subject = this.#subjectOf('deviceSilent', id, id);
      const text = (): string =>
        `${device.name} is ${device.presence}: it has been silent for longer than is usual for it.`;
      const its = { input: { name: 'violating' as const }, value: device.presence, text, forMs, clearForMs: 0 };
      desk.see(subject, book.ofKey(subject.key), its);
    }
  }

  /** Devices that have an alarm: whether they are there again, or gone for good. */
  #lookAgain({ key, deviceId, rule, origin }: Subject, devices: BuiltInDependencies['devices']): void {
    const { book, desk, options } = this.#deps;
    const alarm = book.ofKey(key);
    if (deviceId === undefined || alarm === undefined) return;
    const device = devices.find(deviceId);
    if (device === undefined) {
      // The registry may not have room for it: only what was there can be gone.
      if (alarm.isDeviceKnown) desk.withdraw(alarm, 'device-gone');
      return;
    }
    alarm.isDeviceKnown = true;
    if (origin !== 'built-in' || rule !== 'deviceSilent') return;
    // As long as nothing can be told it stays as it is.
    if (device.presence !== 'online' && !device.isIgnored) return;
    const its = { input: { name: 'normal' as const }, value: device.presence, text: () => '', clearForMs: 0 };
    desk.see(alarm.subject, alarm, { ...its, forMs: options.deviceSilent.for });
  }

  #subjectOf(rule: BuiltInName, about: string, deviceId: string | undefined, occasion?: string): Subject {
    const [title] = titles[rule];
    return {
      key: JSON.stringify(['built-in', rule, about, ...(occasion === undefined ? [] : [occasion])]),
      ...{ origin: 'built-in', rule, deviceId },
      name: about === '' || deviceId !== undefined ? title : `${title}: ${about}`,
      severity: this.#deps.options[rule].severity,
      limit: this.#limitOf(rule),
    };
  }

  #limitOf(rule: BuiltInName): string {
    const { bufferFilling, diskSpace, temperature, certificate } = this.#deps.options;
    switch (rule) {
      case 'bufferFilling':
        return `above ${bufferFilling.above * 100} %`;
      case 'diskSpace':
        return `below ${diskSpace.below * 100} % free`;
      case 'temperature':
        return `above ${temperature.above} °C`;
      case 'certificate':
        return `less than ${formatDuration(certificate.before)} left`;
      case 'deviceSilent':
        return 'silent for three times as long as is usual';
      default:
        return titles[rule][1];
    }
  }
}
