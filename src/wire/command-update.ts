import type { CommandReport, CommandStateName } from '../core/command.ts';
import type { Priority as PriorityName } from '../core/priority.ts';
import { Priority } from './generated/headgate/v1/record.ts';
import { CommandState, type CommandUpdate } from './generated/headgate/v1/uplink.ts';
import { timestampOf } from './timestamp.ts';

const states: Readonly<Record<CommandStateName, CommandState>> = {
  queued: CommandState.COMMAND_STATE_QUEUED,
  sent: CommandState.COMMAND_STATE_SENT,
  acknowledged: CommandState.COMMAND_STATE_ACKNOWLEDGED,
  failed: CommandState.COMMAND_STATE_FAILED,
  expired: CommandState.COMMAND_STATE_EXPIRED,
  unknown: CommandState.COMMAND_STATE_UNKNOWN,
};

/** What became of a command, as a message. */
export function commandUpdate({ id, deviceId, revision, state, reason, result, at }: CommandReport): CommandUpdate {
  return {
    commandId: id,
    deviceId,
    revision,
    state: states[state],
    reason: reason ?? '',
    result: Buffer.from(result ?? []),
    at: at === undefined ? undefined : timestampOf(at),
  };
}

/** A command's priority; unspecified is normal. */
export function commandPriority(priority: Priority): PriorityName {
  switch (priority) {
    case Priority.PRIORITY_CRITICAL:
      return 'critical';
    case Priority.PRIORITY_BULK:
      return 'bulk';
    default:
      return 'normal';
  }
}
