import type { GetDevicesIdAnswer } from '../../api/schema.ts';
import type { LiveWish } from '../../live/protocol.ts';

export type Device = GetDevicesIdAnswer;

/** The same for all parts of the page, so that the stream stays as it is. */
export const wishFor = (id: string): LiveWish => ({
  kinds: ['measurement', 'device', 'command', 'alarm', 'status'],
  devices: [id],
});
