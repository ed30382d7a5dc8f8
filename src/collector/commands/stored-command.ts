import type { UnixMs } from '../../core/time.ts';
import { Command, CommandState, CommandUpdate } from '../../wire/generated/headgate/v1/uplink.ts';
import { timestampOf, unixMsOf } from '../../wire/timestamp.ts';

/** A command as collectors remember it: what was asked, and the last that is known of it. */
export interface StoredCommand {
  readonly command: Command;
  /** Undefined: its gateway has not said anything of it, nor has its time passed. */
  readonly update: CommandUpdate | undefined;
  /** Of the data directory that said so. */
  readonly epoch: string;
  /** When the collector heard of the update. */
  readonly changedAt: UnixMs;
}

const settled: readonly CommandState[] = [
  CommandState.COMMAND_STATE_ACKNOWLEDGED,
  CommandState.COMMAND_STATE_FAILED,
  CommandState.COMMAND_STATE_EXPIRED,
  CommandState.COMMAND_STATE_UNKNOWN,
];

/** Nothing more is expected of it, though a late answer may still come to one that is `unknown`. */
export function isSettled({ update }: Pick<StoredCommand, 'update'>): boolean {
  return update !== undefined && settled.includes(update.state);
}

/** What an update makes of it; undefined when it is old news. */
export function withUpdate(
  stored: StoredCommand,
  update: CommandUpdate,
  epoch: string,
  now: UnixMs,
): StoredCommand | undefined {
  const known = stored.update;
  // A copy of a gateway's data does not know what the original knew.
  if (update.state === CommandState.COMMAND_STATE_UNKNOWN && isSettled(stored)) return undefined;
  // What another data directory counted says nothing about this one's.
  const isNews =
    known === undefined || update.revision > known.revision || (epoch !== stored.epoch && !isSettled(stored));
  return isNews ? { ...stored, update, epoch, changedAt: now } : undefined;
}

/** `expired`, when its gateway did not get it in time; undefined when there is nothing to say. */
export function withExpiry(stored: StoredCommand, now: UnixMs): StoredCommand | undefined {
  const { expiresAt } = stored.command;
  if (stored.update !== undefined || expiresAt === undefined || now < unixMsOf(expiresAt)) return undefined;
  const update = own(stored, CommandState.COMMAND_STATE_EXPIRED, 0, 'its gateway did not come for it in time', now);
  return { ...stored, update, changedAt: now };
}

/**
 * `unknown`, when the data directory that had handed it over is not the one that is connected now; undefined when there
 * is nothing to say. It must not be handed over again, and nobody is left who could tell what became of it.
 */
export function withOtherEpoch(stored: StoredCommand, epoch: string, now: UnixMs): StoredCommand | undefined {
  if (stored.update?.state !== CommandState.COMMAND_STATE_SENT || stored.epoch === epoch) return undefined;
  const { revision } = stored.update;
  const reason = 'its gateway has a new data directory';
  return {
    ...stored,
    // Not a revision more: those are the gateway's, which may still know better.
    update: own(stored, CommandState.COMMAND_STATE_UNKNOWN, revision, reason, now),
    epoch,
    changedAt: now,
  };
}

/** Whether a gateway is to be sent it on a new connection: it would know it again, and never hand it over twice. */
export function isToBeSent(stored: StoredCommand, now: UnixMs): boolean {
  const { update, command } = stored;
  const isOver = command.expiresAt !== undefined && now >= unixMsOf(command.expiresAt);
  return (update === undefined && !isOver) || update?.state === CommandState.COMMAND_STATE_QUEUED;
}

export function encodeStored({ command, update, epoch, changedAt }: StoredCommand): Uint8Array {
  const fields = {
    command: Buffer.from(Command.encode(command).finish()).toString('base64'),
    ...(update && { update: Buffer.from(CommandUpdate.encode(update).finish()).toString('base64') }),
    epoch,
    changedAt,
  };
  return Buffer.from(JSON.stringify(fields));
}

/** @throws when it is no stored command */
export function decodeStored(bytes: Uint8Array): StoredCommand {
  const { command, update, epoch, changedAt } = JSON.parse(Buffer.from(bytes).toString());
  return {
    command: Command.decode(Buffer.from(command, 'base64')),
    update: update === undefined ? undefined : CommandUpdate.decode(Buffer.from(update, 'base64')),
    epoch,
    changedAt,
  };
}

function own(
  { command }: StoredCommand,
  state: CommandState,
  revision: number,
  reason: string,
  now: UnixMs,
): CommandUpdate {
  const { id: commandId, deviceId } = command;
  return { commandId, deviceId, state, revision, reason, result: new Uint8Array(), at: timestampOf(now) };
}
