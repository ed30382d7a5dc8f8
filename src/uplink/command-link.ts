import type { CommandDesk, CommandReport, CommandStateName, Command as CoreCommand } from '../core/command.ts';
import type { Priority as PriorityName } from '../core/priority.ts';
import { Priority } from '../wire/generated/headgate/v1/record.ts';
import { type Command, CommandState } from '../wire/generated/headgate/v1/uplink.ts';
import { timestampOf, unixMsOf } from '../wire/timestamp.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';

const states: Readonly<Record<CommandStateName, CommandState>> = {
  queued: CommandState.COMMAND_STATE_QUEUED,
  sent: CommandState.COMMAND_STATE_SENT,
  acknowledged: CommandState.COMMAND_STATE_ACKNOWLEDGED,
  failed: CommandState.COMMAND_STATE_FAILED,
  expired: CommandState.COMMAND_STATE_EXPIRED,
  unknown: CommandState.COMMAND_STATE_UNKNOWN,
};

/** Commands and what becomes of them, as they travel on the uplink's stream. */
export class CommandLink implements Companion {
  readonly #desk: CommandDesk;

  constructor(desk: CommandDesk) {
    this.#desk = desk;
  }

  connected(send: (message: GatewayMessage) => void, welcome: { readonly version: number }): void {
    // An older collector has no commands, and would not know an update.
    if (welcome.version >= 2) this.#desk.connected((report) => send(updateOf(report)));
  }

  received(message: CollectorMessage): boolean {
    switch (message.$case) {
      case 'command':
        this.#desk.take(commandOf(message.value));
        return true;
      case 'commandUpdateAcknowledge':
        this.#desk.confirmed(message.value.commandId, message.value.revision);
        return true;
      default:
        return false;
    }
  }

  ended(): void {
    this.#desk.disconnected();
  }
}

function commandOf({ id, deviceId, name, payload, priority, expiresAt, expiresInMs }: Command): CoreCommand {
  return {
    id,
    deviceId,
    name,
    // A copy: the bytes that came hold the whole message.
    payload: Uint8Array.from(payload),
    priority: priorityOf(priority),
    ...(expiresAt !== undefined && { expiresAt: unixMsOf(expiresAt) }),
    ...(expiresInMs !== undefined && { expiresInMs: Number(expiresInMs) }),
  };
}

function priorityOf(priority: Priority): PriorityName {
  switch (priority) {
    case Priority.PRIORITY_CRITICAL:
      return 'critical';
    case Priority.PRIORITY_BULK:
      return 'bulk';
    default:
      return 'normal';
  }
}

function updateOf({ id, deviceId, revision, state, reason, result, at }: CommandReport): GatewayMessage {
  return {
    $case: 'commandUpdate',
    value: {
      commandId: id,
      deviceId,
      revision,
      state: states[state],
      reason: reason ?? '',
      result: Buffer.from(result ?? []),
      at: at === undefined ? undefined : timestampOf(at),
    },
  };
}
