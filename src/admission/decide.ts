import type { Message } from '../core/message.ts';
import type { Priority } from '../core/priority.ts';

/** What the QoS step says of one message. */
export interface Decision {
  readonly priority: Priority;
  /**
   * When the source gets its receipt: `local` after this gateway's fsync, `relaxed` at once, with the record on its
   * way to the disk.
   */
  readonly durability: 'local' | 'relaxed';
}

const normal: Decision = { priority: 'normal', durability: 'local' };
const bulk: Decision = { priority: 'bulk', durability: 'relaxed' };

/**
 * The rules that hold when none are configured: MQTT QoS 0 asks for no acknowledgement, so its publisher need not
 * wait for a disk; everything else is acknowledged, so it is made durable first.
 */
export function decide(message: Message): Decision {
  return message.mqttQos === 0 ? bulk : normal;
}
