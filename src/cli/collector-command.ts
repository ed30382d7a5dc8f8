import { readFileSync } from 'node:fs';
import { stateNames } from '../collector/commands/command-handlers.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { SendCommandRequest } from '../wire/generated/headgate/v1/admin.ts';
import { Priority } from '../wire/generated/headgate/v1/record.ts';
import { CommandState, type CommandUpdate } from '../wire/generated/headgate/v1/uplink.ts';
import { timestampOf, unixMsOf } from '../wire/timestamp.ts';
import { type Arguments, helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { adminOptions, withAdmin } from './collector-admin.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'collector command',
  about:
    'Sends a command to a device, or with --gateway rules or configuration to the gateway itself, and tells what becomes of it.',
  operands: 'GATEWAY [DEVICE]',
  options: {
    ...adminOptions,
    gateway: { about: 'The gateway itself is meant: --name rules or --name config, and YAML.' },
    name: { value: 'NAME', about: "What is asked for, by the device's profile; rules or config for the gateway." },
    payload: { value: 'TEXT', about: 'What the device is told.' },
    file: { value: 'FILE', about: 'The same from a file.' },
    expires: { value: 'TIME', about: 'How long it is good for, as 5m or 2h; `never` for no limit. Default: 5m.' },
    priority: { value: 'PRIORITY', about: 'critical, normal or bulk. Default: normal.' },
    id: { value: 'ID', about: 'Names it: a command whose id is known already does nothing. Default: a new one.' },
    wait: { about: 'Wait until it is settled; the exit code is 0 only when it was acknowledged.' },
    json: { about: 'Print each state as a line of JSON.' },
  },
} as const satisfies Usage;

type Values = Arguments<typeof usage.options>['values'];

const priorities: Readonly<Record<string, Priority>> = {
  critical: Priority.PRIORITY_CRITICAL,
  normal: Priority.PRIORITY_NORMAL,
  bulk: Priority.PRIORITY_BULK,
};

export async function command(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const request = requestOf(values, operands, Date.now());
  const { gateway } = request;
  return await withAdmin(values, terminal, async (admin) => {
    const { commandId, wasKnown } = await admin.sendCommand(request);
    terminal.out(
      values.json
        ? JSON.stringify({ gateway, command: commandId, wasKnown })
        : `command ${commandId}${wasKnown ? ' was known already' : ''}`,
    );
    if (!values.wait) return 0;
    let last = CommandState.COMMAND_STATE_UNSPECIFIED as CommandState;
    const tell = ({ update }: { readonly update: CommandUpdate | undefined }): void => {
      if (update === undefined) return;
      last = update.state;
      terminal.out(values.json ? jsonOf(gateway, update) : textOf(update));
    };
    await admin.watchCommand({ gateway, commandId }, tell, new AbortController().signal);
    return last === CommandState.COMMAND_STATE_ACKNOWLEDGED ? 0 : 1;
  });
}

function requestOf(values: Values, operands: readonly string[], now: number): SendCommandRequest {
  const [gateway, deviceId = '', stray] = operands;
  if (gateway === undefined) throw wrong(usage, 'Name the gateway that is to get it.');
  if (stray !== undefined) throw wrong(usage, `\`${stray}\` is one word too many.`);
  if (values.gateway === (deviceId !== ''))
    throw wrong(usage, 'Name either a device, or --gateway for the gateway itself.');
  const { priority = 'normal', name = '', id = '' } = values;
  if (!Object.hasOwn(priorities, priority))
    throw wrong(usage, `--priority takes critical, normal or bulk, not ${priority}.`);
  const expiresAt = expiryOf(values.expires ?? '5m', now);
  return {
    gateway,
    command: {
      id,
      deviceId,
      name,
      payload: payloadOf(values),
      priority: priorities[priority]!,
      expiresAt,
      createdAt: undefined,
      expiresInMs: undefined,
    },
  };
}

function expiryOf(text: string, now: number): ReturnType<typeof timestampOf> | undefined {
  if (text === 'never') return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw wrong(usage, `--expires takes a time such as 5m or 2h, not ${text}.`);
  return timestampOf(now + ms);
}

function payloadOf({ payload, file }: Values): Uint8Array {
  if (payload !== undefined && file !== undefined) throw wrong(usage, 'Give either --payload or --file.');
  if (file === undefined) return Buffer.from(payload ?? '');
  try {
    return readFileSync(file);
  } catch (error) {
    throw new HeadgateError('config.unreadable', `${file} can't be read: ${messageOf(error)}.`, { cause: error });
  }
}

function stateOf({ state }: CommandUpdate): string {
  return stateNames[state] ?? 'accepted';
}

function textOf(update: CommandUpdate): string {
  const { reason, result } = update;
  const text = Buffer.from(result).toString();
  return [`${stateOf(update)}${reason === '' ? '' : `: ${reason}`}`, ...(text === '' ? [] : [text])].join('\n');
}

function jsonOf(gateway: string, update: CommandUpdate): string {
  const { commandId, deviceId, revision, reason, result, at } = update;
  return JSON.stringify({
    gateway,
    command: commandId,
    device: deviceId,
    revision,
    state: stateOf(update),
    ...(reason !== '' && { reason }),
    ...(result.length > 0 && { result: Buffer.from(result).toString() }),
    ...(at && { at: new Date(unixMsOf(at)).toISOString() }),
  });
}
