import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import type { Measurement } from '../../../src/core/measurement.ts';
import type { Message, Take } from '../../../src/core/message.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { ProfileDecoder } from '../../../src/profiles/decoder.ts';
import { readProfile } from '../../../src/profiles/language/load.ts';
import { modbusDeviceOf } from '../../../src/profiles/modbus/device.ts';
import { profilesOfUnits } from '../../../src/sources/modbus/bus-profiles.ts';
import { ModbusSource } from '../../../src/sources/modbus/modbus.ts';
import type { ModbusLanguage } from '../../../src/sources/modbus/modbus-carrier.ts';
import type { ModbusBusOptions } from '../../../src/sources/modbus/options.ts';
import type { ModbusBusStatus, ModbusUnitStatus } from '../../../src/sources/modbus/status.ts';
import type { LinkPace } from '../../../src/sources/serial/link.ts';
import { atEnd } from '../../support/at-end.ts';

/** So short that a test sees what takes seconds in life. */
const quick: LinkPace = { watchMs: 20, retryMinMs: 20, retryMaxMs: 50 };

function profileOf(addresses: readonly number[], table = 'holding', more = ''): string {
  const registers = addresses.map((at) => `{ name: r${at}, table: ${table}, address: ${at} }`).join(', ');
  return `name: Test\nversion: 1\nmodbus: { every: 20ms, registers: [${registers}] ${more} }\nexamples: [{ source: x, requestHex: "01 03 00 00 00 01 84 0a", payloadHex: "01 03 02 00 00 b8 44" }]\n`;
}

/** Profiles of the tests: three blocks of which two have one form, some that the device does not have, and bits. */
const texts: Readonly<Record<string, string>> = {
  'test/meter': profileOf([0, 1, 10, 11, 20, 21, 22]),
  'test/single': profileOf([5]),
  'test/beyond': profileOf([0, 500]),
  'test/coils': profileOf([0, 1, 2], 'coil'),
};

export const library = new Map(
  Object.entries(texts).map(([name, text]) => {
    const read = readProfile(text, name, `${name}.yaml`, []);
    assert.ok(!('errors' in read), JSON.stringify(read));
    return [name, { ...read, origin: 'test' }] as const;
  }),
);

const config = loadConfig({});

export const busOf = (rest: Partial<ModbusBusOptions>): ModbusBusOptions => ({
  name: 'bus',
  timeout: 300,
  retries: 1,
  delay: 0,
  units: [{ unit: 1, profile: 'test/meter' }],
  ...rest,
});

interface Extras {
  readonly take?: Take;
  readonly language?: ModbusLanguage;
  readonly profiles?: typeof library;
}

const speechless: ModbusLanguage = { topicOf: () => undefined, writeFor: () => undefined };

/** A Modbus source, with the decoder behind it and all that it delivered. */
export class ModbusSite {
  readonly messages: Message[] = [];
  readonly measurements: Measurement[] = [];
  readonly source: ModbusSource;

  constructor(buses: readonly ModbusBusOptions[], { take, language = speechless, profiles = library }: Extras = {}) {
    const options = { ...config.modbus, buses: [...buses] };
    const decoder = new ProfileDecoder({
      options: config.decode,
      profiles: [...library.values()].map(({ compiled }) => compiled),
      unitProfile: profilesOfUnits(options),
    });
    this.source = new ModbusSource({
      options,
      take:
        take ??
        ((message, bearer) => {
          this.messages.push(message);
          this.measurements.push(...decoder.decode(message, 0).measurements);
          bearer.taken(this.messages.length);
        }),
      profiles: { deviceOf: (name) => modbusDeviceOf(name, profiles.get(name)), ...language },
      devicesChanged: () => {},
      log: silentLog,
      pace: quick,
    });
  }

  static async start(t: TestContext, ...args: ConstructorParameters<typeof ModbusSite>): Promise<ModbusSite> {
    const site = new ModbusSite(...args);
    atEnd(t, () => site.source.stop());
    await site.source.start();
    return site;
  }

  bus(index = 0): ModbusBusStatus {
    return this.source.status().buses[index]!;
  }

  unit(unit: number): ModbusUnitStatus {
    const found = this.bus().units.find((one) => one.unit === unit);
    assert.ok(found);
    return found;
  }

  /** Of how many messages a unit is. */
  count(topic: string): number {
    return this.messages.filter((one) => one.topic === topic).length;
  }

  /** Every value is the one that the slave keeps under that register of that unit. */
  checkValues(): void {
    for (const { deviceId, fields } of this.measurements) {
      const unit = Number(deviceId.split('/')[1]);
      for (const { name, value } of fields)
        assert.equal(value, unit * 256 + Number(name.slice(1)), `${deviceId} ${name}`);
    }
  }
}
