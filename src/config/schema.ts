import { type Static, Type } from 'typebox';
import { rulesOptions } from '../admission/options.ts';
import { alarmsOptions } from '../alarms/options.ts';
import { grpcOptions } from '../api/grpc/options.ts';
import { httpOptions } from '../api/options.ts';
import { authOptions } from '../auth/options.ts';
import { bufferOptions } from '../buffer/options.ts';
import { clockOptions } from '../clock/options.ts';
import { collectorOptions } from '../collector/options.ts';
import { commandsOptions } from '../commands/options.ts';
import { historyOptions } from '../history/options.ts';
import { logOptions } from '../instrumentation/options.ts';
import { limitsOptions } from '../load/options.ts';
import { decodeOptions } from '../profiles/options.ts';
import { registryOptions } from '../registry/options.ts';
import { bridgesOptions } from '../sources/bridge/options.ts';
import { modbusSourceOptions } from '../sources/modbus/options.ts';
import { mqttOptions } from '../sources/mqtt/options.ts';
import { serialOptions } from '../sources/serial/options.ts';
import { uplinkOptions } from '../uplink/options.ts';

const gatewayOptions = Type.Object({
  id: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'The name under which the collector knows this gateway. Unset: one is made up for each new `dataDir`.',
      examples: ['greenhouse-7'],
    }),
  ),
  name: Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'A name for people, shown where the gateway is.',
      examples: ['Greenhouse 7'],
    }),
  ),
  supervised: Type.Optional(
    Type.Boolean({
      description:
        'Whether something starts the gateway again when it ends with an exit code other than 0, so that the dashboard may restart it. Unset: so it is as a service of systemd.',
    }),
  ),
});

/**
 * Every key of the configuration: the options of each part under the part's name. It gives the static type, the
 * checks, the example file and later the settings form.
 */
export const configSchema = Type.Object(
  {
    gateway: gatewayOptions,
    dataDir: Type.String({
      default: './data',
      minLength: 1,
      description: 'Directory for everything that is kept, relative to the working directory.',
    }),
    log: logOptions,
    mqtt: mqttOptions,
    serial: serialOptions,
    modbus: modbusSourceOptions,
    bridges: bridgesOptions,
    http: httpOptions,
    grpc: grpcOptions,
    limits: limitsOptions,
    auth: authOptions,
    clock: clockOptions,
    decode: decodeOptions,
    registry: registryOptions,
    rules: rulesOptions,
    buffer: bufferOptions,
    history: historyOptions,
    alarms: alarmsOptions,
    uplink: uplinkOptions,
    commands: commandsOptions,
    collector: collectorOptions,
  },
  { additionalProperties: false },
);

/** The configuration as the code sees it: complete, durations in milliseconds, sizes in bytes. */
export type Config = Static<typeof configSchema>;
