import type { CommandDesk, Command as CoreCommand } from '../core/command.ts';
import { commandPriority, commandUpdate } from '../wire/command-update.ts';
import type { Command } from '../wire/generated/headgate/v1/uplink.ts';
import { unixMsOf } from '../wire/timestamp.ts';
import type { CollectorMessage, Companion, GatewayMessage } from './companion.ts';

/** Commands and what becomes of them, as they travel on the uplink's stream. */
export class CommandLink implements Companion {
  readonly #desk: CommandDesk;

  constructor(desk: CommandDesk) {
    this.#desk = desk;
  }

  connected(send: (message: GatewayMessage) => void, welcome: { readonly version: number }): void {
    // An older collector has no commands, and would not know an update.
    if (welcome.version >= 2)
      this.#desk.connected((report) => send({ $case: 'commandUpdate', value: commandUpdate(report) }));
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
    priority: commandPriority(priority),
    ...(expiresAt !== undefined && { expiresAt: unixMsOf(expiresAt) }),
    ...(expiresInMs !== undefined && { expiresInMs: Number(expiresInMs) }),
  };
}
