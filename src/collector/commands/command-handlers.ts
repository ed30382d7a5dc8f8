import { randomUUID } from 'node:crypto';
import { commandIdPattern } from '../../core/command.ts';
import { HeadgateError } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import type { SendCommandRequest } from '../../wire/generated/headgate/v1/admin.ts';
import { Priority } from '../../wire/generated/headgate/v1/record.ts';
import { type Command, CommandState, CommandUpdate } from '../../wire/generated/headgate/v1/uplink.ts';
import { timestampOf, unixMsOf } from '../../wire/timestamp.ts';
import type { AdminHandlers } from '../admin/handlers.ts';
import type { CommandStore } from './command-store.ts';
import { isSettled, type StoredCommand } from './stored-command.ts';

/** Larger ones are for files, not for commands: a gateway holds a thousand of them. */
const maxPayloadBytes = 64 * 1024;
/** Of one gateway that are under way. */
const maxOpen = 1_000;
const ownCommands = ['rules', 'config'];

/** What administrators ask about commands. */
export function commandHandlers(
  store: CommandStore,
  clock: Clock,
): Pick<AdminHandlers, 'sendCommand' | 'watchCommand'> {
  return {
    sendCommand: async (request) => {
      const command = commandOf(request, clock.now());
      const { gateway } = request;
      await store.load();
      if (store.openCount(gateway) >= maxOpen && (await store.get(gateway, command.id)) === undefined)
        throw new HeadgateError(
          'request.conflict',
          `${maxOpen} commands are under way for gateway ${gateway} already.`,
        );
      const stored: StoredCommand = { command, update: undefined, epoch: '', changedAt: clock.now() };
      return { commandId: command.id, wasKnown: !(await store.add(gateway, stored)) };
    },
    watchCommand: async ({ gateway, commandId }, send, gone) => {
      const { promise: isOver, resolve: over } = Promise.withResolvers<void>();
      let last = '';
      const tell = (stored: StoredCommand | undefined): void => {
        if (stored === undefined) {
          over();
          return;
        }
        const update = stored.update ?? CommandUpdate.create({ commandId, deviceId: stored.command.deviceId });
        const mark = `${update.revision} ${update.state}`;
        if (mark !== last) send({ update });
        last = mark;
        if (isSettled(stored)) over();
      };
      // Heard of changes first, then looked at: nothing happens in between.
      const early: (StoredCommand | undefined)[] = [];
      let listener = (stored: StoredCommand | undefined): unknown => early.push(stored);
      const stop = store.listen((of, id, stored) => of === gateway && id === commandId && listener(stored));
      gone.addEventListener('abort', () => over(), { once: true });
      try {
        const stored = await store.get(gateway, commandId);
        if (stored === undefined && early.length === 0)
          throw new HeadgateError('request.unknown', `Gateway ${gateway} has no command ${commandId}.`);
        tell(stored);
        listener = tell;
        for (const each of early) if (revisionOf(each) > revisionOf(stored)) tell(each);
        await isOver;
      } finally {
        stop();
      }
    },
  };
}

function revisionOf(stored: StoredCommand | undefined): number {
  return stored?.update?.revision ?? -1;
}

/** @throws HeadgateError `request.invalid` */
function commandOf({ gateway, command }: SendCommandRequest, now: number): Command {
  const wrong = (message: string): HeadgateError => new HeadgateError('request.invalid', message);
  if (gateway === '' || gateway.length > 200) throw wrong('Name the gateway, in up to 200 characters.');
  if (command === undefined) throw wrong('There is no command in the request.');
  const { deviceId, name, payload, expiresAt } = command;
  const id = command.id === '' ? randomUUID() : command.id;
  if (!commandIdPattern.test(id)) throw wrong('A command id is 1 to 64 letters, digits, - and _.');
  if (deviceId === '' && !ownCommands.includes(name))
    throw wrong(`A gateway takes the commands rules and config, not ${JSON.stringify(name)}; or name a device.`);
  if (Buffer.byteLength(deviceId) > 1_000 || name.length > 200)
    throw wrong('A device id has up to 1000 bytes, a name up to 200 characters.');
  if (payload.length > maxPayloadBytes)
    throw wrong(`The payload has ${payload.length} bytes; a command carries up to ${maxPayloadBytes}.`);
  if (expiresAt !== undefined && unixMsOf(expiresAt) <= now)
    throw wrong(`It would have expired ${Math.round((now - unixMsOf(expiresAt)) / 1000)} s ago.`);
  const priority = command.priority === Priority.PRIORITY_UNSPECIFIED ? Priority.PRIORITY_NORMAL : command.priority;
  return { id, deviceId, name, payload, priority, expiresAt, createdAt: timestampOf(now), expiresInMs: undefined };
}

/** States by the words that people know them by. */
export const stateNames: Partial<Record<CommandState, string>> = {
  [CommandState.COMMAND_STATE_QUEUED]: 'queued',
  [CommandState.COMMAND_STATE_SENT]: 'sent',
  [CommandState.COMMAND_STATE_ACKNOWLEDGED]: 'acknowledged',
  [CommandState.COMMAND_STATE_FAILED]: 'failed',
  [CommandState.COMMAND_STATE_EXPIRED]: 'expired',
  [CommandState.COMMAND_STATE_UNKNOWN]: 'unknown',
};
