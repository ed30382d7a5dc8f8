import type { Command, Handed } from '../../core/command.ts';
import type { WriteAnswer } from '../../profiles/modbus/answer.ts';
import type { RegisterWrite } from '../../profiles/modbus/pdu.ts';

/** How devices on Modbus buses are told things. */
export interface ModbusLanguage {
  /** The topic of a device whose profile has registers to write to. */
  readonly topicOf: (deviceId: string) => string | undefined;
  readonly writeFor: (command: Command) => RegisterWrite | undefined;
}

/** What can be written to. */
export interface WritableUnits {
  has(topic: string): boolean;
  reaches(topic: string): boolean;
  write(topic: string, write: RegisterWrite, withinMs: number): Promise<WriteAnswer>;
}

/** An exception by which a device says that it has begun, and takes long (Modbus Application Protocol 1.1b3 § 7). */
const isAtWork = 5;

/** Brings commands to the units of Modbus buses: one at a time each, and no one of them twice. */
export class ModbusCarrier {
  readonly #language: ModbusLanguage;
  readonly #units: WritableUnits;

  constructor(language: ModbusLanguage, units: WritableUnits) {
    this.#language = language;
    this.#units = units;
  }

  reaches(deviceId: string, underWay: number): boolean {
    const topic = underWay === 0 ? this.#language.topicOf(deviceId) : undefined;
    return topic !== undefined && this.#units.reaches(topic);
  }

  obstacle(deviceId: string): string | undefined {
    const topic = this.#language.topicOf(deviceId);
    return topic !== undefined && this.#units.has(topic) ? undefined : 'it is on no Modbus bus';
  }

  async deliver(command: Command, withinMs: number): Promise<Handed> {
    const topic = this.#language.topicOf(command.deviceId);
    const write = this.#language.writeFor(command);
    if (topic === undefined || write === undefined)
      return { outcome: 'failed', reason: 'its profile has no register for this any more' };
    return handed(await this.#units.write(topic, write, withinMs));
  }
}

function handed(answer: WriteAnswer): Handed {
  switch (answer.kind) {
    case 'done':
      return { outcome: 'ok' };
    case 'exception':
      return answer.code === isAtWork ? { outcome: 'unanswered' } : { outcome: 'failed', reason: answer.failure };
    case 'unanswered':
      return { outcome: 'unanswered' };
    case 'unsent':
      return false;
    case 'impossible':
      return { outcome: 'failed', reason: answer.failure };
  }
}
